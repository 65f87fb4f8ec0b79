// Counts of negotiations for monitoring: how many were made, how many failed and why, how long Main Mode took. Bounded.
#pragma once
#include <array>
#include <deque>
#include <map>
#include <string>

#include "audit/record.hpp"
#include "base/json_fwd.hpp"
#include "base/time.hpp"
#include "model/reports.hpp"

namespace ipsec9000 {

class NegotiationStatistics {
 public:
  // The engine tells what happens by its records.
  void note(const AuditRecord& record, TimePoint now);
  void note(const FailureRecord& failure);

  // {"isakmp_sas_made", "ipsec_pairs_made", "failures": {reason: count}, "main_mode_milliseconds": {"bounds": [...],
  // "counts": [...], "sum"}}; counts has one more than bounds: what took longer.
  Json to_json() const;

 private:
  static constexpr std::array<std::int64_t, 8> bounds{10, 30, 100, 300, 1000, 3000, 10'000, 30'000};
  static constexpr std::size_t most_under_way = 10'000;
  static constexpr std::size_t most_reasons = 64;
  void finished(const std::string& correlation, TimePoint now);

  std::uint64_t isakmp_sas_made_ = 0;
  std::uint64_t ipsec_pairs_made_ = 0;
  std::map<std::string, std::uint64_t> failures_;
  std::map<std::string, TimePoint> under_way_;  // by correlation
  std::deque<std::string> oldest_;
  std::array<std::uint64_t, bounds.size() + 1> counts_{};
  std::int64_t sum_ = 0;
};

}  // namespace ipsec9000
