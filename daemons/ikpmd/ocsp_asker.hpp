// Asks the OCSP responders that certificates name, in the background: about peers' certificates once a negotiation has
// shown them, and, where revocation is strict, about those that are stored. A negotiation waits for an answer only
// where without one it would be refused, and never for long.
#pragma once
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "credentials.hpp"
#include "daemon/audit_client.hpp"
#include "fetch_process.hpp"
#include "pki/validate.hpp"
#include "server_trouble.hpp"

namespace ipsec9000 {

class OcspAsker {
 public:
  OcspAsker(EventLoop& loop, AuditClient& audit, CertificateKeeper& certificates, ServerTrouble& trouble);

  // A peer that has proven to hold the key, or a stored certificate. Only one whose path leads to a CA of ours may name
  // a server to ask.
  void saw(const pki::Verdict& verdict);

  // True where the verdict is for want of news alone, and the responder has not answered yet since the certificate was
  // first seen: then `known` is called once, later, when it has, or when it takes too long.
  bool awaits(const pki::Verdict& verdict, std::function<void()> known);

 private:
  struct Subject {
    pki::Certificate certificate, issuer;
    std::string url;
    TimePoint due;
    bool asking = false;
    bool answered = false;  // or failed to
  };
  struct Waiter {
    std::string fingerprint;
    std::function<void()> known;
    EventLoop::Timer patience;
  };
  using Waiters = std::list<Waiter>;

  void ask_due();
  void ask(FetchProcess& process, Subject& subject);
  void judge(const std::string& fingerprint, const Bytes& response);
  void failed(const std::string& fingerprint, const fetch::Failure& failure);
  void again(const std::string& fingerprint, Duration after);
  void tell(const std::string& fingerprint);  // those that wait for it
  void tell(Waiters::iterator waiter);

  EventLoop& loop_;
  AuditClient& audit_;
  CertificateKeeper& certificates_;
  ServerTrouble& trouble_;
  std::map<std::string, Subject> subjects_;  // by fingerprint
  Waiters waiters_;
  std::vector<std::unique_ptr<FetchProcess>> processes_;  // one silent responder must not keep the others waiting
  EventLoop::Timer next_;
};

}  // namespace ipsec9000
