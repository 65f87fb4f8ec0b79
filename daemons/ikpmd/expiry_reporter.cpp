#include "expiry_reporter.hpp"

#include "audit/events.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration interval = std::chrono::hours(1);

WallTime wall_now() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }
}  // namespace

void ExpiryReporter::watch(std::vector<Ending> endings) {
  watch_.watch(std::move(endings));
  look();
}

void ExpiryReporter::look() {
  for (const auto& [ending, days] : watch_.due(wall_now())) {
    const auto end = to_rfc3339(ending.until);
    if (days == 0)
      audit_.record(audit::cert_ended, {{"what", ending.what}, {"end", end}});
    else
      audit_.record(audit::cert_ends_soon, {{"what", ending.what}, {"days", std::to_string(days)}, {"end", end}});
  }
  next_.arm(interval, [this] { look(); });
}

std::vector<std::string> ExpiryReporter::problems() const { return watch_.sentences(wall_now()); }

}  // namespace ipsec9000
