// Asks the OCSP responders that certificates name, in the background: about peers' certificates once a negotiation has
// shown them, and those that are stored. A negotiation does not wait for it: without an answer yet the CRLs decide.
#pragma once
#include <map>
#include <string>

#include "credentials.hpp"
#include "daemon/audit_client.hpp"
#include "fetch_process.hpp"
#include "pki/validate.hpp"
#include "server_trouble.hpp"

namespace ipsec9000 {

class OcspAsker {
 public:
  OcspAsker(EventLoop& loop, AuditClient& audit, CertificateKeeper& certificates, ServerTrouble& trouble)
      : loop_(loop), audit_(audit), certificates_(certificates), trouble_(trouble), process_(loop), next_(loop) {}

  // A peer that has proven to hold the key. Only one whose path leads to a CA of ours may name a server to ask.
  void saw(const pki::Verdict& verdict);

 private:
  struct Subject {
    pki::Certificate certificate, issuer;
    std::string url;
    TimePoint due;
  };

  void ask_due();
  void ask(const Subject& subject);
  void judge(const std::string& fingerprint, const Bytes& response);
  void failed(const std::string& fingerprint, const fetch::Failure& failure);
  void again(const std::string& fingerprint, Duration after);

  EventLoop& loop_;
  AuditClient& audit_;
  CertificateKeeper& certificates_;
  ServerTrouble& trouble_;
  std::map<std::string, Subject> subjects_;  // by fingerprint
  FetchProcess process_;
  EventLoop::Timer next_;
};

}  // namespace ipsec9000
