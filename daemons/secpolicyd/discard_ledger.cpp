#include "discard_ledger.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {
struct Told {
  KernelAuditEvent::Kind kind;
  const AuditEvent* event;
  std::string_view counter;
};
constexpr Told told_kinds[] = {
    {KernelAuditEvent::Kind::unknown_spi, &audit::unknown_spi, "XfrmInNoStates"},
    {KernelAuditEvent::Kind::integrity_failure, &audit::integrity_failure, "XfrmInStateProtoError"},
    {KernelAuditEvent::Kind::replay, &audit::replayed_packet, "XfrmInStateSeqError"},
    {KernelAuditEvent::Kind::replay_overflow, &audit::replayed_packet, "XfrmOutStateSeqError"}};

const Told& about(KernelAuditEvent::Kind kind) {
  for (const auto& each : told_kinds)
    if (each.kind == kind) return each;
  return told_kinds[0];
}

// What packets in clear are counted as, whatever stopped them.
constexpr std::string_view outbound_counter = "XfrmOutPolBlock";
constexpr std::string_view clear_counters[] = {"XfrmInTmplMismatch", "XfrmInPolBlock", "XfrmInNoPols"};

std::string number(IpProtocol protocol) { return std::to_string(static_cast<unsigned>(protocol)); }

AuditFields fields_of(const ToldDiscard& told) {
  AuditFields fields{{"spi", hex8(static_cast<std::uint32_t>(told.event.spi))},
                     {"source", told.event.source.to_string()},
                     {"destination", told.event.destination.to_string()}};
  if (told.protocol) fields.emplace_back("protocol", std::to_string(static_cast<unsigned>(*told.protocol)));
  if (told.event.sequence != 0) fields.emplace_back("sequence", std::to_string(told.event.sequence));
  if (!told.policy.empty()) fields.emplace_back("policy", told.policy);
  return fields;
}

AuditFields fields_of(const Flow& flow, const std::string& policy, const char* direction) {
  AuditFields fields{{"source", flow.source.to_string()},
                     {"destination", flow.destination.to_string()},
                     {"protocol", number(flow.protocol)},
                     {"policy", policy},
                     {"direction", direction}};
  if (has_ports(flow.protocol))
    fields.emplace_back("ports", std::to_string(flow.source_port) + ":" + std::to_string(flow.destination_port));
  if (is_icmp(flow.protocol)) fields.emplace_back("type", std::to_string(flow.source_port));
  return fields;
}

DiscardRecord outbound_record(const RefusedSend& send, AuditFields fields, std::uint64_t count) {
  if (count > 1) fields.emplace_back("count", std::to_string(count));
  return {&audit::packet_discarded, std::move(fields),
          SeenDiscard{KernelSelector::of(send.flow), Direction::out, send.policy, send.place, Decision::discard},
          count};
}
}  // namespace

std::uint64_t DiscardLedger::newly_blocked(const XfrmStatistics& before, const XfrmStatistics& now) {
  const auto count = [](const XfrmStatistics& counts) {
    const auto found = counts.find(outbound_counter);
    return found == counts.end() ? 0 : found->second;
  };
  return count(now) > count(before) ? count(now) - count(before) : 0;
}

std::uint64_t DiscardLedger::take(std::string_view counter, std::uint64_t at_most) {
  std::uint64_t taken = 0;
  for (auto* counts : {&overdue_, &fresh_}) {
    const auto found = counts->find(counter);
    if (found == counts->end()) continue;
    const auto here = std::min(found->second, at_most - taken);
    found->second -= here;
    taken += here;
  }
  return taken;
}

std::vector<DiscardRecord> DiscardLedger::settle(const DiscardSources& sources) {
  std::vector<DiscardRecord> records;
  overdue_ = std::exchange(fresh_, {});
  if (sources.counts) {
    if (before_)
      for (const auto& [name, count] : *sources.counts) {
        const auto known = before_->find(name);
        const auto old = known == before_->end() ? 0 : known->second;
        if (count > old) fresh_[name] = count - old;
      }
    before_ = sources.counts;
  }
  record_told(sources.told, records);
  record_packets(sources, records);
  record_refused(sources.refused, sources.counts.has_value(), records);
  record_connected(sources, records);
  record_met(sources.met, records);
  record_rest(records);
  return records;
}

void DiscardLedger::record_told(const std::vector<ToldDiscard>& told, std::vector<DiscardRecord>& records) {
  std::map<KernelAuditEvent::Kind, std::size_t> written;
  for (const auto& each : told) {
    const auto& kind = about(each.event.kind);
    if (written[each.event.kind] == most_of_a_kind) continue;  // the counters say how many more
    ++written[each.event.kind];
    take(kind.counter, 1);
    records.push_back({kind.event, fields_of(each)});
  }
}

void DiscardLedger::record_packets(const DiscardSources& sources, std::vector<DiscardRecord>& records) {
  std::size_t written = 0;
  for (const auto& packet : sources.packets) {
    if (written == most_of_a_kind) return;
    if (sources.counts) {
      const bool confirmed = std::any_of(std::begin(clear_counters), std::end(clear_counters),
                                         [&](std::string_view counter) { return take(counter, 1) == 1; });
      if (!confirmed) return;
    }
    ++written;
    const bool secure = packet.action == Decision::secure;
    records.push_back(
        {secure ? &audit::clear_text_received : &audit::packet_discarded,
         fields_of(packet.flow, packet.policy, packet.forwarded ? "forwarded" : "inbound"),
         SeenDiscard{KernelSelector::of(packet.flow), Direction::in, packet.policy, packet.place, packet.action}});
  }
}

void DiscardLedger::record_refused(const std::vector<RefusedSend>& refused, bool counted,
                                   std::vector<DiscardRecord>& records) {
  named_.clear();
  std::size_t written = 0;
  auto waiting = std::exchange(early_, {});
  const auto late = waiting.size();
  waiting.insert(waiting.end(), refused.begin(), refused.end());
  for (std::size_t n = 0; n < waiting.size() && written < most_of_a_kind; ++n) {
    const auto& send = waiting[n];
    const auto count = counted ? take(outbound_counter, send.count) : send.count;
    if (count == 0) {
      if (n >= late && early_.size() < most_of_a_kind) early_.push_back(send);
      continue;
    }
    ++written;
    named_.insert(send.policy);
    auto fields = fields_of(send.flow, send.policy, send.forwarded ? "forwarded" : "outbound");
    records.push_back(outbound_record(send, std::move(fields), count));
  }
}

// A socket that is connected asks nobody before it sends. Where several could have met a policy, how often each did is
// not known.
void DiscardLedger::record_connected(const DiscardSources& sources, std::vector<DiscardRecord>& records) {
  const bool alone = sources.connected.size() == 1 && sources.met.size() <= 1;
  std::size_t written = 0;
  for (const auto& send : sources.connected) {
    if (written++ == most_of_a_kind) return;
    const auto count = take(outbound_counter, alone ? UINT64_MAX : 1);
    if (count == 0) return;
    named_.insert(send.policy);
    auto fields = fields_of(send.flow, send.policy, "outbound");
    fields.emplace_back("seen", "a connected socket");
    records.push_back(outbound_record(send, std::move(fields), count));
  }
}

// Where the attempts that were recorded account for all, the policies say nothing more.
void DiscardLedger::record_met(const std::vector<MetPolicy>& met, std::vector<DiscardRecord>& records) {
  if (met.empty()) return;
  const auto count = take(outbound_counter, UINT64_MAX);
  if (count == 0 && !named_.empty()) return;
  std::size_t written = 0;
  for (const auto& policy : met) {
    if (met.size() > 1 && named_.contains(policy.policy)) continue;
    if (written++ == most_of_a_kind) return;
    AuditFields fields{{"policy", policy.policy}, {"selector", policy.selector.to_string()}, {"direction", "outbound"}};
    const bool counted = met.size() == 1 && count > 1;
    if (counted) fields.emplace_back("count", std::to_string(count));
    records.push_back(
        {&audit::packet_discarded, std::move(fields),
         SeenDiscard{policy.selector, Direction::out, policy.policy, policy.place, Decision::discard, true},
         counted ? count : 1});
  }
}

void DiscardLedger::record_rest(std::vector<DiscardRecord>& records) {
  for (const auto& [name, count] : overdue_) {
    const auto* counter = find_xfrm_counter(name);
    if (count == 0 || (counter != nullptr && counter->ordinary)) continue;
    records.push_back({&audit::kernel_discards,
                       {{"count", std::to_string(count)},
                        {"words", counter == nullptr ? "packets" : std::string(counter->words)},
                        {"counter", name}}});
  }
  overdue_.clear();
}

}  // namespace ipsec9000
