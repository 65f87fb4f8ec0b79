#include "policy/keying.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "policy/parse.hpp"

namespace ipsec9000 {

namespace {
constexpr std::uint32_t no_group = 0xffffffff;
constexpr std::uint32_t reqid_count = last_reqid - first_reqid + 1;
static_assert(reqid_count > maximum_policies);

// FNV-1a: the same on every machine and in every build, which std::hash is not.
std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash ^ (hash >> 32);
}
}  // namespace

std::string Keying::description(const Policy& policy) {
  std::vector<std::string> parts;
  for (const auto& transform : policy.transforms) parts.push_back(transform.to_string());
  std::string text = join(parts, " ");
  if (policy.pfs) text += " pfs " + std::string(info(*policy.pfs).name);
  if (policy.tunnel) text += " tunnel " + policy.tunnel->local.to_string() + " " + policy.tunnel->remote.to_string();
  if (policy.tunnel && !policy.exclusive)
    text += " " + (policy.filter.local ? policy.filter.local->to_string() : "any") + " " +
            (policy.filter.remote ? policy.filter.remote->to_string() : "any");
  if (policy.exclusive) text += " exclusive " + policy.name;
  return text;
}

Keying::Shape Keying::Shape::of(const Filter& filter) {
  Shape shape{filter.protocol, std::nullopt, std::nullopt};
  if (is_icmp(filter.protocol)) return shape;
  if (filter.local_port.is_one()) shape.local_port = filter.local_port.first;
  if (filter.remote_port.is_one()) shape.remote_port = filter.remote_port.first;
  return shape;
}

void Keying::Shape::widen(const Shape& other) {
  if (protocol != other.protocol) *this = {};
  if (local_port != other.local_port) local_port.reset();
  if (remote_port != other.remote_port) remote_port.reset();
}

bool Keying::Shape::contains(const Shape& other) const {
  return (protocol == IpProtocol::any || protocol == other.protocol) &&
         (!local_port || local_port == other.local_port) && (!remote_port || remote_port == other.remote_port);
}

std::size_t Keying::HashPrefixPair::operator()(const PrefixPair& pair) const noexcept {
  return HashTupleKey{}({pair.local, pair.remote, 0, 0, 0});
}

Keying::Keying(const Matcher& matcher, const ReqidMap& remembered) : matcher_(matcher) {
  const auto& policies = matcher_.configuration().policies;
  group_of_.assign(policies.size(), no_group);
  rank_of_.resize(policies.size());
  // Groups that are remembered first, so that a new one cannot take a reqid that is in use.
  for (const bool known : {true, false})
    for (std::size_t index = 0; index < policies.size(); ++index)
      if (policies[index].action == Decision::secure && remembered.contains(description(policies[index])) == known)
        add_group(index, remembered);
  for (std::uint32_t rank = 0; rank < policies.size(); ++rank) {
    const auto index = matcher_.order()[rank];
    rank_of_[index] = rank;
    for (const auto family : {Family::ipv4, Family::ipv6})
      if (policies[index].filter.allows(family)) add_bucket(index, family);
  }
}

void Keying::add_group(std::size_t index, const ReqidMap& remembered) {
  const auto& policy = policy_at(static_cast<std::uint32_t>(index));
  const auto text = description(policy);
  if (const auto known = reqid_map_.find(text); known != reqid_map_.end()) {
    group_of_[index] = group_by_reqid_.at(known->second);
    ++groups_[group_of_[index]].policies;
    return;
  }
  std::uint32_t reqid = first_reqid + static_cast<std::uint32_t>(stable_hash(text) % reqid_count);
  if (const auto old = remembered.find(text); old != remembered.end()) reqid = old->second;
  while (group_by_reqid_.contains(reqid)) reqid = first_reqid + (reqid - first_reqid + 1) % reqid_count;
  group_of_[index] = static_cast<std::uint32_t>(groups_.size());
  group_by_reqid_.emplace(reqid, group_of_[index]);
  reqid_map_.emplace(text, reqid);
  groups_.push_back({reqid, policy.exclusive, 1});
}

Keying::Bucket& Keying::bucket_of(const Filter& filter, Family family) {
  const auto local = filter.local_prefix(family);
  const auto remote = filter.remote_prefix(family);
  return buckets_[{family, {local.length(), remote.length()}}][{bits_of(local.address()), bits_of(remote.address())}];
}

void Keying::add_bucket(std::size_t index, Family family) {
  const auto& policy = policy_at(static_cast<std::uint32_t>(index));
  auto& bucket = bucket_of(policy.filter, family);
  bucket.policies.push_back(static_cast<std::uint32_t>(index));
  if (policy.action == Decision::secure && !policy.exclusive)
    add_shape(bucket, group_of_[index], Shape::of(policy.filter));
}

void Keying::add_shape(Bucket& bucket, std::uint32_t group, const Shape& shape) const {
  for (auto& [known, all] : bucket.unions)
    if (known == group) return all.widen(shape);
  bucket.unions.emplace_back(group, shape);
}

void Keying::leave_group(std::uint32_t left, const Policy& before) {
  auto& group = groups_[left];
  if (--group.policies != 0) return;
  group_by_reqid_.erase(group.reqid);
  reqid_map_.erase(description(before));
}

void Keying::find_unions(Bucket& bucket) const {
  bucket.unions.clear();
  for (const auto index : bucket.policies)
    if (const auto& policy = policy_at(index); policy.action == Decision::secure && !policy.exclusive)
      add_shape(bucket, group_of_[index], Shape::of(policy.filter));
}

void Keying::leave_bucket(const Filter& before, std::size_t index, Family family) {
  const auto local = before.local_prefix(family);
  const auto remote = before.remote_prefix(family);
  const auto of_lengths = buckets_.find({family, {local.length(), remote.length()}});
  const auto at = of_lengths->second.find({bits_of(local.address()), bits_of(remote.address())});
  std::erase(at->second.policies, static_cast<std::uint32_t>(index));
  if (!at->second.policies.empty()) return find_unions(at->second);
  of_lengths->second.erase(at);
  if (of_lengths->second.empty()) buckets_.erase(of_lengths);
}

void Keying::enter_bucket(std::size_t index, Family family) {
  auto& bucket = bucket_of(policy_at(static_cast<std::uint32_t>(index)).filter, family);
  const auto place = std::lower_bound(bucket.policies.begin(), bucket.policies.end(), rank_of_[index],
                                      [&](auto each, auto rank) { return rank_of_[each] < rank; });
  bucket.policies.insert(place, static_cast<std::uint32_t>(index));
  find_unions(bucket);
}

void Keying::replaced(const Policy& before, std::size_t index) {
  const auto& after = policy_at(static_cast<std::uint32_t>(index));
  const bool secured = before.action == Decision::secure;
  const bool secures = after.action == Decision::secure;
  if (secured != secures || (secures && description(before) != description(after))) {
    // It joins before it leaves, so that a new group cannot take the reqid of the old one.
    const auto left = std::exchange(group_of_[index], no_group);
    if (secures) add_group(index, {});
    if (secured) leave_group(left, before);
  }
  for (const auto family : {Family::ipv4, Family::ipv6}) {
    if (before.filter.allows(family)) leave_bucket(before.filter, index, family);
    if (after.filter.allows(family)) enter_bucket(index, family);
  }
}

std::vector<const Keying::Bucket*> Keying::buckets_for(Family family, const IpAddress& local,
                                                       const IpAddress& remote) const {
  std::vector<const Bucket*> found;
  const auto local_bits = bits_of(local);
  const auto remote_bits = bits_of(remote);
  for (auto at = buckets_.lower_bound({family, {0, 0}}); at != buckets_.end() && at->first.first == family; ++at) {
    const auto& [local_length, remote_length] = at->first.second;
    const auto bucket = at->second.find({local_bits.masked(local_length), remote_bits.masked(remote_length)});
    if (bucket != at->second.end()) found.push_back(&bucket->second);
  }
  return found;
}

Keying::Shape Keying::shape_for(std::uint32_t group, const std::vector<const Bucket*>& buckets) const {
  std::optional<Shape> all;
  for (const auto* bucket : buckets)
    for (const auto& [known, shape] : bucket->unions) {
      if (known != group) continue;
      if (all)
        all->widen(shape);
      else
        all = shape;
    }
  return all.value_or(Shape{});
}

Selector Keying::selector_of(const Policy& policy, std::uint32_t group, const Flow& flow) const {
  const auto family = flow.source.family();
  Selector selector;
  if (policy.exclusive) {
    selector = flow.as_selector();
    if (is_icmp(flow.protocol)) selector.source_port = selector.destination_port = PortRange::any();
    return selector;
  }
  selector.source = policy.tunnel ? policy.filter.local_prefix(family) : Prefix(flow.source);
  selector.destination = policy.tunnel ? policy.filter.remote_prefix(family) : Prefix(flow.destination);
  const auto shape = shape_for(group, buckets_for(family, flow.source, flow.destination));
  selector.protocol = shape.protocol;
  if (shape.local_port) selector.source_port = PortRange::one(*shape.local_port);
  if (shape.remote_port) selector.destination_port = PortRange::one(*shape.remote_port);
  return selector;
}

Protection Keying::protection_of(const Policy& policy, Selector selector, const IpAddress& local,
                                 const IpAddress& remote) const {
  Protection protection;
  protection.policy = policy.name;
  protection.place = policy.place;
  protection.reqid = reqid_of(policy.place - 1);
  protection.mode = policy.tunnel ? Mode::tunnel : Mode::transport;
  protection.local = policy.tunnel ? policy.tunnel->local : local;
  protection.remote = policy.tunnel ? policy.tunnel->remote : remote;
  protection.selector = selector;
  protection.transforms = policy.usable_transforms();
  protection.pfs = policy.pfs;
  protection.exclusive = policy.exclusive;
  return protection;
}

Result<Protection> Keying::protection_for(const Flow& flow) const {
  const auto match = matcher_.match(flow, Direction::out);
  if (match.policy == nullptr || match.action != Decision::secure)
    return Error{ErrorCode::not_found, "the policy for " + flow.to_string() + ", \"" + match.name() +
                                           "\", does not secure it but says " + to_string(match.action)};
  if (!match.policy->tunnel && (flow.destination.is_multicast() || flow.destination.is_any() || flow.source.is_any()))
    return Error{ErrorCode::unsupported,
                 flow.to_string() + " is no traffic between two hosts, so no SAs can be negotiated for it"};
  const auto group = group_of_[match.policy->place - 1];
  return protection_of(*match.policy, selector_of(*match.policy, group, flow), flow.source, flow.destination);
}

Keying::Outlook::Outlook(const Keying& keying, const std::vector<Policy>& next) : keying_(keying) {
  const auto count = [&](std::uint32_t reqid) -> std::size_t& {
    const auto [at, fresh] = policies_.try_emplace(reqid, 0);
    if (const auto group = keying_.group_by_reqid_.find(reqid); fresh && group != keying_.group_by_reqid_.end())
      at->second = keying_.groups_[group->second].policies;
    return at->second;
  };
  for (const auto& policy : next) {
    if (const auto left = keying_.reqid_of(policy.place - 1); left != 0) --count(left);
    if (const auto joined = reqid_of(policy); joined != 0) ++count(joined);
  }
}

std::uint32_t Keying::Outlook::reqid_of(const Policy& next) const {
  if (next.action != Decision::secure) return 0;
  const auto known = keying_.reqid_map_.find(description(next));
  return known == keying_.reqid_map_.end() ? 0 : known->second;
}

bool Keying::Outlook::is_in_use(std::uint32_t reqid) const {
  const auto counted = policies_.find(reqid);
  return counted == policies_.end() ? keying_.is_in_use(reqid) : counted->second != 0;
}

std::uint32_t Keying::reqid_of(std::size_t index) const {
  return group_of_[index] == no_group ? 0 : groups_[group_of_[index]].reqid;
}

std::vector<std::uint32_t> Keying::reqids() const {
  std::vector<std::uint32_t> all;
  all.reserve(group_of_.size());
  for (std::size_t index = 0; index < group_of_.size(); ++index) all.push_back(reqid_of(index));
  return all;
}

}  // namespace ipsec9000
