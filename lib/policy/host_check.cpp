#include "policy/host_check.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "policy/document.hpp"
#include "xfrm/links.hpp"

namespace ipsec9000 {

namespace {
// Finds lines of places that come in the order of the text.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}
  Position at(std::size_t place) {
    for (; at_ < place && at_ < text_.size(); ++at_)
      if (text_[at_] == '\n') {
        ++line_;
        begin_ = at_ + 1;
      }
    return {line_, static_cast<std::uint32_t>(place - begin_ + 1)};
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;
  std::uint32_t line_ = 1;
};

// Of the local end in that member; of the policy where the key is written in an unusual way.
std::size_t place_in(std::string_view text, const TextSpan& span, const std::string& member) {
  const auto policy = text.substr(span.begin, span.end - span.begin);
  const auto whole = policy.find('"' + member + '"');
  const auto local = whole == std::string_view::npos ? whole : policy.find("\"local\"", whole);
  return span.begin + (local == std::string_view::npos ? 0 : local);
}
}  // namespace

namespace {
bool begins_elsewhere(const Policy& policy, const std::set<IpAddress>& ours) {
  return policy.tunnel && !ours.contains(policy.tunnel->local);
}

bool is_elsewhere(const Policy& policy, const std::set<IpAddress>& ours) {
  const auto& local = policy.filter.local;
  if (!local || local->is_any() || local->is_host()) return false;
  const auto first = ours.lower_bound(local->address());
  return first == ours.end() || !local->contains(*first);
}

// A policy that is not for this host as it is now.
struct Stranger {
  const Policy* policy = nullptr;
  const char* member = "tunnel";  // whose local end is meant
  std::string words;
};

std::vector<Stranger> strangers(const std::vector<const Policy*>& policies, const std::set<IpAddress>& ours) {
  std::vector<Stranger> found;
  std::size_t first_elsewhere = 0;
  std::size_t elsewhere = 0;
  bool tunnels = false;
  for (const auto* policy : policies) {
    tunnels = tunnels || policy->tunnel;
    if (begins_elsewhere(*policy, ours)) found.push_back({policy, "tunnel", foreign_tunnel_words(*policy)});
    if (tunnels || !is_elsewhere(*policy, ours)) continue;
    if (elsewhere++ == 0) {
      first_elsewhere = found.size();
      found.push_back({policy, "filter", elsewhere_words(*policy)});
    }
  }
  if (elsewhere == 0) return found;
  if (tunnels)
    found.erase(found.begin() + static_cast<std::ptrdiff_t>(first_elsewhere));
  else
    found[first_elsewhere].words += and_more(elsewhere - 1);
  return found;
}

std::vector<const Policy*> pointers_to(const std::vector<Policy>& policies) {
  std::vector<const Policy*> all;
  all.reserve(policies.size());
  for (const auto& policy : policies) all.push_back(&policy);
  return all;
}

std::optional<std::vector<IpAddress>> addresses_of_this_host() {
  const auto addresses = local_addresses();
  if (!addresses) return std::nullopt;
  std::vector<IpAddress> local;
  for (const auto& each : *addresses) local.push_back(each.address);
  return local;
}
}  // namespace

std::vector<std::size_t> foreign_tunnels(const Configuration& configuration, const std::vector<IpAddress>& local) {
  const std::set<IpAddress> ours(local.begin(), local.end());
  std::vector<std::size_t> found;
  for (std::size_t index = 0; index < configuration.policies.size(); ++index)
    if (begins_elsewhere(configuration.policies[index], ours)) found.push_back(index);
  return found;
}

std::string foreign_tunnel_words(const Policy& policy) {
  return "the tunnel of policy \"" + policy.name + "\" begins at " + policy.tunnel->local.to_string() +
         ", which is no address of this host now: until it is, its packets are dropped";
}

std::vector<std::size_t> policies_elsewhere(const Configuration& configuration, const std::vector<IpAddress>& local) {
  const std::set<IpAddress> ours(local.begin(), local.end());
  std::vector<std::size_t> found;
  for (std::size_t index = 0; index < configuration.policies.size(); ++index) {
    if (configuration.policies[index].tunnel) return {};
    if (is_elsewhere(configuration.policies[index], ours)) found.push_back(index);
  }
  return found;
}

std::string elsewhere_words(const Policy& policy) {
  return "policy \"" + policy.name + "\" is for local addresses of " + policy.filter.local->to_string() +
         ", of which this host has none now: until it has, no packet of its own is for this policy";
}

std::string and_more(std::size_t others) {
  return others == 0 ? "" : " (and " + std::to_string(others) + " more like it)";
}

namespace {
// `strangers`: policies of this text, in its order.
std::vector<ConfigurationMessage> warnings_about(const std::vector<Stranger>& strangers, std::string_view text,
                                                 const std::vector<TextSpan>& spans,
                                                 const std::filesystem::path& path) {
  MessageList messages(path.string());
  Lines lines(text);
  for (const auto& each : strangers) {
    const auto index = each.policy->place - 1;
    messages.warning(index < spans.size() ? lines.at(place_in(text, spans[index], each.member)) : Position{},
                     pointer_to("/policies", index) + "/" + each.member + "/local", each.words);
  }
  return messages.take();
}
}  // namespace

std::vector<ConfigurationMessage> host_warnings(const ParsedConfiguration& parsed, const std::filesystem::path& path,
                                                const std::vector<IpAddress>& local) {
  if (!parsed.valid()) return {};
  const auto found = strangers(pointers_to(parsed.configuration->policies), {local.begin(), local.end()});
  return warnings_about(found, parsed.text, parsed.spans, path);
}

void add_host_warnings(ParsedConfiguration& parsed, const std::filesystem::path& path) {
  const auto local = addresses_of_this_host();
  if (!local) return;
  for (auto& message : host_warnings(parsed, path, *local)) parsed.messages.push_back(std::move(message));
  std::stable_sort(parsed.messages.begin(), parsed.messages.end(),
                   [](const auto& one, const auto& other) { return one.line < other.line; });
}

std::vector<std::string> host_warnings_after(const CheckedText& text, const Configuration& configuration,
                                             const CheckedText::Change& change, std::string_view next,
                                             const std::filesystem::path& path) {
  const auto local = addresses_of_this_host();
  if (!local) return {};
  const std::set<IpAddress> ours(local->begin(), local->end());
  auto policies = pointers_to(configuration.policies);
  for (const auto& policy : change.policies) policies[policy.place - 1] = &policy;
  const auto found = strangers(policies, ours);
  std::vector<std::string> told;
  if (found.empty()) return told;
  for (const auto& message : warnings_about(found, next, text.spans_after(change), path))
    told.push_back(message.to_string());
  return told;
}

}  // namespace ipsec9000
