#include "import/draft.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/parse.hpp"
#include "policy/selection.hpp"
#include "policy/to_document.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t name_maximum = 63;
constexpr std::size_t compared_maximum = 1000;  // policies; each is compared with each

bool same_treatment(const Policy& one, const Policy& other) {
  return one.action == other.action && one.transforms == other.transforms && one.tunnel == other.tunnel;
}

bool overlap(const Filter& one, const Filter& other) {
  for (const auto family : {Family::ipv4, Family::ipv6}) {
    if (!one.allows(family) || !other.allows(family)) continue;
    if (!one.local_prefix(family).overlaps(other.local_prefix(family))) continue;
    if (!one.remote_prefix(family).overlaps(other.remote_prefix(family))) continue;
    if (one.protocol != other.protocol && one.protocol != IpProtocol::any && other.protocol != IpProtocol::any)
      continue;
    if (one.local_port.overlaps(other.local_port) && one.remote_port.overlaps(other.remote_port)) return true;
  }
  return false;
}
}  // namespace

bool Import::understood() const {
  return std::none_of(messages.begin(), messages.end(),
                      [](const auto& message) { return message.severity == Severity::error; });
}

std::string Draft::own_name(std::string name, std::set<std::string>& used) {
  for (auto& c : name) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!allowed && c != '-') c = '_';
  }
  if (name.empty() || name == "default") name += "_1";
  name.resize(std::min(name.size(), name_maximum));
  auto unique = name;
  for (unsigned n = 2; !used.insert(unique).second; ++n) {
    const auto number = "_" + std::to_string(n);
    unique = name.substr(0, name_maximum - number.size()) + number;
  }
  return unique;
}

void Draft::add(Policy policy, Position where) {
  if (configuration_.policies.size() >= maximum_policies)
    return error(where, "more than " + std::to_string(maximum_policies) + " policies");
  policy.name = own_name(std::move(policy.name), policy_names_);
  for (const auto& transform : policy.transforms)
    if (transform.is_legacy()) allow_legacy(where);
  if (policy.pfs && info(*policy.pfs).legacy) allow_legacy(where);
  configuration_.policies.push_back(std::move(policy));
  configuration_.policies.back().place = static_cast<unsigned>(configuration_.policies.size());
  places_.push_back(where);
}

void Draft::add(IsakmpPolicy policy, Position where) {
  if (configuration_.isakmp_policies.size() >= maximum_policies)
    return error(where, "more than " + std::to_string(maximum_policies) + " ISAKMP policies");
  policy.name = own_name(std::move(policy.name), isakmp_names_);
  for (const auto& proposal : policy.proposals)
    if (proposal.is_legacy()) allow_legacy(where);
  configuration_.isakmp_policies.push_back(std::move(policy));
  configuration_.isakmp_policies.back().place = static_cast<unsigned>(configuration_.isakmp_policies.size());
}

void Draft::want_key(const std::string& remote) {
  if (std::find(keys_.begin(), keys_.end(), remote) == keys_.end()) keys_.push_back(remote);
}

void Draft::allow_legacy(Position where) {
  if (!std::exchange(configuration_.allow_legacy, true))
    warn(where, "DES, 3DES, MD5, MODP768 or MODP1024: \"allow_legacy\" is set for it; choose better ones soon");
}

// The others look at policies one after the other; here a policy of exact values only comes before all with ranges.
void Draft::compare_selection() {
  const auto& policies = configuration_.policies;
  const auto count = std::min(policies.size(), compared_maximum);
  std::vector<std::size_t> rank(policies.size());
  const auto order = selection_order(configuration_);
  for (std::size_t n = 0; n < order.size(); ++n) rank[order[n]] = n;
  for (std::size_t later = 1; later < count; ++later)
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      const auto& first = policies[earlier];
      const auto& second = policies[later];
      if (rank[later] > rank[earlier] || same_treatment(first, second) || !overlap(first.filter, second.filter))
        continue;
      warn(places_[later], "policy " + second.name + " is more exact and is chosen before " + first.name +
                               " here, for packets that match both; there the first one was chosen");
    }
}

void Draft::check_whole() {
  const auto text = to_document(configuration_).dump();
  for (const auto& message : parse_configuration(text, "").messages) {
    const auto said = message.pointer + ": " + (message.found.empty() ? "" : "found " + message.found + ": ") +
                      (message.allowed.empty() ? "" : "allowed: " + message.allowed + " ") + message.text;
    if (message.severity == Severity::error)
      error({0, 0}, "what comes out is not valid: " + said);
    else
      warn({0, 0}, "of what comes out: " + said);
  }
}

Import Draft::finish() {
  if (errors() == 0) {
    compare_selection();
    check_whole();
  }
  return {std::move(configuration_), std::move(keys_), messages_.take()};
}

}  // namespace ipsec9000
