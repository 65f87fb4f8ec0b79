// Keeps a flood of audit records small: what repeats is counted, and what comes too often is counted too. Says
// "repeated N times" at the end of each second. No clock in here: somebody passes the time in.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/record.hpp"
#include "base/time.hpp"

namespace ipsec9000 {

class AuditFlood {
 public:
  static constexpr Duration window{1000};
  // Records of one event in a window that go through although each differs from the one before. A thousand peers that
  // fail at once are a thousand records; a hundred thousand forged packets are not.
  static constexpr std::uint64_t most_distinct = 1000;
  static constexpr std::size_t most_events = 256;  // kinds of event that are counted apart; the catalogue has fewer

  // What goes on now: the record, perhaps behind a summary of what was held back before it; or nothing, when it has
  // been counted and a summary will stand for it.
  std::vector<AuditRecord> admit(AuditRecord record, TimePoint now);

  // When summaries() has something to say, or nothing.
  std::optional<TimePoint> due() const;

  // Of each event whose window is over the last record that was held back, with how many there were: in the text, and
  // as field "repeated". One that was held back alone goes on as it was.
  std::vector<AuditRecord> summaries(TimePoint now);
  std::vector<AuditRecord> all_summaries();  // without waiting for a window's end

 private:
  struct Counted {
    TimePoint begun{};
    std::uint64_t admitted = 0;
    std::string text;  // of the record that was admitted last: what repeats it is counted
    std::string correlation;
    std::uint64_t held = 0;
    bool too_many = false;  // most_distinct was reached: all further ones of the window are held back
    AuditRecord last_held;
  };
  static AuditRecord summary(Counted& counted);
  std::map<std::string, Counted, std::less<>> events_;
};

}  // namespace ipsec9000
