#include "trace_comments.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {
struct Seen {
  pcapng::Way way;
  Direction direction;
  bool through_sa;
};

// A router sees a packet once, on its way through: with an SA behind it, or one before it, or neither.
Seen seen_at(TracedAt at, const Match& outbound) {
  switch (at) {
    case TracedAt::out:
      return {pcapng::Way::outbound, Direction::out, outbound.action == Decision::secure};
    case TracedAt::in_ipsec:
    case TracedAt::forward_ipsec:
      return {pcapng::Way::inbound, Direction::in, true};
    case TracedAt::in_clear:
      return {pcapng::Way::inbound, Direction::in, false};
    case TracedAt::forward_clear:
      break;
  }
  if (outbound.action == Decision::secure) return {pcapng::Way::outbound, Direction::out, true};
  return {pcapng::Way::inbound, Direction::in, false};
}

std::string in_words(const Seen& seen, const Match& match) {
  const bool out = seen.way == pcapng::Way::outbound;
  if (seen.through_sa) return out ? "outbound, before encryption" : "inbound, after decryption";
  if (out) return "outbound, in clear";
  return match.action == Decision::pass ? "inbound, in clear" : "inbound, in clear, to be dropped";
}
}  // namespace

TraceComments::Comment TraceComments::of(const TracedPacket& packet, const PolicySet& set, TimePoint now) {
  const auto flow = flow_of_packet(packet.bytes);
  const auto outbound = flow ? set.matcher.match(*flow, Direction::out) : Match{};
  const auto seen = seen_at(packet.at, outbound);
  if (!flow) return {seen.way, "fragment, or not readable"};
  const auto match = seen.direction == Direction::out ? outbound : set.matcher.match(*flow, Direction::in);
  auto text = in_words(seen, match) + ": policy " + match.name();
  if (seen.through_sa) text += sas_of(match, set, *flow, seen.direction, now);
  return {seen.way, std::move(text)};
}

std::string TraceComments::sas_of(const Match& match, const PolicySet& set, const Flow& flow, Direction direction,
                                  TimePoint now) {
  if (match.policy == nullptr || match.action != Decision::secure) return "";
  auto source = flow.source, destination = flow.destination;
  if (const auto& tunnel = match.policy->tunnel) {
    source = direction == Direction::out ? tunnel->local : tunnel->remote;
    destination = direction == Direction::out ? tunnel->remote : tunnel->local;
  }
  const auto* sas = between(source, destination, now);
  if (sas == nullptr) return "";
  const auto reqid = set.keying.reqid_of(match.policy->place - 1);
  std::string text;
  for (const auto protocol : {SaProtocol::ah, SaProtocol::esp}) {
    const SaState* newest = nullptr;
    for (const auto& sa : *sas) {
      const auto& spec = sa.spec;
      if (spec.protocol != protocol || spec.reqid != reqid || spec.spi == Spi{0}) continue;
      if (spec.selector && !spec.selector->matches(flow)) continue;
      if (newest == nullptr || sa.current.add_time >= newest->current.add_time) newest = &sa;
    }
    if (newest != nullptr)
      text += std::string(protocol == SaProtocol::ah ? ", AH" : ", ESP") + " SPI " +
              hex8(static_cast<std::uint32_t>(newest->spec.spi));
  }
  return text;
}

const std::vector<SaState>* TraceComments::between(const IpAddress& source, const IpAddress& destination,
                                                   TimePoint now) {
  if (now - since_ > fresh) {
    known_.clear();
    lookups_ = 0;
    since_ = now;
  }
  const std::pair ends{source, destination};
  if (const auto found = known_.find(ends); found != known_.end()) return &found->second;
  if (lookups_ == most_lookups || known_.size() == most_pairs) return nullptr;
  ++lookups_;
  auto sas = kernel_.sas_between(source, destination);
  return &known_.emplace(ends, sas ? std::move(*sas) : std::vector<SaState>()).first->second;
}

}  // namespace ipsec9000
