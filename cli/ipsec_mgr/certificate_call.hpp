// A verb about certificates, done by ikpmd, or here while it does not run.
#pragma once
#include <string>

#include "base/json_fwd.hpp"
#include "cli/common/program.hpp"

namespace ipsec9000::cli {

// `params` without the password, which is asked for where the method needs it. Its strings are wiped afterwards.
Result<Json> certificate_call(const Context& context, const std::string& method, Json params);

// A file in the parameters: in hexadecimal.
Result<std::string> file_as_hex(const std::string& path);

}  // namespace ipsec9000::cli
