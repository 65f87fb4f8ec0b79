// ipsec9000-supervisor: where no systemd runs the host, starts a daemon again that has ended or hangs.
#include <list>
#include <nlohmann/json.hpp>

#include "daemon/daemon.hpp"
#include "policy/boot.hpp"
#include "watched_daemon.hpp"

using namespace ipsec9000;

namespace {
class Supervisor final : public DaemonService {
 public:
  Supervisor(DaemonContext& context, const std::filesystem::path& programs) : context_(context) {
    for (const char* name : {"secauditd", "secpolicyd", "ikpmd"})
      daemons_.emplace_back(
          context, name, programs / name, [this, name = std::string(name)] { return arguments_of(name); },
          WatchedDaemon::Patience{});
    context.server.add("supervisor.status",
                       [this](const Json&, const Caller&, const RpcServer::Reply& reply) { reply(status()); });
    context.server.add("supervisor.start", [this](const Json&, const Caller&, const RpcServer::Reply& reply) {
      for (auto& daemon : daemons_) daemon.watch();
      reply(Json::object());
    });
  }

  Result<void> start() override {
    for (auto& daemon : daemons_) daemon.watch();
    return {};
  }

  void stop(std::function<void()> done) override {
    for (auto& daemon : daemons_) daemon.let_go();
    done();
  }

 private:
  std::vector<std::string> arguments_of(const std::string& name) const {
    std::vector<std::string> arguments;
    if (!context_.paths.root.empty()) arguments = {"--root", context_.paths.root.string()};
    if (name != "secauditd") return arguments;
    // As it was wanted last; without the file its own defaults must do.
    if (const auto startup = read_start_file(context_.paths))
      arguments.insert(arguments.end(), {"--level", startup->audit_level, "--directory", startup->audit_directory,
                                         "--max-kilobytes", std::to_string(startup->audit_max_kilobytes)});
    return arguments;
  }

  Json status() const {
    Json each = Json::object();
    for (const auto& daemon : daemons_) each[daemon.name()] = daemon.status();
    return {{"daemons", std::move(each)}};
  }

  DaemonContext& context_;
  std::list<WatchedDaemon> daemons_;  // in the order in which they start
};
}  // namespace

int main(int argc, char** argv) {
  const auto build = [](DaemonContext& context) -> Result<std::unique_ptr<DaemonService>> {
    std::error_code failure;
    const auto own = std::filesystem::read_symlink("/proc/self/exe", failure);
    if (failure) return Error{ErrorCode::io, "/proc/self/exe: " + failure.message()};
    return std::unique_ptr<DaemonService>(std::make_unique<Supervisor>(context, own.parent_path()));
  };
  return run_daemon({.name = "ipsec9000-supervisor",
                     .summary = "Starts secauditd, secpolicyd and ikpmd again when they end or hang, where no systemd "
                                "does; ipsec_admin -start starts it, -stop ends it first",
                     .options = {},
                     .build = build},
                    argc, argv);
}
