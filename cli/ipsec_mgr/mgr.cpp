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
                             Action{"bootup", mgr_bootup},
                             Action{"check", mgr_check},
                             Action{"apply", mgr_apply},
                             Action{"policy list", mgr_policy_list},
                             Action{"policy show", mgr_policy_show}};
}  // namespace

int ipsec_mgr(Context& context) {
  const auto call = find_verb(context.tool, context.arguments);
  if (!call) return context.fail({Exit::usage, "command line", call.error().text, "see ipsec_mgr -help"});
  const auto* action =
      std::find_if(actions.begin(), actions.end(), [&](const Action& a) { return a.words == call->verb->words; });
  if (action == actions.end()) return context.fail({Exit::failed, "command line", "this verb does nothing yet", ""});
  return action->run(context, call->arguments);
}

}  // namespace ipsec9000::cli
