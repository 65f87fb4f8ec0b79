// The configuration as the tools check it.
#pragma once
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

}  // namespace ipsec9000::cli
