// The hash chain of the audit trail: each stored line carries a SHA-256 over the hash of the line before and over its
// own content, so that a line cannot be removed or changed without the next one showing it. The first line of a file
// names the hash that it continues, and so the chain goes on from file to file.
//
// A line is CONTENT,"chain":"HASH"}   with HASH = SHA-256(the hash before as 64 hex digits, then CONTENT).
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace ipsec9000 {

inline constexpr std::string_view chain_begin = "0000000000000000000000000000000000000000000000000000000000000000";

// Where a trail ends.
struct AuditPosition {
  std::uint64_t number = 0;        // of the last record; 0: none yet
  std::string chain{chain_begin};  // its hash
};

// `object`: a JSON object as text, not empty ("{...}"). The result has no newline.
std::string chained_line(std::string_view object, std::string_view previous);

struct ChainedLine {
  std::string_view content;
  std::string_view hash;  // 64 lower-case hex digits
};
std::optional<ChainedLine> split_chained_line(std::string_view line);  // nothing: it carries no hash

std::string chain_hash(std::string_view previous, std::string_view content);

}  // namespace ipsec9000
