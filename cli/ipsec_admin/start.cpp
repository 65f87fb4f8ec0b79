#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "base/running_process.hpp"
#include "base/text.hpp"
#include "cli/common/configuration.hpp"
#include "cli/common/machine_key.hpp"
#include "cli/common/open_store.hpp"
#include "cli/common/processes.hpp"
#include "cli/common/secret_params.hpp"
#include "cli/common/service_manager.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_admin/commands.hpp"
#include "cli/ipsec_admin/shutdown.hpp"
#include "policy/boot.hpp"
#include "policy/host_check.hpp"

namespace ipsec9000::cli {

namespace {
constexpr Duration start_limit{60'000};  // for a configuration of 100 000 policies
constexpr Duration ask_interval{20};
constexpr Duration ask_patience{5000};

// One -start: what is known, what was started. Everything that was started is stopped again unless keep() is called.
class Starter {
 public:
  // `audit`: what secauditd is to start with; `typed`: the part of it that the command line asks for.
  Starter(Context& context, Json audit, Json typed)
      : context_(context), daemons_(context.paths), audit_(std::move(audit)), typed_(std::move(typed)) {}

  void look() {
    for (const auto name : daemon_names)
      if (daemons_.state(name, ask_patience) == DaemonState::not_running) missing_.emplace_back(name);
  }
  bool supervisor_runs() { return daemons_.state(supervisor_name, ask_patience) == DaemonState::running; }
  bool nothing_runs() const { return missing_.size() == daemon_names.size(); }
  const std::vector<std::string>& missing() const { return missing_; }

  bool locked() { return is("ikpmd", "ike.status", "keystore", Json("locked")); }

  // In order: audit first, policies next (from then on nothing leaks), keys and IKE last.
  Result<void> bring_up(const Secret& password) {
    if (auto up = bring_up("secauditd", audit_options(), [this] { return answers("secauditd"); }); !up) return up;
    if (auto set = set_audit(); !set) return set;
    if (auto up =
            bring_up("secpolicyd", {}, [this] { return is("secpolicyd", "policy.status", "protected", Json(true)); });
        !up)
      return up;
    if (auto up = bring_up("ikpmd", {}, [this] { return answers("ikpmd"); }); !up) return up;
    if (auto open = unlock(password); !open) return open;
    if (auto up = wait("ikpmd", not_ours_, [this] { return is("ikpmd", "ike.status", "ready", Json(true)); }); !up)
      return up;
    return supervise();
  }

  // Once all run: it takes over what it finds, and starts what is missing.
  Result<void> supervise() {
    if (units_are_installed(context_.paths) || supervisor_runs()) return {};
    return start_process(supervisor_name, {}, [this] { return answers(supervisor_name); });
  }

  Result<void> unlock(const Secret& password) {
    const SecretParams params(Json{{"password", as_text(password)}});
    const auto answer = daemons_.call("ikpmd", "keystore.unlock", params.json, seconds(30));
    if (!answer) return answer.error().within("opening the key store");
    return {};
  }

  // Takes back what was done; sentences about what could not be.
  std::vector<std::string> take_back() {
    if (started_.erase(std::string(supervisor_name)) != 0) (void)end_supervision(daemons_);
    return shut_down(daemons_, started_, daemon_directory()).failures;
  }

  const Json& audit() const { return audit_; }
  Json report() const {
    return Json{{"running", true}, {"started", std::vector<std::string>(started_.begin(), started_.end())}};
  }

 private:
  bool is(std::string_view daemon, const char* method, const char* name, const Json& wanted) {
    const auto answer = daemons_.call(daemon, method, Json::object(), ask_patience);
    const auto* value = answer ? member(*answer, name) : nullptr;
    return value != nullptr && *value == wanted;
  }
  bool answers(std::string_view daemon) { return daemons_.state(daemon, ask_patience) == DaemonState::running; }

  std::vector<std::string> audit_options() const {
    std::vector<std::string> options;
    for (const auto& [member_name, option] :
         {std::pair{"level", "--level"}, {"directory", "--directory"}, {"max_kilobytes", "--max-kilobytes"}})
      if (const auto value = text_of(audit_, member_name); !value.empty())
        options.insert(options.end(), {option, value});
    return options;
  }
  // A secauditd that ran before is told what the command line says.
  Result<void> set_audit() {
    if (started_.contains("secauditd") || typed_.empty()) return {};
    const auto answer = daemons_.call("secauditd", "audit.configure", typed_);
    if (!answer) return answer.error();
    return {};
  }

  template <class Ready>
  Result<void> bring_up(const std::string& name, std::vector<std::string> options, Ready ready) {
    const bool runs = std::find(missing_.begin(), missing_.end(), name) == missing_.end();
    if (runs) return wait(name, not_ours_, ready);
    if (units_are_installed(context_.paths)) {
      started_.insert(name);
      if (auto begun = start_unit(name); !begun) return with_machine_key(name, begun.error());
      return wait(name, not_ours_, ready);
    }
    if (supervisor_runs()) {  // which waits for the time to start this one
      if (const auto asked = daemons_.call(supervisor_name, "supervisor.start", Json::object()); !asked)
        return asked.error();
      return wait(name, not_ours_, ready);
    }
    return start_process(name, std::move(options), ready);
  }

  template <class Ready>
  Result<void> start_process(std::string_view program, std::vector<std::string> options, Ready ready) {
    const std::string name(program);
    if (!context_.paths.root.empty()) options.insert(options.end(), {"--root", context_.paths.root.string()});
    auto begun = StartedDaemon::start(daemon_directory() / name, options);
    if (!begun) return begun.error();
    started_.insert(name);
    std::optional process(std::move(*begun));
    auto up = wait(name, process, ready);
    // One that hangs before it has its pid file would not be found by it.
    if (!up && !RunningProcess::from_pid_file(context_.paths.pid_file(name))) process->kill();
    return up;
  }

  template <class Ready>
  Result<void> wait(const std::string& name, std::optional<StartedDaemon>& process, Ready ready) {
    const auto deadline = std::chrono::steady_clock::now() + start_limit;
    while (!ready()) {
      const auto said = process ? std::string(trim(process->said())) : std::string();
      const auto status = process ? process->exit_status() : std::nullopt;
      if (status) {
        const auto last_words = std::string(trim(process->said()));
        const auto code = *status == 2   ? ErrorCode::invalid_input
                          : *status == 4 ? ErrorCode::not_permitted
                                         : ErrorCode::refused;
        return Error{code, name + " ended with exit status " + std::to_string(*status) +
                               (last_words.empty() ? "" : "\n" + last_words)};
      }
      if (std::chrono::steady_clock::now() >= deadline)
        return Error{ErrorCode::timed_out,
                     name + " does not become ready" + (said.empty() ? problems(name) : "\n" + said)};
      std::this_thread::sleep_for(ask_interval);
    }
    return {};
  }

  // systemd does not start ikpmd at all when it cannot unseal the credential.
  Error with_machine_key(std::string_view name, Error why) {
    if (name != "ikpmd") return why;
    const auto& paths = context_.paths;
    const MachineKeyWitness witness{
        .units = true, .refused = false, .unseals = [&paths] { return credential_unseals(paths); }};
    const auto obstacle = machine_key_obstacle(paths, witness);
    if (obstacle == BootObstacle::tpm_missing || obstacle == BootObstacle::credential_refused)
      why.text += "\n" + std::string(sentence(*obstacle));
    return why;
  }

  std::string problems(std::string_view name) {
    const char* method = name == "ikpmd" ? "ike.status" : "policy.status";
    const auto answer = daemons_.call(name, method, Json::object(), ask_patience);
    std::string text;
    if (answer)
      for (const auto& problem : texts_of(*answer, "problems")) text += "\n" + problem;
    const auto supervision = daemons_.call(supervisor_name, "supervisor.status", Json::object(), ask_patience);
    const auto* watched = supervision ? member(*supervision, "daemons") : nullptr;
    const auto* mine = watched == nullptr ? nullptr : member(*watched, name);
    if (mine != nullptr && !text_of(*mine, "last_end").empty()) text += "\nit ended: " + text_of(*mine, "last_end");
    return text;
  }

  Context& context_;
  Daemons daemons_;
  Json audit_;
  Json typed_;
  std::vector<std::string> missing_;
  std::set<std::string, std::less<>> started_;
  std::optional<StartedDaemon> not_ours_;  // empty: a daemon that ran before, or whose process is no longer watched
};

// What the configuration says about auditing, and what the command line says over it.
Json audit_parameters(const Context& context, const Startup& startup, const Json& typed) {
  Json audit{{"level", startup.audit_level},
             {"directory", context.paths.below_root(startup.audit_directory).string()},
             {"max_kilobytes", startup.audit_max_kilobytes}};
  audit.update(typed);
  return audit;
}

// The same as the settings of a unit. The directory is below --root already, where there are no units.
Startup startup_of(const Json& audit) {
  Startup startup;
  startup.audit_level = text_of(audit, "level");
  startup.audit_directory = text_of(audit, "directory");
  startup.audit_max_kilobytes = static_cast<std::uint32_t>(number_of(audit, "max_kilobytes"));
  return startup;
}

int report(Context& context, Starter& starter, const char* sentence) {
  if (context.json)
    context.out << starter.report().dump(2) << "\n";
  else
    context.out << sentence << "\n";
  return 0;
}
}  // namespace

int admin_start(Context& context) {
  const auto typed = audit_settings(context.arguments);
  if (!typed) return context.fail("audit settings", typed.error());
  auto parsed = load_configuration(context.paths.configuration());
  if (!parsed.valid())
    return context.fail({Exit::usage, "checking the configuration", error_lines(parsed), "nothing was started"});
  if (!Keystore::exists(context.paths.keystore()))
    return context.fail({Exit::not_permitted, "starting IPSec", "no IPSec password has been set",
                         "set one with ipsec_admin -newpasswd"});

  parsed.messages.clear();  // ipsec_mgr check tells the others
  add_host_warnings(parsed, context.paths.configuration());
  for (const auto& line : parsed.lines()) context.err << context.tool.name << ": " << line << "\n";

  Starter starter(context, audit_parameters(context, parsed.configuration->startup, *typed), *typed);
  starter.look();
  if (starter.missing().empty() && !starter.locked()) {
    if (const auto supervised = starter.supervise(); !supervised)
      return context.fail("starting the supervisor", supervised.error());
    if (!typed->empty()) return admin_audit(context);
    return report(context, starter, "IPSec is running already");
  }
  const auto password = context.password("IPSec password: ");
  if (!password) return context.fail("reading the password", password.error());
  // Before anything is started: a wrong password starts nothing.
  if (const auto opened = open_store(context, *password); !opened)
    return context.fail("opening the key store", opened.error());
  if (auto wanted = write_start_file(context.paths, startup_of(starter.audit())); !wanted)
    return context.fail("starting IPSec", wanted.error());
  const bool tried_again = starter.supervisor_runs();
  const bool fresh = starter.nothing_runs() && !tried_again;
  if (const auto up = starter.bring_up(*password); !up) {
    if (fresh) (void)remove_start_file(context.paths);
    const auto left = starter.take_back();
    auto why = failure("starting IPSec", up.error());
    why.remedy = fresh ? "everything was stopped again" : "what was started now was stopped again";
    if (tried_again) why.remedy = std::string(supervisor_name) + " goes on trying until ipsec_admin -stop";
    if (!left.empty()) why.remedy = "stopping it again failed too: " + join(left, "; ");
    if (why.exit == Exit::not_running) why.exit = Exit::failed;  // the daemon that was being started
    return context.fail(why);
  }
  // What cannot be remembered keeps IPSec from starting with the system, and -status says so; it runs all the same.
  if (const auto remembered = remember_configuration(context.paths); !remembered)
    context.err << context.tool.name << ": warning: " << safe(remembered.error().text) << "\n";
  return report(context, starter, "IPSec started");
}

}  // namespace ipsec9000::cli
