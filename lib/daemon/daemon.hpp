// The one shape that all three daemons have: options, hardening, pid file, socket, start, orderly stop.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/json_fwd.hpp"
#include "base/result.hpp"
#include "daemon/audit_client.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/rpc_server.hpp"

namespace ipsec9000 {

// What a daemon builds its parts from; outlives its service.
struct DaemonContext {
  EventLoop& loop;
  const Paths& paths;
  RpcServer& server;  // methods are to be added while the service is built; it listens from start() on
  AuditClient& audit;
  std::function<void(std::string cause)> stop;  // begins the orderly stop; safe to call again
};

// A daemon's own work. It is built, started, told to reload and to stop, and destroyed on the loop's thread.
class DaemonService {
 public:
  virtual ~DaemonService() = default;
  // When it returns without error the daemon is ready: its socket then opens, and the service manager is told.
  virtual Result<void> start() { return {}; }
  // SIGHUP.
  virtual void reload() {}
  // What is to be said to others before the end; calls `done` when it has been, or is not waited for longer than
  // stop_time. The server still answers and audit records are still sent meanwhile.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): overriders keep it
  virtual void stop(std::function<void()> done) { done(); }
  // Adds its own members to the answer of "daemon.status".
  virtual void add_status(Json& status) const { (void)status; }
};

inline constexpr Duration stop_time{5000};

// An option of this daemon alone: "--level LEVEL". `value` keeps its content when the option is not given.
struct DaemonOption {
  std::string name;         // "--level"
  std::string placeholder;  // "LEVEL"
  std::string description;
  std::string* value;
};

struct DaemonDescription {
  std::string name;     // "secauditd": of the socket, the pid file and the audit records
  std::string summary;  // one sentence for --help
  std::vector<DaemonOption> options;
  std::function<Result<std::unique_ptr<DaemonService>>(DaemonContext&)> build;
};

// main() of a daemon, in the foreground. Options for all: --root DIR (or IPSEC9000_ROOT), --foreground, --version,
// --help. Methods of all: "daemon.status" ({"name", "version", "pid", "uptime" in seconds, "state": "running" or
// "stopping", "audit_queued", "audit_dropped", and the service's own) and "daemon.stop" (answers {} and then ends; the
// pid file's lock is free when it has ended). SIGTERM and SIGINT stop in order, a second one at once. Exit status: 0
// stopped in order, 1 failed, 2 wrong usage (or invalid_input from build), 4 not permitted.
int run_daemon(const DaemonDescription& description, int argc, char** argv);

}  // namespace ipsec9000
