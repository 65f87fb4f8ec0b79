#include "server_trouble.hpp"

#include <nlohmann/json.hpp>

#include "audit/events.hpp"
#include "base/text.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration query_answer_time = seconds(5);
constexpr unsigned any_high_port = 49152;

std::string text_in(const Json& from, const char* name) {
  const auto found = from.find(name);
  return found != from.end() && found->is_string() ? escape_control(found->get<std::string>()) : "";
}
}  // namespace

void ServerTrouble::look_for_policy(const std::string& url, const fetch::Failure& failure) {
  if (!failure.unreachable || failure.local.empty() || failure.remote.empty()) return;
  const Json question{{"source", failure.local},
                      {"source_port", any_high_port},
                      {"destination", failure.remote},
                      {"destination_port", failure.port},
                      {"protocol", "tcp"},
                      {"direction", "out"},
                      {"why", false}};
  policy_manager_.call(
      "policy.query", question, query_answer_time,
      [&audit = audit_, url, remote = failure.remote](const Result<Json>& answer) {
        if (!answer || !answer->is_object()) return;
        const auto policy = answer->find("policy");
        if (policy == answer->end() || !policy->is_object()) return;
        const auto action = text_in(*policy, "action");
        if (action.empty() || action == "pass") return;
        audit.record(audit::directory_traffic_caught,
                     {{"policy", text_in(*policy, "name")}, {"action", action}, {"url", url}, {"address", remote}});
      });
}

}  // namespace ipsec9000
