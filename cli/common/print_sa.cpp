#include "cli/common/print_sa.hpp"

#include <map>
#include <tuple>

#include "cli/common/show.hpp"
#include "crypto/algorithms.hpp"

namespace ipsec9000::cli {

namespace {
std::string none_if_empty(const std::string& text) { return text.empty() ? "None" : safe(text); }

std::string lifetimes(const char* title, std::uint64_t bytes, std::uint64_t seconds) {
  return " --- " + std::string(title) + " Lifetimes ---\nbytes processed: " + std::to_string(bytes) +
         "\naddtime (seconds): " + std::to_string(seconds) + "\n";
}

std::string group_shown(const std::string& name) {
  const auto* group = find_group(name);
  if (group == nullptr) return safe(name);
  return std::to_string(static_cast<unsigned>(group->id)) + " (" + std::string(group->name) + ")";
}
}  // namespace

std::string sa_type(const SadEntry& entry) {
  const auto none = [](const std::string& algorithm) { return algorithm.empty() || algorithm == "None"; };
  auto text = upper(safe(entry.protocol));
  std::string separator = " with ";
  if (!none(entry.encryption)) text += std::exchange(separator, " and ") + safe(entry.encryption) + " encryption";
  if (!none(entry.authentication)) text += separator + safe(entry.authentication) + " authentication";
  return text;
}

std::string print(const SadEntry& entry, std::uint64_t number) {
  auto text = "------------------------ IPSec SA ------------------------\nSequence number: " + std::to_string(number) +
              "\nSPI (hex): " + spi_shown(safe(entry.spi)) + "     State: " + upper(safe(entry.state)) +
              "\nSA Type: " + sa_type(entry) + "\nSrc IP Addr: " + safe(entry.source) +
              "     Dst IP Addr: " + safe(entry.destination) + "\nDirection: " + direction_shown(entry.direction) +
              "     Mode: " + safe(entry.mode) + "     Policy: " + none_if_empty(entry.policy) + "\n";
  const auto& selector = entry.selector;
  text += "Selector: " + safe(selector.source) + " port " + std::to_string(selector.source_port) + " -> " +
          safe(selector.destination) + " port " + std::to_string(selector.destination_port) + " protocol " +
          upper(safe(selector.protocol)) + "\n";
  text += lifetimes("Current", entry.bytes, entry.age) + "packets processed: " + std::to_string(entry.packets) + "\n";
  text += lifetimes("Hard", entry.hard.kilobytes * 1024, entry.hard.seconds);
  text += lifetimes("Soft", entry.soft.kilobytes * 1024, entry.soft.seconds);
  return text;
}

std::string method_words(const std::string& method) {
  if (method == "psk") return "Pre-shared Keys";
  if (method == "rsa-signature") return "RSA Signatures";
  if (method == "ecdsa-signature") return "ECDSA Signatures";
  return safe(method);
}

std::string print(const MadEntry& entry, std::uint64_t number) {
  const auto method = method_words(entry.authentication_method);
  return "------------------------ ISAKMP SA ------------------------\nSequence number: " + std::to_string(number) +
         "\nRole: " + capital(safe(entry.role)) + "     State: " + capital(safe(entry.state)) +
         "\nLocal IP Address: " + safe(entry.local) + "     Remote IP Address: " + safe(entry.remote) +
         "\nInitiator cookie: " + safe(entry.initiator_cookie) +
         "     Responder cookie: " + safe(entry.responder_cookie) + "\nOakley Group: " + group_shown(entry.group) +
         "     Authentication Method: " + method + "\nAuthentication Algorithm: HMAC-" + safe(entry.hash) +
         "     Encryption Algorithm: " + safe(entry.encryption) +
         "\nQuick Modes Processed: " + std::to_string(entry.quick_modes) +
         "     Lifetime (seconds): " + std::to_string(entry.lifetime) +
         "\nAge (seconds): " + std::to_string(entry.age) + "     ISAKMP Policy: " + none_if_empty(entry.policy) + "\n";
}

std::string print(const FailureRecord& record, std::uint64_t number) {
  const auto phase = record.phase == "main"    ? std::string("Main Mode")
                     : record.phase == "quick" ? std::string("Quick Mode")
                                               : safe(record.phase);
  auto text =
      "------------------- Failed Negotiation --------------------\nSequence number: " + std::to_string(number) +
      "\nTime: " + safe(record.time) + "     Remote IP Address: " + safe(record.remote) + "\nPhase: " + phase +
      "     Policy: " + none_if_empty(record.policy) + "\nReason: " + safe(record.reason) + "\n";
  if (!record.differs.empty())
    text += "Differs: " + safe(record.differs) + "     Offered: " + none_if_empty(record.offered) +
            "     Wanted: " + none_if_empty(record.wanted) + "\n";
  if (!record.text.empty()) text += safe(record.text) + "\n";
  return text;
}

std::vector<SaPair> pair_up(const std::vector<SadEntry>& entries) {
  // The two ends as this host sees them, reqid and protocol: the same for both halves of a pair.
  using Key = std::tuple<std::string, std::string, std::uint32_t, std::string>;
  std::vector<SaPair> pairs;
  std::map<Key, std::size_t> half[2];  // pairs without an inbound half; pairs without an outbound half
  for (const auto& entry : entries) {
    const bool inbound = entry.direction == "in";
    const Key key{inbound ? entry.destination : entry.source, inbound ? entry.source : entry.destination, entry.reqid,
                  entry.protocol};
    auto& waiting = half[inbound ? 0 : 1];
    auto index = pairs.size();
    if (const auto partner = waiting.find(key); partner != waiting.end()) {
      index = partner->second;
      waiting.erase(partner);
    } else {
      pairs.emplace_back();
      half[inbound ? 1 : 0][key] = index;
    }
    (inbound ? pairs[index].inbound : pairs[index].outbound) = &entry;
  }
  return pairs;
}

std::string print(const SaPair& pair, std::uint64_t number) {
  const auto& any = pair.outbound != nullptr ? *pair.outbound : *pair.inbound;
  const auto spi = [](const SadEntry* entry) { return entry == nullptr ? "None" : spi_shown(safe(entry->spi)); };
  return " -- SA Pair Number " + std::to_string(number) + " --\nSA Type: " + upper(safe(any.protocol)) +
         "\nEncryption Algorithm: " + none_if_empty(any.encryption) +
         "     Authentication Algorithm: " + none_if_empty(any.authentication) +
         "\nOutbound SPI (hex): " + spi(pair.outbound) + "     Inbound SPI (hex): " + spi(pair.inbound) + "\n";
}

}  // namespace ipsec9000::cli
