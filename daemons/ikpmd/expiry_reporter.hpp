// Warns in the audit trail before certificates end: certstore/expiry.hpp with a clock.
#pragma once
#include <string>
#include <vector>

#include "certstore/expiry.hpp"
#include "daemon/audit_client.hpp"
#include "daemon/event_loop.hpp"

namespace ipsec9000 {

class ExpiryReporter {
 public:
  ExpiryReporter(EventLoop& loop, AuditClient& audit) : audit_(audit), next_(loop) {}

  void watch(std::vector<Ending> endings);
  std::vector<std::string> problems() const;  // for -status: all that ends soon or has ended

 private:
  void look();

  AuditClient& audit_;
  ExpiryWatch watch_;
  EventLoop::Timer next_;
};

}  // namespace ipsec9000
