#include "cli/common/print_policy.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/address.hpp"
#include "base/text.hpp"
#include "cli/common/print_sa.hpp"
#include "cli/common/show.hpp"
#include "crypto/algorithms.hpp"
#include "model/isakmp_policy.hpp"
#include "model/transform.hpp"

namespace ipsec9000::cli {

namespace {
// "10.1.0.0/24" as "10.1.0.0     Prefix: 24"; any address as HP-UX printed it.
std::string address_and_prefix(const std::string& text) {
  if (text.empty() || text == "any") return "0.0.0.0     Prefix: 0";
  const auto prefix = Prefix::parse(text);
  if (!prefix) return text;
  return prefix->address().to_string() + "     Prefix: " + std::to_string(prefix->length());
}

std::string port_shown(const std::string& text) { return text.empty() || text == "any" ? "0" : text; }

std::string protocol_shown(const std::string& text) { return text.empty() || text == "any" ? "ALL" : upper(text); }

std::string action_shown(const std::string& action) { return action == "secure" ? "Dynamic key SA" : capital(action); }

std::string filter_lines(const Json& item, const std::string& direction) {
  const bool active = !direction.empty();
  const auto end = [&](const char* title, const char* address, const char* port) {
    return std::string(title) + " IP Addr: " + address_and_prefix(text_of(item, address)) +
           "     Port number: " + port_shown(text_of(item, port)) + "\n";
  };
  auto text = active ? end("Src", "source", "source_port") + end("Dst", "destination", "destination_port")
                     : end("Local", "local", "local_port") + end("Remote", "remote", "remote_port");
  text += "Network Protocol: " + protocol_shown(text_of(item, "protocol"));
  if (active) text += "     Direction: " + direction_shown(direction);
  if (const auto* icmp = member(item, "icmp")) {
    text += "\nICMP type: " + text_of(*icmp, "type");
    if (const auto code = text_of(*icmp, "code"); !code.empty()) text += "     ICMP code: " + code;
  }
  return text + "\n";
}

// Of an active rule: the interface at whose address it holds.
std::string state_line(const Json& item) {
  const auto state = text_of(item, "state");
  if (state.empty()) return "";
  const auto interface = text_of(item, "interface");
  if (!interface.empty()) return "Interface: " + interface + "     State: " + capital(state) + "\n";
  return "State: " + capital(state) + (state == "absent" ? " (no such address of this host)" : "") + "\n";
}

std::string proposal_line(std::size_t number, const std::string& text) {
  const auto head = "Proposal " + std::to_string(number) + ": Transform: ";
  const auto transform = Transform::parse(text);
  if (!transform) return head + text + "\n";
  return head + transform->name() + "\n            Lifetime Seconds: " + std::to_string(transform->lifetime.seconds) +
         "     Lifetime Kilobytes: " + std::to_string(transform->lifetime.kilobytes) + "\n";
}

std::string protection_lines(const Json& item, const std::vector<SadEntry>& sas) {
  std::string text;
  if (const auto* tunnel = member(item, "tunnel"))
    text += "Tunnel: " + text_of(*tunnel, "local") + " -> " + text_of(*tunnel, "remote") + "\n";
  const auto transforms = texts_of(item, "transforms");
  const bool nested = !transforms.empty() && transforms.front().find('+') != std::string::npos;
  text += "Number of SA(s) Needed: " + std::string(nested ? "2" : "1") + " Pair(s)\n";
  if (const auto pfs = text_of(item, "pfs"); !pfs.empty()) text += "PFS Group: " + pfs + "\n";
  for (std::size_t n = 0; n < transforms.size(); ++n) text += proposal_line(n + 1, transforms[n]);
  if (text_of(item, "direction") == "in") return text;
  const auto pairs = pair_up(sas);
  const auto shown = std::min(pairs.size(), pairs_maximum);
  for (std::size_t n = 0; n < shown; ++n) text += print(pairs[n], n + 1);
  if (pairs.size() > shown)
    text += " -- and " + std::to_string(pairs.size() - shown) + " more SA pairs: see ipsec_report -sad --\n";
  return text;
}
}  // namespace

std::string print_policy(const Json& item, const std::vector<SadEntry>& sas) {
  const auto direction = text_of(item, "direction");
  const auto kind = text_of(item, "kind");
  const auto action = text_of(item, "action");
  std::string text = direction.empty() ? "---------------- Configured IPSec Policy Rule ----------------\n"
                                       : "------------------ Active IPSec Policy Rule ------------------\n";
  text += "Rule Name: " + text_of(item, "name") + "     Kind: " + kind;
  if (number_of(item, "place") != 0) text += "     Number: " + text_of(item, "place");
  if (const auto cookie = text_of(item, "cookie"); !cookie.empty()) text += "     Cookie: " + cookie;
  text += "\n";
  if (kind == "hashed" || kind == "ordered")
    text += filter_lines(item, direction);
  else if (!direction.empty())
    text += "Direction: " + direction_shown(direction) + "\n";
  text += "Action: " + action_shown(action);
  if (flag_of(item, "exclusive")) text += "     FLAGS: EXCLUSIVE";
  text += "\n";
  text += state_line(item);
  return action == "secure" ? text + protection_lines(item, sas) : text;
}

std::string print_isakmp(const Json& item) {
  std::string text = "----------------------- ISAKMP Policy Rule -----------------------\nRule Name: ";
  const auto policy = isakmp_policy_from_json(item);
  if (!policy) return text + text_of(item, "name") + "\n";
  text += safe(policy->name) + "     Number: " + std::to_string(policy->place) +
          "\nRemote IP Address: " + address_and_prefix(policy->remote ? policy->remote->to_string() : "any") +
          "\nAuthentication Method: " + method_words(to_string(policy->authentication)) + "\n";
  if (policy->aggressive) text += "Exchange: Aggressive Mode\n";
  for (std::size_t n = 0; n < policy->proposals.size(); ++n) {
    const auto& proposal = policy->proposals[n];
    text += "Proposal " + std::to_string(n + 1) +
            ": Group Type: " + std::to_string(static_cast<unsigned>(proposal.group)) + " (" +
            std::string(info(proposal.group).name) + ")\n            Authentication Algorithm: HMAC-" +
            std::string(info(proposal.hash).name) +
            "     Encryption Algorithm: " + std::string(info(proposal.encryption).shown) + "\n";
  }
  if (policy->local_id) text += "Local ID: " + policy->local_id->to_string() + "\n";
  if (policy->remote_id) text += "Remote ID: " + policy->remote_id->to_string() + "\n";
  return text + "Number of Quick Modes: " + std::to_string(policy->max_quick_modes) +
         "     Lifetime (seconds): " + std::to_string(policy->lifetime) + "\n";
}

std::string print_cache(const Json& item, std::uint64_t number) {
  const auto record = text_of(item, "record");
  auto text = "-------------------------Cache Policy Rule ---------------------------\nCache Policy Record: " +
              (record.empty() ? std::to_string(number) : record) + "     Cookie: " + text_of(item, "cookie") + "\n";
  text += "Src IP Address: " + text_of(item, "source") +
          "     Src Port number: " + port_shown(text_of(item, "source_port")) +
          "\nDst IP Address: " + text_of(item, "destination") +
          "     Dst Port number: " + port_shown(text_of(item, "destination_port")) + "\n";
  text += "Network Protocol: " + protocol_shown(text_of(item, "protocol")) +
          "     Direction: " + direction_shown(text_of(item, "direction")) +
          "\nAction: " + capital(text_of(item, "action")) + "\n";
  if (const auto policy = text_of(item, "policy"); !policy.empty()) text += "Rule Name: " + policy + "\n";
  if (text_of(item, "kind") == "discard")
    text += "Dropped: " + text_of(item, "count") + "     Seconds since the last: " + text_of(item, "idle") + "\n";
  const auto* sas = member(item, "sas");
  if (sas == nullptr || !sas->is_array()) return text;
  for (std::size_t n = 0; n < sas->size(); ++n) {
    const auto& sa = (*sas)[n];
    const auto state = text_of(sa, "state");
    text += " -- SA Number " + std::to_string(n + 1) + " --\nState: SA " +
            (state == "requested" ? "Requested" : "Created") + "\nSA Type: " + upper(text_of(sa, "protocol")) +
            "\nTunnel SA: " + yes_no(text_of(sa, "mode") == "tunnel") +
            "\nSPI (hex): " + spi_shown(text_of(sa, "spi")) + "\nSrc IP Address: " + text_of(sa, "source") +
            "\nDst IP Address: " + text_of(sa, "destination") + "\n";
  }
  return text;
}

std::string print_flow_source(const Json& item) {
  const auto reason = text_of(item, "reason");
  return "Live flows from " + text_of(item, "source") + ": " + (flag_of(item, "on") ? "Yes" : "No") +
         (reason.empty() ? "" : " (" + reason + ")") + "\n";
}

std::string print_interface(const Json& item) {
  return "Interface: " + text_of(item, "interface") + "     IP Address: " + text_of(item, "address") +
         "     IPSec: " + capital(text_of(item, "ipsec")) + "\n";
}

std::string print_bypass(const Json& item) { return "Bypass IP Address: " + text_of(item, "address") + "\n"; }

std::string print_local_end(const Json& document, const std::string& address) {
  const auto* local = member(document, "local_address");
  if (local == nullptr) return "";
  const auto state = text_of(*local, "state");
  if (state == "absent")
    return "The local address " + address +
           " is no address of this host now: only what it forwards can be from there\n";
  if (state == "down")
    return "The local address " + address + " is at " + text_of(*local, "interface") + ", which is down\n";
  return "";
}

std::string print_candidates(const Json& document) {
  const auto* candidates = member(document, "candidates");
  if (candidates == nullptr || !candidates->is_array()) return "";
  std::string text = "------------------------- Candidates --------------------------\n";
  for (const auto& item : *candidates) {
    text += (flag_of(item, "chosen") ? "* " : "  ") + text_of(item, "name") + " (" + text_of(item, "kind");
    if (number_of(item, "place") != 0) text += " " + text_of(item, "place");
    text += "): " + text_of(item, "reason") + "\n";
  }
  if (const auto omitted = number_of(document, "omitted"); omitted != 0)
    text += "and " + std::to_string(omitted) + " more\n";
  return text;
}

}  // namespace ipsec9000::cli
