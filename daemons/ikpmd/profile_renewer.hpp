// Renews profiles before they end: a new key and a new certificate from the CA's manager by CMP.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "certstore/entrust.hpp"
#include "credentials.hpp"
#include "daemon/audit_client.hpp"
#include "fetch_process.hpp"
#include "server_trouble.hpp"

namespace ipsec9000 {

class ProfileRenewer {
 public:
  ProfileRenewer(EventLoop& loop, AuditClient& audit, CertificateKeeper& certificates, ServerTrouble& trouble)
      : loop_(loop), audit_(audit), certificates_(certificates), trouble_(trouble), process_(loop), next_(loop) {}

  // `manager`: URL; "" where there is none, and nothing is renewed. `cas`: all that are known.
  void watch(const std::string& manager, const std::vector<Profile>& profiles,
             const std::vector<pki::Certificate>& cas);

 private:
  void renew_due();
  void renew(const Profile& profile);
  void received(const Profile& profile, const Bytes& answer);
  void failed(const Profile& profile, const fetch::Failure& failure);

  EventLoop& loop_;
  AuditClient& audit_;
  CertificateKeeper& certificates_;
  ServerTrouble& trouble_;
  std::string manager_;
  std::vector<Profile> profiles_;
  std::vector<pki::Certificate> cas_;
  std::map<std::string, TimePoint> not_before_;  // after an attempt, whatever came of it
  FetchProcess process_;
  bool storing_ = false;
  EventLoop::Timer next_;
};

}  // namespace ipsec9000
