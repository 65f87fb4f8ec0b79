#include "audit/chain.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "crypto/hash.hpp"

namespace ipsec9000 {

namespace {
constexpr std::string_view before_hash = ",\"chain\":\"";
constexpr std::string_view after_hash = "\"}";

bool is_hash(std::string_view text) {
  return text.size() == chain_begin.size() &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}
}  // namespace

std::string chain_hash(std::string_view previous, std::string_view content) {
  return to_hex(digest(HashAlgorithm::sha256, {as_bytes(previous), as_bytes(content)}));
}

std::string chained_line(std::string_view object, std::string_view previous) {
  object.remove_suffix(1);
  std::string line(object);
  line += before_hash;
  line += chain_hash(previous, object);
  line += after_hash;
  return line;
}

std::optional<ChainedLine> split_chained_line(std::string_view line) {
  const auto tail = before_hash.size() + chain_begin.size() + after_hash.size();
  if (line.size() < tail || !line.ends_with(after_hash)) return std::nullopt;
  const auto content = line.substr(0, line.size() - tail);
  if (line.substr(content.size(), before_hash.size()) != before_hash) return std::nullopt;
  const auto hash = line.substr(content.size() + before_hash.size(), chain_begin.size());
  if (!is_hash(hash)) return std::nullopt;
  return ChainedLine{content, hash};
}

}  // namespace ipsec9000
