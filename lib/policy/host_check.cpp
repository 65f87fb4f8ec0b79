#include "policy/host_check.hpp"

#include <algorithm>
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

std::vector<std::size_t> foreign_tunnels(const Configuration& configuration, const std::vector<IpAddress>& local) {
  const std::set<IpAddress> ours(local.begin(), local.end());
  std::vector<std::size_t> found;
  for (std::size_t index = 0; index < configuration.policies.size(); ++index) {
    const auto& tunnel = configuration.policies[index].tunnel;
    if (tunnel && !ours.contains(tunnel->local)) found.push_back(index);
  }
  return found;
}

std::string foreign_tunnel_words(const Policy& policy) {
  return "the tunnel of policy \"" + policy.name + "\" begins at " + policy.tunnel->local.to_string() +
         ", which is no address of this host now: until it is, its packets are dropped";
}

std::vector<ConfigurationMessage> host_warnings(const ParsedConfiguration& parsed, const std::filesystem::path& path,
                                                const std::vector<IpAddress>& local) {
  MessageList messages(path.string());
  if (!parsed.valid()) return {};
  Lines lines(parsed.text);
  for (const auto index : foreign_tunnels(*parsed.configuration, local))
    messages.warning(index < parsed.spans.size() ? lines.at(place_in(parsed.text, parsed.spans[index])) : Position{},
                     pointer_to("/policies", index) + "/tunnel/local",
                     foreign_tunnel_words(parsed.configuration->policies[index]));
  return messages.take();
}

void add_host_warnings(ParsedConfiguration& parsed, const std::filesystem::path& path) {
  const auto addresses = local_addresses();
  if (!addresses) return;
  std::vector<IpAddress> local;
  for (const auto& each : *addresses) local.push_back(each.address);
  for (auto& message : host_warnings(parsed, path, local)) parsed.messages.push_back(std::move(message));
  std::stable_sort(parsed.messages.begin(), parsed.messages.end(),
                   [](const auto& one, const auto& other) { return one.line < other.line; });
}

}  // namespace ipsec9000
