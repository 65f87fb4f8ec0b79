// The configuration as the tools check it.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/json_fwd.hpp"
#include "policy/parse.hpp"

namespace ipsec9000::cli {

// The errors of a checked file as the `why` of a Failure: one a line.
std::string error_lines(const ParsedConfiguration& parsed);

// {"valid", "errors", "warnings", "messages": [{"severity", "file", "line", "column", "pointer", "found", "allowed",
// "text"}]}
Json check_document(const ParsedConfiguration& parsed);

// One message more where entrust.ini, beside the configuration at `path`, has a mistake: a reload would take over
// neither. A file that is not there says nothing.
void add_entrust_mistake(ParsedConfiguration& parsed, const std::filesystem::path& path);

}  // namespace ipsec9000::cli
