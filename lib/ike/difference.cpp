#include "ike/difference.hpp"

#include "base/text.hpp"

namespace ipsec9000::ike {

namespace {
constexpr std::size_t longest_value = 160;

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string shortened(std::string text) {
  if (text.size() > longest_value) text = text.substr(0, longest_value - 3) + "...";
  return text;
}
}  // namespace

std::string Difference::to_string() const {
  if (attribute.empty()) return "";
  auto text = attribute + " differs";
  if (!offered.empty()) text += ": " + offered + " offered";
  if (!wanted.empty()) text += (offered.empty() ? ": " : ", ") + wanted + " wanted";
  return text;
}

void note_difference(FailureRecord& failure, const Difference& difference) {
  failure.differs = difference.attribute;
  failure.offered = difference.offered;
  failure.wanted = difference.wanted;
}

Bytes notification_data(const Difference& difference, std::size_t limit) {
  const auto& [attribute, offered, wanted] = difference;
  if (!is_attribute_name(attribute) || attribute.size() > limit) return {};
  const auto all = attribute + '\n' + shortened(offered) + '\n' + shortened(wanted);
  const bool says_more = (!offered.empty() || !wanted.empty()) && is_plain(offered) && is_plain(wanted);
  return to_bytes(as_bytes(says_more && all.size() <= limit ? all : attribute));
}

Difference difference_from(ByteView data) {
  const auto lines = split(std::string(data.begin(), data.end()), '\n');
  if ((lines.size() != 1 && lines.size() != 3) || !is_attribute_name(lines[0])) return {};
  Difference difference{lines[0], "", ""};
  if (lines.size() == 1) return difference;
  if (!is_plain(lines[1]) || !is_plain(lines[2])) return {};
  difference.offered = shortened(lines[1]);
  difference.wanted = shortened(lines[2]);
  return difference;
}

}  // namespace ipsec9000::ike
