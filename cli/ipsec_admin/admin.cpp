#include <array>

#include "cli/ipsec_admin/commands.hpp"

namespace ipsec9000::cli {

namespace {
struct Command {
  std::string_view option;
  int (*run)(Context&);
};
constexpr std::array commands{
    Command{"start", admin_start},     Command{"stop", admin_stop},           Command{"status", admin_status},
    Command{"reload", admin_reload},   Command{"newpasswd", admin_newpasswd}, Command{"deletesa", admin_deletesa},
    Command{"traceon", admin_traceon}, Command{"traceoff", admin_traceoff},   Command{"auditprune", admin_auditprune}};
constexpr std::array audit_options{"auditlvl", "audit", "maxsize"};

int usage(const Context& context, const std::string& why) {
  return context.fail({Exit::usage, "command line", why, "see ipsec_admin -help"});
}
}  // namespace

int ipsec_admin(Context& context) {
  const Command* chosen = nullptr;
  for (const auto& command : commands) {
    if (!context.arguments.has(command.option)) continue;
    if (chosen != nullptr)
      return usage(context, "-" + std::string(chosen->option) + " and -" + std::string(command.option) +
                                " cannot be given together");
    chosen = &command;
  }
  bool audit = false;
  for (const auto* option : audit_options) audit = audit || context.arguments.has(option);
  if (audit && chosen != nullptr && chosen->option != "start")
    return usage(context, "-auditlvl, -audit and -maxsize go with -start only, or without a command");
  if (context.arguments.has("new-password-file") && (chosen == nullptr || chosen->option != "newpasswd"))
    return usage(context, "-new-password-file goes with -newpasswd only");
  if (context.arguments.has("tracesize") && (chosen == nullptr || chosen->option != "traceon"))
    return usage(context, "-tracesize goes with -traceon only");
  if (chosen != nullptr) return chosen->run(context);
  if (audit) return admin_audit(context);
  return usage(context, "nothing to do");
}

}  // namespace ipsec9000::cli
