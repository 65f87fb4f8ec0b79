#include "cli/ipsec_admin/shutdown.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/running_process.hpp"
#include "cli/common/processes.hpp"
#include "cli/common/show.hpp"

namespace ipsec9000::cli {

namespace {
constexpr Duration answer_time{5000};   // after that a daemon counts as hanging
constexpr Duration clean_time{30'000};  // for 50 000 SAs or policies
constexpr Duration end_time{7000};      // a daemon gives its own parts 5 s, and its audit records 1 s

struct Part {
  std::string_view daemon;
  const char* clean_method;  // null: it has nothing in the kernel
  const char* clean_option;  // the one-shot mode that does the same without the daemon
};
constexpr Part parts[] = {{"ikpmd", "ike.shutdown", "--flush"},
                          {"secpolicyd", "policy.withdraw", "--withdraw"},
                          {"secauditd", nullptr, nullptr}};

// Gone by itself, gone by force, or never there.
enum class End { in_order, by_force, was_dead };

End end_process(Daemons& daemons, std::string_view daemon, bool answers) {
  const auto process = RunningProcess::from_pid_file(daemons.paths().pid_file(daemon));
  if (!process) return End::was_dead;
  const bool asked = answers && daemons.call(daemon, "daemon.stop", Json::object(), answer_time).has_value();
  if (asked && process->wait_for_end(end_time)) return End::in_order;
  process->kill();
  process->wait_for_end(end_time);
  return End::by_force;
}

void clean_without(const Part& part, const Daemons& daemons, const std::filesystem::path& programs, Shutdown& result) {
  std::vector<std::string> arguments;
  if (!daemons.paths().root.empty()) arguments = {"--root", daemons.paths().root.string()};
  arguments.emplace_back(part.clean_option);
  const auto finished = run_to_end(programs / part.daemon, arguments, clean_time);
  const auto what = "cleaning the kernel with " + std::string(part.daemon) + " " + part.clean_option + ": ";
  if (!finished)
    result.failures.push_back(what + finished.error().text);
  else if (finished->status != 0)
    result.failures.push_back(
        what + (finished->said.empty() ? "exit status " + std::to_string(finished->status) : safe(finished->said)));
  else
    result.cleaned.emplace_back(part.daemon);
}

void shut_down_one(const Part& part, Daemons& daemons, const std::filesystem::path& programs, Shutdown& result) {
  const bool answers = daemons.state(part.daemon, answer_time) == DaemonState::running;
  bool clean = part.clean_method == nullptr;
  if (answers && !clean) clean = daemons.call(part.daemon, part.clean_method, Json::object(), clean_time).has_value();
  const auto end = end_process(daemons, part.daemon, answers);
  if (end == End::in_order) result.stopped.emplace_back(part.daemon);
  if (end == End::by_force) result.killed.emplace_back(part.daemon);
  if (!clean) clean_without(part, daemons, programs, result);
}
}  // namespace

bool end_supervision(Daemons& daemons) {
  const bool answers = daemons.state(supervisor_name, answer_time) == DaemonState::running;
  (void)end_process(daemons, supervisor_name, answers);
  return !RunningProcess::from_pid_file(daemons.paths().pid_file(supervisor_name));
}

Shutdown shut_down(Daemons& daemons, const std::set<std::string, std::less<>>& which,
                   const std::filesystem::path& programs) {
  Shutdown result;
  for (const auto& part : parts)
    if (which.contains(part.daemon)) shut_down_one(part, daemons, programs, result);
  return result;
}

}  // namespace ipsec9000::cli
