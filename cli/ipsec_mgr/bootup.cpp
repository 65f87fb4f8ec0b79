#include <nlohmann/json.hpp>
#include <ostream>

#include "base/write_lock.hpp"
#include "cli/common/configuration.hpp"
#include "cli/common/daemons.hpp"
#include "cli/common/open_store.hpp"
#include "cli/common/secret_params.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/machine_credential.hpp"
#include "cli/ipsec_mgr/operations.hpp"
#include "cli/ipsec_mgr/verbs.hpp"

namespace ipsec9000::cli {

namespace {
Result<void> set_machine_slot(const Context& context, const Secret& password, bool on) {
  Daemons daemons(context.paths, seconds(30));
  {
    const SecretParams params(Json{{"enabled", on}, {"password", as_text(password)}});
    const auto answer = daemons.call("ikpmd", "keystore.machine_slot", params.json);
    if (answer) return {};
    if (answer.error().code != ErrorCode::not_running) return answer.error();
  }
  auto store = open_store(context, password);
  if (!store) return store.error();
  return store->set_machine_slot(Keystore::machine_key_file(context.paths.keystore()), on);
}

void show_bootup(Context& context, bool on, const BootupChange& change) {
  const auto& [obstacle, key] = change;
  if (context.json) {
    context.out << Json{{"bootup", on},
                        {"obstacle", obstacle ? Json(std::string(to_string(*obstacle))) : Json(nullptr)},
                        {"machine_key", !on ? Json(nullptr) : Json(key.credential ? "credential" : "file")}}
                       .dump()
                << "\n";
    return;
  }
  context.out << (on ? "IPSec starts with the system\n" : "IPSec does not start with the system\n");
  if (key.credential) context.out << "This machine's key is kept encrypted, as a credential of systemd\n";
  if (!key.why_not.empty())
    context.out << "This machine's key stays in a file that only root can read: " << key.why_not << "\n";
  if (obstacle) context.out << "Still to be done: " << sentence(*obstacle) << "\n";
}

Result<void> set_in(const std::filesystem::path& file, bool on) {
  const auto lock = WriteLock::acquire(file);  // against an edit by secpolicyd at the same moment
  if (!lock) return lock.error();
  const auto text = read_file(file, maximum_configuration_bytes);
  if (!text) return text.error();
  const auto changed = set_bootup(*text, on);
  if (!changed) return changed.error();
  return *changed == *text ? Result<void>() : replace_file(file, *changed, 0600);
}

// No daemon has this option in use: it is for the next boot, also for one that must go by the last configuration.
Result<void> set_option(const Paths& paths, bool on) {
  std::error_code failure;
  if (std::filesystem::exists(last_configuration(paths), failure))
    if (auto done = set_in(last_configuration(paths), on); !done) return done;
  return set_in(paths.configuration(), on);
}
}  // namespace

Result<BootupChange> change_bootup(const Context& context, bool on, const Secret& password) {
  // On: the key first, off: the option first, so that a failure between the two never leaves a start without its key.
  auto done = on ? set_machine_slot(context, password, true) : set_option(context.paths, false);
  if (done) done = on ? set_option(context.paths, true) : set_machine_slot(context, password, false);
  if (done && !on) done = forget_machine_key(context.paths);
  if (!done) return done.error();
  if (!on) return BootupChange{};
  return BootupChange{boot_obstacle(context.paths, load_configuration(context.paths.configuration())),
                      bind_machine_key(context.paths)};
}

int mgr_bootup(Context& context, const VerbArguments& arguments) {
  if (arguments[0] != "on" && arguments[0] != "off")
    return context.fail({Exit::usage, "bootup", "\"" + arguments[0] + "\" is neither on nor off", ""});
  const bool on = arguments[0] == "on";
  const auto parsed = load_configuration(context.paths.configuration());
  if (!parsed.valid())
    return context.fail({Exit::usage, "checking the configuration", error_lines(parsed), "nothing was changed"});
  if (!Keystore::exists(context.paths.keystore()))
    return context.fail(
        {Exit::not_permitted, "bootup", "no IPSec password has been set", "set one with ipsec_admin -newpasswd"});
  const auto password = context.password("IPSec password: ");
  if (!password) return context.fail("reading the password", password.error());
  const auto change = change_bootup(context, on, *password);
  if (!change) return context.fail(daemon_failure("changing the boot-up option", change.error()));
  show_bootup(context, on, *change);
  return 0;
}

}  // namespace ipsec9000::cli
