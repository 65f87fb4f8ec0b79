#include "expiry_reporter.hpp"

#include "audit/events.hpp"
#include "base/clock.hpp"
#include "base/files.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t memory_maximum = 4 << 20;
constexpr Duration interval = std::chrono::hours(1);

}  // namespace

ExpiryReporter::ExpiryReporter(EventLoop& loop, AuditClient& audit, std::filesystem::path memory)
    : loop_(loop), audit_(audit), memory_(std::move(memory)), next_(loop) {
  if (const auto told = read_file(memory_, memory_maximum)) watch_.restore(*told);
}

// Should it fail, a warning comes twice.
void ExpiryReporter::remember() {
  const auto write = [memory = memory_, told = watch_.told()] { static_cast<void>(replace_file(memory, told)); };
  static_cast<void>(loop_.run_on_pool(write, [] {}));
}

void ExpiryReporter::watch(std::vector<Ending> endings) {
  watch_.watch(std::move(endings));
  look();
}

void ExpiryReporter::look() {
  const auto due = watch_.due(wall_now());
  for (const auto& [ending, days] : due) {
    const auto end = to_rfc3339(ending.until);
    if (days == 0)
      audit_.record(audit::cert_ended, {{"what", ending.what}, {"end", end}});
    else
      audit_.record(audit::cert_ends_soon, {{"what", ending.what}, {"days", std::to_string(days)}, {"end", end}});
  }
  if (!due.empty()) remember();
  next_.arm(interval, [this] { look(); });
}

std::vector<std::string> ExpiryReporter::problems() const { return watch_.sentences(wall_now()); }

}  // namespace ipsec9000
