#include "policy/checked_text.hpp"

#include <algorithm>
#include <cstring>

#include "policy/reader.hpp"

namespace ipsec9000 {

namespace {
// Much faster than byte by byte, and the texts are long.
constexpr std::size_t block = 4096;

std::size_t common_prefix(std::string_view one, std::string_view other) {
  const auto most = std::min(one.size(), other.size());
  std::size_t same = 0;
  while (same + block <= most && std::memcmp(one.data() + same, other.data() + same, block) == 0) same += block;
  while (same < most && one[same] == other[same]) ++same;
  return same;
}

std::size_t common_suffix(std::string_view one, std::string_view other, std::size_t most) {
  const auto end_of = [](std::string_view text, std::size_t length) { return text.data() + text.size() - length; };
  std::size_t same = 0;
  while (same + block <= most && std::memcmp(end_of(one, same + block), end_of(other, same + block), block) == 0)
    same += block;
  while (same < most && *end_of(one, same + 1) == *end_of(other, same + 1)) ++same;
  return same;
}

constexpr std::string_view opening = R"({"policies":[)";
constexpr std::string_view closing = "]}";

// Items of the list of policies, read by themselves.
struct Part {
  std::vector<Policy> policies;
  std::vector<TextSpan> spans;  // in the part
  bool sound = false;           // without an error, and nothing stands before the first one or behind the last one
  bool silent = false;
};

Part read_part(std::string_view text, bool allow_legacy) {
  ConfigurationReader reader("");
  Part part;
  const DocumentEvents events{[&](std::string_view list, std::size_t index, const Node& item) {
                                reader.item(list, index, item);
                                part.spans.push_back({static_cast<std::uint32_t>(item.begin - opening.size()),
                                                      static_cast<std::uint32_t>(item.end - opening.size())});
                              },
                              [&](Position where, const std::string& pointer, const std::string& found,
                                  const std::string& why) { reader.syntax_error(where, pointer, found, why); }};
  const auto document = read_document(std::string(opening).append(text).append(closing), events);
  part.sound = document.complete && reader.messages().errors() == 0 && (allow_legacy || reader.legacy_errors() == 0) &&
               !part.spans.empty() && part.spans.front().begin == 0 && part.spans.back().end == text.size();
  part.silent = reader.messages().take().empty();
  part.policies = std::move(reader.configuration().policies);
  return part;
}

// What the whole check says about several policies together, asked for those that are new.
bool still_fits(const Configuration& configuration, const std::vector<Policy>& changed) {
  bool grows = false;
  for (const auto& policy : changed) {
    const auto& before = configuration.policies[policy.place - 1];
    const bool same_peer = policy.action == before.action && policy.tunnel == before.tunnel &&
                           policy.filter.remote == before.filter.remote;
    if (!same_peer && !has_isakmp_policy(configuration, policy)) return false;
    grows = grows || all_kernel_entries(policy.filter) > all_kernel_entries(before.filter);
  }
  if (!grows) return true;
  std::size_t entries = 0;
  for (const auto& policy : configuration.policies) entries += all_kernel_entries(policy.filter);
  for (const auto& policy : changed) {
    entries -= all_kernel_entries(configuration.policies[policy.place - 1].filter);
    entries += all_kernel_entries(policy.filter);
  }
  return entries <= maximum_kernel_entries;
}
}  // namespace

std::optional<CheckedText::Change> CheckedText::change_to(std::string_view next,
                                                          const Configuration& configuration) const {
  if (spans_.empty() || spans_.size() != configuration.policies.size()) return std::nullopt;
  const auto prefix = common_prefix(text_, next);
  if (prefix == text_.size() && prefix == next.size()) return Change{};
  const auto suffix = common_suffix(text_, next, std::min(text_.size(), next.size()) - prefix);
  // The policies with a changed byte: the brackets around them are the same, in the first one and in the last one.
  const auto first = std::partition_point(spans_.begin(), spans_.end(), [&](auto span) { return span.end <= prefix; });
  const auto behind =
      std::partition_point(first, spans_.end(), [&](auto span) { return span.begin + suffix < text_.size(); });
  if (first == behind || first->begin >= prefix || (behind - 1)->end + suffix <= text_.size()) return std::nullopt;
  const auto count = static_cast<std::size_t>(behind - first);
  if (count > most_policies) return std::nullopt;
  Change change;
  change.first = static_cast<std::size_t>(first - spans_.begin());
  change.growth = static_cast<std::ptrdiff_t>(next.size()) - static_cast<std::ptrdiff_t>(text_.size());
  const auto length = static_cast<std::ptrdiff_t>((behind - 1)->end - first->begin) + change.growth;
  auto part = read_part(next.substr(first->begin, static_cast<std::size_t>(length)), configuration.allow_legacy);
  if (!part.sound || part.policies.size() != count) return std::nullopt;
  for (std::size_t n = 0; n < count; ++n) {
    const auto& before = configuration.policies[change.first + n];
    auto& policy = part.policies[n];
    policy.place = before.place;
    if (policy.name != before.name) return std::nullopt;
    change.spans.push_back({part.spans[n].begin + first->begin, part.spans[n].end + first->begin});
    if (policy != before) change.policies.push_back(std::move(policy));
  }
  if (!still_fits(configuration, change.policies)) return std::nullopt;
  change.silent = part.silent;
  return change;
}

namespace {
void move_spans(std::vector<TextSpan>& spans, const CheckedText::Change& change) {
  auto span =
      std::copy(change.spans.begin(), change.spans.end(), spans.begin() + static_cast<std::ptrdiff_t>(change.first));
  if (change.spans.empty() || change.growth == 0) return;
  const auto growth = static_cast<std::uint32_t>(change.growth);  // modulo 2^32, as the sums are
  for (; span != spans.end(); ++span) *span = {span->begin + growth, span->end + growth};
}
}  // namespace

std::vector<TextSpan> CheckedText::spans_after(const Change& change) const {
  auto spans = spans_;
  move_spans(spans, change);
  return spans;
}

void CheckedText::accept(std::string next, const Change& change) {
  text_ = std::move(next);
  move_spans(spans_, change);
}

}  // namespace ipsec9000
