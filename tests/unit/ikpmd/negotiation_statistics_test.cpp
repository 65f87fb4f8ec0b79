#include "negotiation_statistics.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ipsec9000;

namespace {
AuditRecord record_of(const AuditEvent& event, const std::string& correlation) {
  auto record = make_record(event);
  record.correlation = correlation;
  return record;
}
constexpr TimePoint start(Duration(1'000'000));
}  // namespace

TEST_CASE("negotiations are counted, and Main Mode is timed by its correlation") {
  NegotiationStatistics statistics;
  statistics.note(record_of(audit::mm_started, "a"), start);
  statistics.note(record_of(audit::mm_started, "b"), start);
  statistics.note(record_of(audit::mm_complete, "b"), start + Duration(25));
  statistics.note(record_of(audit::mm_complete, "a"), start + Duration(60'000));
  statistics.note(record_of(audit::mm_complete, "never begun"), start);
  statistics.note(record_of(audit::qm_complete, "a"), start);
  const auto json = statistics.to_json();
  CHECK(json["isakmp_sas_made"] == 3);
  CHECK(json["ipsec_pairs_made"] == 1);
  CHECK(json["main_mode_milliseconds"]["counts"] == Json::array({0, 1, 0, 0, 0, 0, 0, 0, 1}));
  CHECK(json["main_mode_milliseconds"]["sum"] == 60'025);
}

TEST_CASE("failures are counted by reason, of which there is a bounded number") {
  NegotiationStatistics statistics;
  FailureRecord failure;
  for (int n = 0; n < 1000; ++n) {
    failure.reason = "reason-" + std::to_string(n);
    statistics.note(failure);
  }
  failure.reason = "reason-1";
  statistics.note(failure);
  const auto failures = statistics.to_json()["failures"];
  CHECK(failures.size() == 65);
  CHECK(failures["reason-1"] == 2);
  CHECK(failures["other"] == 936);
}

TEST_CASE("a flood of negotiations that never end is forgotten") {
  NegotiationStatistics statistics;
  for (int n = 0; n < 50'000; ++n) statistics.note(record_of(audit::mm_started, std::to_string(n)), start);
  statistics.note(record_of(audit::mm_complete, "0"), start);
  statistics.note(record_of(audit::mm_complete, "49999"), start + Duration(1));
  CHECK(statistics.to_json()["main_mode_milliseconds"]["sum"] == 1);
}
