#include "watched_daemon.hpp"

#include <nlohmann/json.hpp>

namespace ipsec9000 {

WatchedDaemon::WatchedDaemon(const DaemonContext& context, std::string name, std::filesystem::path program,
                             std::function<std::vector<std::string>()> arguments, const Patience& patience)
    : context_(context),
      name_(std::move(name)),
      program_(std::move(program)),
      arguments_(std::move(arguments)),
      patience_(patience),
      pause_(context.loop),
      next_question_(context.loop),
      peer_(context.loop, context.paths.socket(name_)) {
  peer_.on_connected([this] { ask_whether_it_lives(); });
  peer_.start();
}

void WatchedDaemon::watch() {
  if (pause_.armed()) plan_.forget();
  if (!child_ && !adopted_) look();
}

void WatchedDaemon::look() {
  pause_.cancel();
  if (let_go_) return;
  begun_ = context_.loop.now();
  if ((adopted_ = RunningProcess::from_pid_file(context_.paths.pid_file(name_)))) return follow(*adopted_);
  auto started = Child::start(program_, arguments_());
  if (!started) return begin_again(started.error().text);
  child_.emplace(std::move(*started));
  follow(child_->process());
}

void WatchedDaemon::follow(const RunningProcess& process) {
  end_watch_ = context_.loop.watch_readable(process.fd(), [this] { ended(); });
  if (end_watch_) return;
  // Without descriptors nothing can be watched; what runs keeps running, and is looked for again.
  child_.reset();
  adopted_.reset();
  begin_again("it could not be watched");
}

void WatchedDaemon::ended() {
  end_watch_ = {};
  auto cause = child_ ? child_->end() : std::string("ended");
  if (std::exchange(hangs_, false)) cause = "did not answer and was ended by force";
  child_.reset();
  adopted_.reset();
  if (let_go_) return;
  // Somebody was faster than we: ours has found it there, and ended.
  if (RunningProcess::from_pid_file(context_.paths.pid_file(name_))) return look();
  begin_again(cause);
}

void WatchedDaemon::begin_again(const std::string& cause) {
  const auto pause = plan_.next_pause(std::chrono::floor<Duration>(context_.loop.now() - begun_));
  last_end_ = cause;
  ++restarts_;
  next_start_ = context_.loop.now() + pause;
  context_.audit.record(audit::daemon_died, {{"daemon", name_},
                                             {"cause", cause},
                                             {"milliseconds", std::to_string(pause.count())},
                                             {"count", std::to_string(restarts_)}});
  pause_.arm(pause, [this] { look(); });
}

void WatchedDaemon::ask_whether_it_lives() {
  peer_.call("rpc.ping", Json::object(), patience_.answer_time, [this](const Result<Json>& answer) {
    if (answer) return next_question_.arm(patience_.ask_interval, [this] { ask_whether_it_lives(); });
    if (answer.error().code != ErrorCode::timed_out || let_go_) return;  // a lost connection is made again
    hangs_ = true;
    if (child_) return child_->process().kill();
    if (adopted_) adopted_->kill();
  });
}

void WatchedDaemon::let_go() {
  let_go_ = true;
  pause_.cancel();
  next_question_.cancel();
  if (child_ && !peer_.connected()) child_->process().kill();
}

Json WatchedDaemon::status() const {
  Json status{{"state", pause_.armed() ? "waiting" : "running"},
              {"pid", nullptr},
              {"restarts", restarts_},
              {"last_end", last_end_.empty() ? Json(nullptr) : Json(last_end_)},
              {"next_start", nullptr}};
  if (child_) status["pid"] = child_->process().pid();
  if (adopted_) status["pid"] = adopted_->pid();
  if (pause_.armed())
    status["next_start"] =
        std::max<std::int64_t>(0, std::chrono::ceil<Duration>(next_start_ - context_.loop.now()).count());
  return status;
}

}  // namespace ipsec9000
