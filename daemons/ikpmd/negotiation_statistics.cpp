#include "negotiation_statistics.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ipsec9000 {

void NegotiationStatistics::note(const AuditRecord& record, TimePoint now) {
  if (record.event == audit::mm_started.id || record.event == audit::am_started.id) {
    if (!under_way_.emplace(record.correlation, now).second) return;
    oldest_.push_back(record.correlation);
    if (oldest_.size() <= most_under_way) return;
    under_way_.erase(oldest_.front());
    oldest_.pop_front();
  } else if (record.event == audit::mm_complete.id || record.event == audit::am_complete.id) {
    ++isakmp_sas_made_;
    finished(record.correlation, now);
  } else if (record.event == audit::qm_complete.id) {
    ++ipsec_pairs_made_;
  }
}

void NegotiationStatistics::finished(const std::string& correlation, TimePoint now) {
  const auto found = under_way_.find(correlation);
  if (found == under_way_.end()) return;
  const auto took = (now - found->second).count();
  under_way_.erase(found);  // its place in oldest_ stays; erasing it again does nothing
  const auto* bound = std::lower_bound(bounds.begin(), bounds.end(), took);
  ++counts_[static_cast<std::size_t>(bound - bounds.begin())];
  sum_ += took;
}

void NegotiationStatistics::note(const FailureRecord& failure) {
  const bool known = failures_.contains(failure.reason);
  ++failures_[known || failures_.size() < most_reasons ? failure.reason : "other"];
}

Json NegotiationStatistics::to_json() const {
  return {{"isakmp_sas_made", isakmp_sas_made_},
          {"ipsec_pairs_made", ipsec_pairs_made_},
          {"failures", failures_},
          {"main_mode_milliseconds", {{"bounds", bounds}, {"counts", counts_}, {"sum", sum_}}}};
}

}  // namespace ipsec9000
