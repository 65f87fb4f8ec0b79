// A verb about certificates, done by ikpmd, or here while it does not run.
#pragma once
#include <string>

#include "base/json_fwd.hpp"
#include "cli/common/program.hpp"
#include "cli/ipsec_mgr/operations.hpp"

namespace ipsec9000::cli {

// `params` without the password, which is asked for where the method needs it. Its strings are wiped afterwards.
Result<Json> certificate_call(const Context& context, const std::string& method, Json params);
Result<Json> certificate_call(const Context& context, const std::string& method, Json params,
                              const PasswordSource& password);

// The parameters of a method, from what a person gives. Files are read; not_found, too_large and the like where they
// cannot be.
Json request_params(const std::string& name, const std::string& subject, const std::string& alternative_names);
// `name` and `key_file`: "" for none.
Result<Json> import_params(const std::string& file, const std::string& name, const std::string& key_file,
                           const Secret& file_password);
Result<Json> file_params(const std::string& file);  // of ca.add
Result<Json> crl_params(const std::string& file_or_url);

// A file in the parameters: in hexadecimal.
Result<std::string> file_as_hex(const std::string& path);

}  // namespace ipsec9000::cli
