// Warns in the audit trail before certificates end: certstore/expiry.hpp with a clock.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "certstore/expiry.hpp"
#include "daemon/audit_client.hpp"
#include "daemon/event_loop.hpp"

namespace ipsec9000 {

class ExpiryReporter {
 public:
  // `memory`: the file that keeps what was told over a restart.
  ExpiryReporter(EventLoop& loop, AuditClient& audit, std::filesystem::path memory);

  void watch(std::vector<Ending> endings);
  std::vector<std::string> problems() const;  // for -status: all that ends soon or has ended

 private:
  void look();

  void remember();

  EventLoop& loop_;
  AuditClient& audit_;
  std::filesystem::path memory_;
  ExpiryWatch watch_;
  EventLoop::Timer next_;
};

}  // namespace ipsec9000
