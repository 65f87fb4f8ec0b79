// What the verbs about certificates print, from ikpmd's answers.
#pragma once
#include <string>

#include "base/json_fwd.hpp"

namespace ipsec9000::cli {

std::string certificate_line(const Json& certificate);  // one of a list, with its newline
std::string certificate_block(const Json& certificate);
std::string crl_block(const Json& crl);
std::string verdict_block(const Json& verdict);

}  // namespace ipsec9000::cli
