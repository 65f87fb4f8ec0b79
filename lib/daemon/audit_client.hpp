// How a daemon records audit events: in order, at least once each, without ever waiting for secauditd.
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "audit/record.hpp"
#include "daemon/event_loop.hpp"

namespace ipsec9000 {

class AuditClient {
 public:
  static constexpr std::size_t max_queued = 10000;

  // `from` is the program's name in each record, at most 64 bytes.
  AuditClient(EventLoop& loop, const std::filesystem::path& socket, std::string from);
  ~AuditClient();  // what is still queued is lost
  AuditClient(const AuditClient&) = delete;
  AuditClient& operator=(const AuditClient&) = delete;

  void start();

  // Fills in `from`, and the time where there is none. Dropped when above level(). While secauditd is away the records
  // wait, up to max_queued (half of it for informative and debug ones); what is beyond is counted, and the count is a
  // record of its own once there is room. A flood is summarised (audit/flood.hpp).
  void record(AuditRecord record);
  // The same from an event; `correlation` (at most 64 bytes) ties the records of one negotiation together.
  void record(const AuditEvent& event, const AuditFields& fields = {}, std::string correlation = {});

  // What secauditd wants, as far as known; debug until it has said so. Ask before building a costly record.
  AuditLevel level() const;
  bool wants(AuditLevel level) const { return level <= this->level(); }

  std::size_t queued() const;
  std::uint64_t dropped() const;  // since the beginning

  // Calls back, once, as soon as nothing is queued.
  void when_drained(std::function<void()> drained);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ipsec9000
