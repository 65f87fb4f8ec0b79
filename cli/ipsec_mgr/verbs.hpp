// The verbs of ipsec_mgr, one function each; they give the exit status.
#pragma once
#include <string>
#include <vector>

#include "cli/common/program.hpp"

namespace ipsec9000::cli {

using VerbArguments = std::vector<std::string>;

int mgr_key_set(Context& context, const VerbArguments& arguments);
int mgr_key_list(Context& context, const VerbArguments& arguments);
int mgr_key_delete(Context& context, const VerbArguments& arguments);
int mgr_cert_request(Context& context, const VerbArguments& arguments);
int mgr_cert_import(Context& context, const VerbArguments& arguments);
int mgr_cert_list(Context& context, const VerbArguments& arguments);
int mgr_cert_show(Context& context, const VerbArguments& arguments);
int mgr_cert_delete(Context& context, const VerbArguments& arguments);
int mgr_cert_check(Context& context, const VerbArguments& arguments);
int mgr_profile_create(Context& context, const VerbArguments& arguments);
int mgr_profile_renew(Context& context, const VerbArguments& arguments);
int mgr_ca_add(Context& context, const VerbArguments& arguments);
int mgr_ca_list(Context& context, const VerbArguments& arguments);
int mgr_ca_show(Context& context, const VerbArguments& arguments);
int mgr_ca_delete(Context& context, const VerbArguments& arguments);
int mgr_crl_add(Context& context, const VerbArguments& arguments);
int mgr_crl_list(Context& context, const VerbArguments& arguments);
int mgr_crl_delete(Context& context, const VerbArguments& arguments);
int mgr_bootup(Context& context, const VerbArguments& arguments);
int mgr_check(Context& context, const VerbArguments& arguments);
int mgr_apply(Context& context, const VerbArguments& arguments);
int mgr_diff(Context& context, const VerbArguments& arguments);
int mgr_export(Context& context, const VerbArguments& arguments);
int mgr_policy_list(Context& context, const VerbArguments& arguments);
int mgr_policy_show(Context& context, const VerbArguments& arguments);
int mgr_isakmp_list(Context& context, const VerbArguments& arguments);
int mgr_isakmp_show(Context& context, const VerbArguments& arguments);
int mgr_bypass_list(Context& context, const VerbArguments& arguments);
// The edits of the file: add, set, move, delete. They take the list from the verb's first word.
int mgr_edit(Context& context, const VerbArguments& arguments, std::string_view words);
// "import hpux", "import swanctl".
int mgr_import(Context& context, const VerbArguments& arguments, std::string_view words);

}  // namespace ipsec9000::cli
