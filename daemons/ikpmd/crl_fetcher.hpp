// Keeps the CRLs fresh: fetches those that the certificates name, one after the other; and the certificates of CAs that
// are missing, where directories or other certificates say that they may be had.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "credentials.hpp"
#include "daemon/audit_client.hpp"
#include "fetch_process.hpp"
#include "server_trouble.hpp"

namespace ipsec9000 {

class CrlFetcher {
 public:
  CrlFetcher(EventLoop& loop, AuditClient& audit, CertificateKeeper& certificates, ServerTrouble& trouble)
      : loop_(loop), audit_(audit), certificates_(certificates), trouble_(trouble), process_(loop), next_(loop) {}

  // The URLs of CRLs and of certificates of CAs that are to be watched from now on; new ones are fetched at once.
  void watch(const std::vector<std::string>& crls, const std::vector<std::string>& authorities);

 private:
  bool is_of_authority(const std::string& url) const { return authorities_.contains(url); }
  void fetch_due();
  void start(const std::string& url);
  void received(const std::string& url, const Bytes& crl);
  void failed(const std::string& url, const fetch::Failure& failure);
  void fetched(const std::string& url, const Json& answer);
  void authorities_received(const std::string& url, const Bytes& pem);

  EventLoop& loop_;
  AuditClient& audit_;
  CertificateKeeper& certificates_;
  ServerTrouble& trouble_;
  std::map<std::string, TimePoint> due_;  // when each URL is fetched next
  std::set<std::string> authorities_;     // the URLs of CAs among them
  std::set<std::string> refused_;         // what came did not count, perhaps because its CA was not known
  FetchProcess process_;
  bool storing_ = false;
  EventLoop::Timer next_;
};

}  // namespace ipsec9000
