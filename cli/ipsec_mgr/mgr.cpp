#include <algorithm>
#include <array>

#include "cli/ipsec_mgr/verbs.hpp"

namespace ipsec9000::cli {

namespace {
struct Action {
  std::string_view words;
  int (*run)(Context&, const VerbArguments&);
};
constexpr std::array actions{Action{"key set", mgr_key_set},
                             Action{"key list", mgr_key_list},
                             Action{"key delete", mgr_key_delete},
                             Action{"cert request", mgr_cert_request},
                             Action{"cert import", mgr_cert_import},
                             Action{"cert list", mgr_cert_list},
                             Action{"cert show", mgr_cert_show},
                             Action{"cert delete", mgr_cert_delete},
                             Action{"cert check", mgr_cert_check},
                             Action{"profile create", mgr_profile_create},
                             Action{"profile renew", mgr_profile_renew},
                             Action{"ca add", mgr_ca_add},
                             Action{"ca list", mgr_ca_list},
                             Action{"ca show", mgr_ca_show},
                             Action{"ca delete", mgr_ca_delete},
                             Action{"crl add", mgr_crl_add},
                             Action{"crl list", mgr_crl_list},
                             Action{"crl delete", mgr_crl_delete},
                             Action{"bootup", mgr_bootup},
                             Action{"check", mgr_check},
                             Action{"diff", mgr_diff},
                             Action{"apply", mgr_apply},
                             Action{"export", mgr_export},
                             Action{"policy list", mgr_policy_list},
                             Action{"policy show", mgr_policy_show},
                             Action{"isakmp list", mgr_isakmp_list},
                             Action{"isakmp show", mgr_isakmp_show},
                             Action{"bypass list", mgr_bypass_list}};
}  // namespace

int ipsec_mgr(Context& context) {
  const auto call = find_verb(context.tool, context.arguments);
  if (!call) return context.fail({Exit::usage, "command line", call.error().text, "see ipsec_mgr -help"});
  const auto* action =
      std::find_if(actions.begin(), actions.end(), [&](const Action& a) { return a.words == call->verb->words; });
  if (call->verb->words.starts_with("import ")) return mgr_import(context, call->arguments, call->verb->words);
  if (action == actions.end()) return mgr_edit(context, call->arguments, call->verb->words);
  return action->run(context, call->arguments);
}

}  // namespace ipsec9000::cli
