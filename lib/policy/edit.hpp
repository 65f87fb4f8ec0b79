// Edits of ipsec.json that leave everything else in it as it stands: order, comments, line breaks.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_fwd.hpp"
#include "base/result.hpp"
#include "policy/checked_text.hpp"

namespace ipsec9000 {

struct Edit {
  enum class Verb : std::uint8_t { add, set, move, remove };
  enum class Where : std::uint8_t { last, first, before, after };
  Verb verb = Verb::set;
  // A member of the document. "policies" and "isakmp_policies": `name` is the item's; "bypass": the address (add,
  // remove); an object such as "startup" (set): no name.
  std::string section;
  std::string name;
  // add, set: members by their path ("filter.remote_port") and their values; null takes the member out.
  std::vector<std::pair<std::string, Json>> values = {};
  Where where = Where::last;  // add, move
  std::string anchor = {};    // the name that before and after go by
};

// {"verb", "section", "name", "values": {path: value}, "where", "anchor"}
Json to_json(const Edit& edit);
Result<Edit> edit_from_json(const Json& json);

// What a file that is not there counts as.
inline constexpr std::string_view empty_configuration = "{\n  \"version\": 1\n}\n";

// The text after the edit; whether it is a valid configuration is for the caller to check. already_exists, not_found
// (with the nearest name); invalid_input when the text is not JSON or the edit makes no sense.
Result<std::string> edited(std::string_view text, const Edit& edit);

// A different text has a different revision (SHA-256, in hex).
std::string revision_of(std::string_view text);

// A text that was checked as a whole, without a warning, and what it says.
struct KnownText {
  const CheckedText& text;
  const Configuration& configuration;
};
// edited() for an edit that sets values of one policy of a known text, at the cost of this policy. Nothing where
// edited() is needed; a text that is not valid may come out, as from edited().
std::optional<std::string> edited(const KnownText& known, const Edit& edit);

struct EditedFile {
  std::string revision;
  std::vector<std::string> warnings;  // of the check and about this host, with file and line
};
// Carries out all edits or none: the file is replaced in one step (0600), and only when the outcome is valid; an
// invalid_input then holds every message, a line each. A missing file counts as one without policies. `revision`: what
// the file must be, "" for anything; refused when somebody was faster. One writer at a time, over all processes.
// `known`: where the file still has this text, one policy is edited and checked without all others.
Result<EditedFile> edit_file(const std::filesystem::path& path, const std::vector<Edit>& edits,
                             const std::string& revision, const std::optional<KnownText>& known = std::nullopt);

}  // namespace ipsec9000
