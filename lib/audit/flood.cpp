#include "audit/flood.hpp"

namespace ipsec9000 {

std::vector<AuditRecord> AuditFlood::admit(AuditRecord record, TimePoint now) {
  auto found = events_.find(record.event);
  std::vector<AuditRecord> passed;
  if (found == events_.end()) {
    if (events_.size() >= most_events) {
      passed.push_back(std::move(record));
      return passed;
    }
    found = events_.emplace(record.event, Counted{}).first;
  }
  auto& counted = found->second;
  if (now - counted.begun >= window && counted.held == 0) {
    counted = Counted{};
    counted.begun = now;
  }
  const bool repeated =
      counted.admitted != 0 && record.text == counted.text && record.correlation == counted.correlation;
  counted.too_many = counted.too_many || (!repeated && counted.admitted >= most_distinct);
  if (repeated || counted.too_many) {
    ++counted.held;
    counted.last_held = std::move(record);
    return passed;
  }
  if (counted.held != 0) passed.push_back(summary(counted));
  ++counted.admitted;
  counted.text = record.text;
  counted.correlation = record.correlation;
  passed.push_back(std::move(record));
  return passed;
}

std::optional<TimePoint> AuditFlood::due() const {
  std::optional<TimePoint> earliest;
  for (const auto& [event, counted] : events_)
    if (counted.held != 0 && (!earliest || counted.begun + window < *earliest)) earliest = counted.begun + window;
  return earliest;
}

AuditRecord AuditFlood::summary(Counted& counted) {
  auto record = std::move(counted.last_held);
  const auto count = std::to_string(counted.held);
  if (counted.held > 1) {
    record.text += counted.too_many ? " (the last of " + count + " more of this kind that were not recorded one by one)"
                                    : " (repeated " + count + " times)";
    if (record.fields.size() < max_audit_fields) record.fields.emplace_back("repeated", count);
  }
  counted.held = 0;
  return record;
}

std::vector<AuditRecord> AuditFlood::summaries(TimePoint now) {
  std::vector<AuditRecord> records;
  for (auto& [event, counted] : events_) {
    if (counted.held == 0 || now - counted.begun < window) continue;
    records.push_back(summary(counted));
    counted.begun = now;
    // The new window knows the text, so that what goes on and on is one summary a second.
    counted.admitted = counted.too_many ? 0 : 1;
    counted.too_many = false;
  }
  return records;
}

std::vector<AuditRecord> AuditFlood::all_summaries() {
  std::vector<AuditRecord> records;
  for (auto& [event, counted] : events_)
    if (counted.held != 0) records.push_back(summary(counted));
  events_.clear();
  return records;
}

}  // namespace ipsec9000
