#include "trace_link.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration start_time = seconds(30);  // iptables may have to wait for its lock
constexpr Duration trace_answer_time = seconds(5);

}  // namespace

void TraceLink::start(const Json& params, RpcServer::Reply reply) {
  policy_manager_.call("trace.start", params, start_time, [this, reply = std::move(reply)](Result<Json> answer) {
    if (answer) {
      on_ = true;
      left_out_ = 0;
      engine_.trace(true);
    }
    reply(std::move(answer));
  });
}

void TraceLink::stop() {
  on_ = false;
  engine_.trace(false);
}

void TraceLink::message(ike::TraceMessage message) {
  if (!on_) return;
  if (under_way_ == most_under_way) {
    ++left_out_;
    return;
  }
  ++under_way_;
  policy_manager_.call("trace.message",
                       {{"time", wall_microseconds()},
                        {"local", message.local.address.to_string()},
                        {"local_port", message.local.port},
                        {"remote", message.remote.address.to_string()},
                        {"remote_port", message.remote.port},
                        {"sent", message.sent},
                        {"message", to_hex(message.message)},
                        {"comment", message.comment},
                        {"left_out", std::exchange(left_out_, 0)}},
                       trace_answer_time, [this](const Result<Json>& answer) {
                         --under_way_;
                         if (!answer || !answer->is_object() || answer->value("on", true) == false) stop();
                       });
}

}  // namespace ipsec9000
