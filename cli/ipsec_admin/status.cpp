#include <nlohmann/json.hpp>
#include <ostream>

#include "base/clock.hpp"
#include "cli/common/daemons.hpp"
#include "cli/common/machine_key.hpp"
#include "cli/common/print_status.hpp"
#include "cli/common/service_manager.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_admin/commands.hpp"
#include "keystore/keystore.hpp"
#include "policy/boot.hpp"

namespace ipsec9000::cli {

namespace {
constexpr Duration patience{3000};  // -status is asked when something hangs: it must not hang itself

void take(Json& status, const char* as, const Json& answer, const char* name) {
  if (const auto* value = member(answer, name)) status[as] = *value;
}

void take_problems(Json& status, const std::string& daemon, const Json& answer) {
  for (auto& problem : texts_of(answer, "problems")) status["problems"].push_back(daemon + ": " + std::move(problem));
}

// The document with every member that DESIGN names, also when nothing runs.
Json empty_status(const Paths& paths) {
  const bool keys = Keystore::exists(paths.keystore());
  return Json{{"daemons", Json::object()},
              {"kernel", nullptr},
              {"in_step", nullptr},
              {"audit", {{"level", nullptr}, {"file", nullptr}, {"max_kilobytes", nullptr}}},
              {"trace", nullptr},
              {"policies", nullptr},
              {"isakmp_sas", nullptr},
              {"ipsec_sas", nullptr},
              {"kernel_events", nullptr},
              {"overruns", 0},
              {"repairs", 0},
              {"configuration", paths.configuration().string()},
              {"keystore", keys ? Json(nullptr) : Json("missing")},
              {"supervision", {{"by", nullptr}, {"restarts", nullptr}}},
              {"boot", {{"enabled", nullptr}, {"obstacle", nullptr}}},
              {"problems", Json::array()}};
}

// What to say for a daemon that does not answer as it should.
std::string consequence(std::string_view daemon) {
  if (daemon == "secauditd") return "no audit records are written; the others keep them for a while";
  if (daemon == "secpolicyd") return "no new SAs can be asked for, and policies are not watched";
  return "no SAs can be negotiated; traffic that needs new ones is blocked";
}

void ask(Daemons& daemons, Json& status, std::string_view daemon, const char* method,
         void (*read)(Json&, const Json&)) {
  const auto answer = daemons.call(daemon, method, Json::object(), patience);
  if (answer)
    read(status, *answer);
  else
    status["problems"].push_back(std::string(daemon) + ": " + safe(answer.error().text));
}

void read_audit(Json& status, const Json& answer) {
  for (const char* name : {"level", "file", "max_kilobytes"}) take(status["audit"], name, answer, name);
  if (const auto problem = text_of(answer, "problem"); !problem.empty())
    status["problems"].push_back("secauditd: " + problem);
}

void count_overruns(Json& status, const Json& answer) {
  status["overruns"] = number_of(status, "overruns") + number_of(answer, "overruns");
}

void read_policy(Json& status, const Json& answer) {
  count_overruns(status, answer);
  take(status, "repairs", answer, "repairs");
  for (const char* name : {"kernel", "in_step", "policies", "configuration", "kernel_events", "trace"})
    take(status, name, answer, name);
  take_problems(status, "secpolicyd", answer);
}

void read_ike(Json& status, const Json& answer) {
  count_overruns(status, answer);
  for (const char* name : {"isakmp_sas", "ipsec_sas", "keystore"}) take(status, name, answer, name);
  take_problems(status, "ikpmd", answer);
  if (text_of(answer, "keystore") == "locked")
    status["problems"].push_back("the key store is locked: give the password with ipsec_admin -start");
}

// Who starts a daemon again that ends, and how often that was needed.
void look_at_supervision(Daemons& daemons, Json& status) {
  auto& supervision = status["supervision"];
  if (units_are_installed(daemons.paths())) {
    supervision["by"] = "systemd";
    return;
  }
  const auto answer = daemons.call(supervisor_name, "supervisor.status", Json::object(), patience);
  const auto* watched = answer ? member(*answer, "daemons") : nullptr;
  if (watched == nullptr || !watched->is_object()) {
    status["problems"].push_back("no " + std::string(supervisor_name) +
                                 " runs: nobody starts a daemon again that ends: ipsec_admin -start mends that");
    return;
  }
  supervision["by"] = std::string(supervisor_name);
  supervision["restarts"] = Json::object();
  for (const auto& [name, state] : watched->items()) {
    supervision["restarts"][name] = number_of(state, "restarts");
    if (text_of(state, "state") == "waiting")
      status["problems"].push_back(safe(name) + " ended (" + text_of(state, "last_end") + ") and is started again in " +
                                   text_of(state, "next_start") + " ms");
  }
}

// What ikpmd says is believed as far as it goes: a store that it opened by the password says nothing about the key.
std::optional<BootObstacle> look_at_machine_key(Daemons& daemons, const Json& status) {
  MachineKeyWitness witness{.units = units_are_installed(daemons.paths()), .refused = false, .unseals = {}};
  if (status["daemons"]["ikpmd"] == "running") {
    const auto answer = daemons.call("ikpmd", "ike.status", Json::object(), patience);
    witness.refused = answer && flag_of(*answer, "machine_key_refused");
  }
  // A unit that has started was given what is in the credential, unless systemd did not find its own key.
  if (status["daemons"]["ikpmd"] != "running" || status["keystore"] != "open")
    witness.unseals = [&daemons] { return credential_unseals(daemons.paths()); };
  return machine_key_obstacle(daemons.paths(), witness);
}

// Whether IPSec starts with the system, and what keeps it from that.
void look_at_boot(Daemons& daemons, Json& status) {
  const auto& paths = daemons.paths();
  std::optional<bool> bootup;
  // A file that is in force is valid; checking 100 000 policies again would take most of a second.
  if (status["daemons"]["secpolicyd"] == "running") {
    const auto answer = daemons.call("secpolicyd", "config.in_force", Json::object(), patience);
    if (answer && flag_of(*answer, "same")) bootup = flag_of(*answer, "bootup");
  }
  if (!bootup) {
    const auto parsed = load_configuration(paths.configuration());
    if (parsed.valid()) bootup = parsed.configuration->startup.bootup;
  }
  if (bootup) status["boot"]["enabled"] = *bootup;
  auto obstacle = bootup ? boot_obstacle(paths, *bootup) : BootObstacle::invalid_configuration;
  if (!obstacle) obstacle = look_at_machine_key(daemons, status);
  if (!obstacle) return;
  status["boot"]["obstacle"] = std::string(to_string(*obstacle));
  std::error_code failure;
  const bool was_started = std::filesystem::exists(last_configuration(paths), failure);
  const bool said_already = *obstacle == BootObstacle::no_password || *obstacle == BootObstacle::off;
  if (said_already || (*obstacle == BootObstacle::invalid_configuration && !was_started)) return;
  status["problems"].push_back("IPSec does not start with the system: " + std::string(sentence(*obstacle)));
}

struct Question {
  std::string_view daemon;
  const char* method;
  void (*read)(Json&, const Json&);
};
constexpr Question questions[] = {{"secauditd", "audit.status", read_audit},
                                  {"secpolicyd", "policy.status", read_policy},
                                  {"ikpmd", "ike.status", read_ike}};
}  // namespace

int admin_status(Context& context) {
  Daemons daemons(context.paths, patience);
  auto status = empty_status(context.paths);
  std::size_t running = 0;
  std::vector<std::string> missing;
  for (const auto& question : questions) {
    const auto state = daemons.state(question.daemon, patience);
    status["daemons"][std::string(question.daemon)] = std::string(to_string(state));
    if (state == DaemonState::running) {
      ++running;
      ask(daemons, status, question.daemon, question.method, question.read);
    } else {
      missing.push_back(std::string(question.daemon) + " is " + std::string(to_string(state)) + ": " +
                        consequence(question.daemon));
    }
  }
  if (running == 0) {  // no problem but a state
    status["kernel"] = "down";
    status["in_step"] = false;
  } else {
    for (auto& sentence : missing) status["problems"].push_back(std::move(sentence));
    look_at_supervision(daemons, status);
  }
  look_at_boot(daemons, status);
  if (!Keystore::exists(context.paths.keystore()))
    status["problems"].push_back("no IPSec password has been set: use ipsec_admin -newpasswd");
  if (context.json) {
    context.out << status.dump(2) << "\n";
  } else {
    const auto now = wall_now();
    context.out << print_status(status, hp_date(now));
  }
  return running == daemon_names.size() ? 0 : static_cast<int>(Exit::not_running);
}

}  // namespace ipsec9000::cli
