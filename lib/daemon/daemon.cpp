#include "daemon/daemon.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "daemon/options.hpp"
#include "daemon/process.hpp"

namespace ipsec9000 {

namespace {

constexpr Duration drain_time{1000};  // for the last audit records

// The parts of a running daemon, in the order in which they need each other.
class RunningDaemon {
 public:
  RunningDaemon(const DaemonDescription& description, Paths paths)
      : description_(description),
        paths_(std::move(paths)),
        server_(loop_, paths_.socket(description.name)),
        audit_(loop_, paths_.socket("secauditd"), description.name),
        stop_limit_(loop_),
        watchdog_(loop_),
        context_{loop_, paths_, server_, audit_, [this](std::string cause) { stop(std::move(cause)); }} {}

  Result<void> run() {
    add_methods();
    watch_signals();
    auto service = description_.build(context_);
    if (!service) return service.error();
    service_ = std::move(*service);
    if (auto started = service_->start(); !started) return started;
    if (auto listening = server_.start(); !listening) return listening;
    audit_.start();
    audit_.record(audit::daemon_started,
                  {{"daemon", description_.name}, {"version", IPSEC9000_VERSION}, {"pid", std::to_string(::getpid())}});
    notify_service_manager("READY=1");
    if (const auto interval = watchdog_interval()) feed_watchdog(*interval);
    loop_.run();
    return {};
  }

 private:
  void add_methods() {
    server_.add("daemon.status",
                [this](const Json&, const Caller&, const RpcServer::Reply& reply) { reply(status()); });
    server_.add("daemon.stop", [this](const Json&, const Caller&, const RpcServer::Reply& reply) {
      reply(Json::object());
      stop("daemon.stop");
    });
  }

  Json status() const {
    const auto uptime = std::chrono::duration_cast<seconds>(loop_.now() - begun_).count();
    Json status = {{"name", description_.name},
                   {"version", IPSEC9000_VERSION},
                   {"pid", ::getpid()},
                   {"uptime", uptime},
                   {"state", stopping_ ? "stopping" : "running"},
                   {"audit_queued", audit_.queued()},
                   {"audit_dropped", audit_.dropped()}};
    if (service_) service_->add_status(status);
    return status;
  }

  void watch_signals() {
    loop_.on_signal({SIGTERM, SIGINT}, [this](int signal) {
      if (stopping_) return loop_.stop();
      stop(signal == SIGTERM ? "SIGTERM" : "SIGINT");
    });
    loop_.on_signal({SIGHUP}, [this](int) {
      if (service_ && !stopping_) service_->reload();
    });
  }

  void feed_watchdog(Duration interval) {
    notify_service_manager("WATCHDOG=1");
    watchdog_.arm(interval, [this, interval] { feed_watchdog(interval); });
  }

  // The service says good-bye, then the last audit records go out, then the loop ends; each has its time.
  void stop(std::string cause) {
    if (std::exchange(stopping_, true)) return;
    notify_service_manager("STOPPING=1");
    cause_ = std::move(cause);
    stop_limit_.arm(stop_time, [this] { drain(); });
    // Not from inside whoever asked for the stop.
    loop_.post([this] {
      if (service_) {
        service_->stop([this] { drain(); });
      } else {
        drain();
      }
    });
  }

  void drain() {
    if (std::exchange(draining_, true)) return;
    audit_.record(audit::daemon_stopped, {{"daemon", description_.name}, {"cause", cause_}});
    stop_limit_.arm(drain_time, [this] { loop_.stop(); });
    audit_.when_drained([this] { loop_.post([this] { loop_.stop(); }); });
  }

  const DaemonDescription& description_;
  Paths paths_;
  EventLoop loop_;
  TimePoint begun_ = loop_.now();
  RpcServer server_;
  AuditClient audit_;
  EventLoop::Timer stop_limit_;
  EventLoop::Timer watchdog_;
  bool stopping_ = false;
  bool draining_ = false;
  std::string cause_;
  DaemonContext context_;
  std::unique_ptr<DaemonService> service_;
};

Result<void> run(const DaemonDescription& description, const std::filesystem::path& root) {
  if (auto hardened = harden_process(); !hardened) return hardened;
  Paths paths{root};
  if (auto made = make_directory(paths.run_directory(), 0700); !made) return made;
  const auto pid_file = PidFile::claim(paths.pid_file(description.name));
  if (!pid_file) return pid_file.error();
  RunningDaemon daemon(description, std::move(paths));
  return daemon.run();
}

int exit_status(ErrorCode code) {
  if (code == ErrorCode::invalid_input) return 2;
  if (code == ErrorCode::not_permitted) return 4;
  return 1;
}

}  // namespace

int run_daemon(const DaemonDescription& description, int argc, char** argv) {
  Result<void> outcome;
  try {
    const auto line = parse_daemon_options(description, argc, argv);
    if (line.exit_status) return *line.exit_status;
    outcome = run(description, line.root);
  } catch (const std::exception& failure) {  // of a library, where nobody nearer could go on: no memory, no epoll
    outcome = Error{ErrorCode::internal, failure.what()};
  }
  if (outcome) return 0;
  std::fprintf(stderr, "%s: %s\n", description.name.c_str(), escape_control(outcome.error().text).c_str());
  return exit_status(outcome.error().code);
}

}  // namespace ipsec9000
