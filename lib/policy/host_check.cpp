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

// Of the tunnel's local end; of the policy where the key is written in an unusual way.
std::size_t place_in(std::string_view text, const TextSpan& span) {
  const auto policy = text.substr(span.begin, span.end - span.begin);
  const auto tunnel = policy.find("\"tunnel\"");
  const auto local = tunnel == std::string_view::npos ? tunnel : policy.find("\"local\"", tunnel);
  return span.begin + (local == std::string_view::npos ? 0 : local);
}
}  // namespace

namespace {
bool begins_elsewhere(const Policy& policy, const std::set<IpAddress>& ours) {
  return policy.tunnel && !ours.contains(policy.tunnel->local);
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

namespace {
// `foreign`: policies of this text, in its order.
std::vector<ConfigurationMessage> warnings_about(const std::vector<const Policy*>& foreign, std::string_view text,
                                                 const std::vector<TextSpan>& spans,
                                                 const std::filesystem::path& path) {
  MessageList messages(path.string());
  Lines lines(text);
  for (const auto* policy : foreign) {
    const auto index = policy->place - 1;
    messages.warning(index < spans.size() ? lines.at(place_in(text, spans[index])) : Position{},
                     pointer_to("/policies", index) + "/tunnel/local", foreign_tunnel_words(*policy));
  }
  return messages.take();
}
}  // namespace

std::vector<ConfigurationMessage> host_warnings(const ParsedConfiguration& parsed, const std::filesystem::path& path,
                                                const std::vector<IpAddress>& local) {
  if (!parsed.valid()) return {};
  std::vector<const Policy*> foreign;
  for (const auto index : foreign_tunnels(*parsed.configuration, local))
    foreign.push_back(&parsed.configuration->policies[index]);
  return warnings_about(foreign, parsed.text, parsed.spans, path);
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
  std::vector<const Policy*> policies;
  policies.reserve(configuration.policies.size());
  for (const auto& policy : configuration.policies) policies.push_back(&policy);
  for (const auto& policy : change.policies) policies[policy.place - 1] = &policy;
  std::erase_if(policies, [&](const Policy* policy) { return !begins_elsewhere(*policy, ours); });
  std::vector<std::string> told;
  if (policies.empty()) return told;
  for (const auto& message : warnings_about(policies, next, text.spans_after(change), path))
    told.push_back(message.to_string());
  return told;
}

}  // namespace ipsec9000
