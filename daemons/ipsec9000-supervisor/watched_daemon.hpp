// One daemon under supervision: whoever started it, when it ends or hangs it is started again.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/running_process.hpp"
#include "child.hpp"
#include "daemon/daemon.hpp"
#include "daemon/rpc_peer.hpp"
#include "restart_plan.hpp"

namespace ipsec9000 {

class WatchedDaemon {
 public:
  struct Patience {
    Duration ask_interval = seconds(10);
    Duration answer_time = seconds(30);  // one that has not answered by then hangs, and is ended by force
  };

  // `arguments` is asked anew at each start.
  WatchedDaemon(const DaemonContext& context, std::string name, std::filesystem::path program,
                std::function<std::vector<std::string>()> arguments, const Patience& patience);

  const std::string& name() const { return name_; }

  // Takes over the daemon that runs (the holder of the pid file), else starts it. Also for now instead of later.
  void watch();
  // Leaves it alone from now on. One that we have started and that does not answer yet is ended: nobody who is to stop
  // it could find it.
  void let_go();

  // {"state": "running" or "waiting", "pid", "restarts", "last_end", "next_start" in milliseconds; null where not
  // known}
  Json status() const;

 private:
  void look();
  void follow(const RunningProcess& process);
  void ended();
  void begin_again(const std::string& cause);
  void ask_whether_it_lives();

  const DaemonContext& context_;
  std::string name_;
  std::filesystem::path program_;
  std::function<std::vector<std::string>()> arguments_;
  Patience patience_;
  RestartPlan plan_;
  std::optional<Child> child_;             // when we started it
  std::optional<RunningProcess> adopted_;  // when somebody else did
  EventLoop::Watch end_watch_;
  EventLoop::Timer pause_;
  EventLoop::Timer next_question_;
  RpcPeer peer_;
  TimePoint begun_{};
  TimePoint next_start_{};
  std::uint64_t restarts_ = 0;
  std::string last_end_;
  bool hangs_ = false;
  bool let_go_ = false;
};

}  // namespace ipsec9000
