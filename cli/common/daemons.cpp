#include "cli/common/daemons.hpp"

#include <nlohmann/json.hpp>

namespace ipsec9000::cli {

std::string_view to_string(DaemonState state) {
  switch (state) {
    case DaemonState::running:
      return "running";
    case DaemonState::not_responding:
      return "not responding";
    case DaemonState::not_running:
      break;
  }
  return "not running";
}

Result<ipc::Client*> Daemons::client(std::string_view daemon, Duration patience) {
  if (const auto known = clients_.find(daemon); known != clients_.end()) return &known->second;
  auto fresh = ipc::Client::connect(paths_.socket(daemon), patience);
  if (!fresh) return fresh.error();
  return &clients_.insert_or_assign(std::string(daemon), std::move(*fresh)).first->second;
}

// After these the connection is closed, or an answer may still come that is none to the next question.
void Daemons::forget(std::string_view daemon, const Error& error) {
  if (error.code != ErrorCode::not_running && error.code != ErrorCode::timed_out && error.code != ErrorCode::io) return;
  if (const auto known = clients_.find(daemon); known != clients_.end()) clients_.erase(known);
}

Result<Json> Daemons::call(std::string_view daemon, std::string_view method, const Json& params) {
  return call(daemon, method, params, patience_);
}

Result<Json> Daemons::call(std::string_view daemon, std::string_view method, const Json& params, Duration patience) {
  const auto connected = client(daemon, patience);
  if (!connected) return connected.error();
  auto answer = (*connected)->call(method, params, patience);
  if (!answer) forget(daemon, answer.error());
  return answer;
}

Result<void> Daemons::pages(std::string_view daemon, std::string_view method, const Json& params,
                            const ipc::Client::OnItem& each) {
  const auto connected = client(daemon, patience_);
  if (!connected) return connected.error();
  auto done = (*connected)->call_pages(method, params, each, patience_);
  if (!done) forget(daemon, done.error());
  return done;
}

DaemonState Daemons::state(std::string_view daemon, Duration patience) {
  const auto answer = call(daemon, "rpc.ping", Json::object(), patience);
  if (answer) return DaemonState::running;
  return answer.error().code == ErrorCode::not_running ? DaemonState::not_running : DaemonState::not_responding;
}

}  // namespace ipsec9000::cli
