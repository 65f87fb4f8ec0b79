#include "cli/ipsec_report/explain.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/address.hpp"
#include "base/clock.hpp"
#include "base/selector.hpp"
#include "base/text.hpp"
#include "cli/common/print_sa.hpp"
#include "cli/common/show.hpp"
#include "xfrm/links.hpp"
#include "xfrm/statistics.hpp"

namespace ipsec9000::cli {

namespace {
constexpr Duration patience{10'000};
constexpr std::size_t failures_shown = 3;

// The packet that the policies are asked about.
struct Question {
  std::string protocol;  // "" until one is known
  std::uint64_t port = 0;
  std::uint64_t local_port = 0;  // 0: any client's
};

// Without a port to go by: that of the first policy that secures anything to this host.
Question guess(Daemons& daemons, const IpAddress& remote) {
  Question guessed;
  (void)daemons.pages("secpolicyd", "policy.list", Json{{"view", "active"}}, [&](const Json& item) -> Result<void> {
    if (!guessed.protocol.empty() || text_of(item, "action") != "secure" || text_of(item, "direction") != "out")
      return {};
    const auto destination = text_of(item, "destination");
    const auto prefix = Prefix::parse(destination);
    if (destination != "any" && (!prefix || !prefix->contains(remote))) return {};
    guessed.protocol = text_of(item, "protocol");
    guessed.port = number_of(item, "destination_port");
    guessed.local_port = number_of(item, "source_port");
    return {};
  });
  if (guessed.protocol.empty() || guessed.protocol == "any") guessed.protocol = "tcp";
  return guessed;
}

void find_policy(Daemons& daemons, const Question& question, Findings& found) {
  if (found.local.empty()) return;
  const auto protocol = parse_protocol(question.protocol);
  const std::uint64_t any_client_port = protocol && has_ports(*protocol) ? 65535 : 0;
  const auto local_port = question.local_port == 0 ? any_client_port : question.local_port;
  const Json query{{"source", found.local},         {"source_port", local_port},
                   {"destination", found.remote},   {"destination_port", question.port},
                   {"protocol", question.protocol}, {"direction", "out"}};
  found.asked = question.protocol + (question.port == 0 ? "" : " port " + std::to_string(question.port)) +
                (question.local_port == 0 ? "" : " from port " + std::to_string(question.local_port));
  const auto answer = daemons.call("secpolicyd", "policy.query", query);
  if (!answer) return;
  if (const auto* policy = member(*answer, "policy")) {
    found.policy = text_of(*policy, "name");
    found.policy_kind = text_of(*policy, "kind");
    found.action = text_of(*policy, "action");
  }
  if (const auto* isakmp = member(*answer, "isakmp_policy")) {
    found.isakmp_policy = text_of(*isakmp, "name");
    found.authentication = text_of(*isakmp, "authentication");
  }
  const auto* agrees = member(*answer, "kernel_agrees");
  found.kernel_agrees = agrees == nullptr || *agrees != false;
}

void find_sas(Daemons& daemons, Findings& found) {
  (void)daemons.pages("ikpmd", "sad.list", Json::object(), [&](const Json& item) -> Result<void> {
    if (text_of(item, "state") != "mature") return {};
    const bool out = text_of(item, "destination") == found.remote;
    if (!out && text_of(item, "source") != found.remote) return {};
    ++(out ? found.sas_out : found.sas_in);
    (out ? found.packets_out : found.packets_in) += number_of(item, "packets");
    return {};
  });
  (void)daemons.pages("ikpmd", "mad.list", Json::object(), [&](const Json& item) -> Result<void> {
    if (text_of(item, "remote") == found.remote) ++found.isakmp_sas;
    return {};
  });
}

void find_negotiations(Daemons& daemons, Findings& found) {
  (void)daemons.pages("ikpmd", "failures.list", Json{{"remote", found.remote}}, [&](const Json& item) -> Result<void> {
    auto failure = failure_record_from_json(item);
    if (failure && found.failures.size() < failures_shown) found.failures.push_back(std::move(*failure));
    return {};
  });
  if (const auto peer = daemons.call("ikpmd", "ike.peer", Json{{"remote", found.remote}})) {
    found.sent = number_of(*peer, "sent");
    found.received = number_of(*peer, "received");
  }
  bool has_key = false;
  const auto listed = daemons.pages("ikpmd", "key.list", Json::object(), [&](const Json& item) -> Result<void> {
    has_key = has_key || text_of(item, "remote") == found.remote;
    return {};
  });
  if (listed) found.has_key = has_key;
}

void find_drops(Findings& found) {
  const auto counts = read_xfrm_statistics();
  if (!counts) return;
  for (const auto& counter : xfrm_counters())
    if (const auto count = counts->find(counter.name); count != counts->end() && count->second != 0)
      found.drops.emplace_back(counter.words, count->second);
}

Json as_json(const Findings& found, const std::vector<std::string>& next) {
  Json failures = Json::array();
  for (const auto& failure : found.failures) failures.push_back(to_json(failure));
  Json drops = Json::array();
  for (const auto& [words, count] : found.drops) drops.push_back({{"what", words}, {"count", count}});
  return {{"remote", found.remote},
          {"local", found.local},
          {"daemons_down", found.daemons_down},
          {"asked", found.asked},
          {"policy", {{"name", found.policy}, {"kind", found.policy_kind}, {"action", found.action}}},
          {"isakmp_policy", found.isakmp_policy ? Json(*found.isakmp_policy) : Json(nullptr)},
          {"kernel_agrees", found.kernel_agrees},
          {"key", found.has_key ? Json(*found.has_key) : Json(nullptr)},
          {"authentication", found.authentication.empty() ? Json(nullptr) : Json(found.authentication)},
          {"certificates", found.certificates ? to_json(*found.certificates) : Json(nullptr)},
          {"isakmp_sas", found.isakmp_sas},
          {"ipsec_sas", {{"in", found.sas_in}, {"out", found.sas_out}}},
          {"packets", {{"in", found.packets_in}, {"out", found.packets_out}}},
          {"udp_500", {{"sent", found.sent}, {"received", found.received}}},
          {"failures", std::move(failures)},
          {"kernel_drops", std::move(drops)},
          {"next", next}};
}

}  // namespace

std::string in_words(const Findings& found, const std::vector<std::string>& next) {
  const auto count = [](std::uint64_t number) { return std::to_string(number); };
  const auto or_none = [](const std::string& text) { return text.empty() ? std::string("none") : text; };
  std::string text = "----------------- IPSec with " + found.remote + " -----------------\n";
  text += "Local IP Address: " + or_none(found.local) + "\n";
  text += "Asked about: " + or_none(found.asked) + " to " + found.remote + "\n";
  text += "IPSec policy: " + or_none(found.policy) +
          (found.action.empty() ? "" : " (" + found.policy_kind + ", " + found.action + ")") + "\n";
  text += "ISAKMP policy: " + or_none(found.isakmp_policy.value_or("")) +
          (found.authentication.empty() ? "" : " (" + method_words(found.authentication) + ")") + "\n";
  if (found.certificates)
    text += in_words(*found.certificates);
  else
    text += "Pre-shared key: " + std::string(!found.has_key ? "unknown" : *found.has_key ? "stored" : "none") + "\n";
  text += "ISAKMP SAs: " + count(found.isakmp_sas) + "     IPSec SAs: " + count(found.sas_in) + " in, " +
          count(found.sas_out) + " out     Packets: " + count(found.packets_in) + " in, " + count(found.packets_out) +
          " out\n";
  text += "IKE messages (UDP 500): " + count(found.sent) + " sent, " + count(found.received) + " received\n";
  for (std::size_t n = 0; n < found.failures.size(); ++n) text += "\n" + print(found.failures[n], n + 1);
  if (!found.drops.empty()) text += "\nDropped by the kernel, of the whole host:\n";
  for (const auto& [words, number] : found.drops) text += "  " + count(number) + " " + words + "\n";
  text += "\nWhat to do next:\n";
  for (const auto& sentence : next) text += "  " + safe(sentence) + "\n";
  return text;
}

int explain(Context& context) {
  const auto remote = IpAddress::parse(context.arguments.value("explain").value_or(""));
  if (!remote) return context.fail("-explain", remote.error());
  Question question;
  if (const auto protocol = context.arguments.value("p")) question.protocol = *protocol;
  if (const auto port = context.arguments.value("dp")) {
    const auto number = parse_number(*port, 65535);
    if (!number) return context.fail("-dp", Error{ErrorCode::invalid_input, "expected a port from 0 to 65535"});
    question.port = *number;
    if (question.protocol.empty()) question.protocol = "tcp";
  }
  Findings found;
  found.remote = remote->to_string();
  if (const auto local = source_address_for(*remote)) found.local = local->to_string();
  Daemons daemons(context.paths, patience);
  for (const auto name : daemon_names)
    if (daemons.state(name) != DaemonState::running) found.daemons_down.emplace_back(name);
  find_policy(daemons, question.protocol.empty() ? guess(daemons, *remote) : question, found);
  find_sas(daemons, found);
  find_negotiations(daemons, found);
  if (wants_signatures(found.authentication))
    found.certificates = find_certificates(daemons, found.authentication, wall_now());
  find_drops(found);
  const auto next = advice(found);
  if (context.json)
    context.out << Json{{"explain", as_json(found, next)}}.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  else
    context.out << in_words(found, next);
  return found.daemons_down.empty() ? 0 : static_cast<int>(Exit::not_running);
}

}  // namespace ipsec9000::cli
