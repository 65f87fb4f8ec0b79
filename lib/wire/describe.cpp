#include "wire/describe.hpp"

#include <array>
#include <utility>

#include "base/text.hpp"

namespace ipsec9000::wire {

namespace {
constexpr std::array<std::pair<PayloadType, std::string_view>, 15> payload_names{{
    {PayloadType::security_association, "SA"},
    {PayloadType::proposal, "P"},
    {PayloadType::transform, "T"},
    {PayloadType::key_exchange, "KE"},
    {PayloadType::identification, "ID"},
    {PayloadType::certificate, "CERT"},
    {PayloadType::certificate_request, "CERTREQ"},
    {PayloadType::hash, "HASH"},
    {PayloadType::signature, "SIG"},
    {PayloadType::nonce, "NONCE"},
    {PayloadType::notification, "N"},
    {PayloadType::deletion, "D"},
    {PayloadType::vendor_id, "VID"},
    {PayloadType::nat_discovery, "NAT-D"},
    {PayloadType::fragment, "FRAGMENT"},
}};

constexpr std::array<std::pair<ExchangeType, std::string_view>, 7> exchange_names{{
    {ExchangeType::base, "Base Exchange"},
    {ExchangeType::main_mode, "Main Mode"},
    {ExchangeType::authentication_only, "Authentication Only"},
    {ExchangeType::aggressive, "Aggressive Mode"},
    {ExchangeType::informational, "Informational"},
    {ExchangeType::quick_mode, "Quick Mode"},
    {ExchangeType::new_group, "New Group Mode"},
}};

constexpr std::array<std::pair<std::uint16_t, std::string_view>, 25> notify_names{{
    {notify::invalid_payload_type, "INVALID-PAYLOAD-TYPE"},
    {notify::doi_not_supported, "DOI-NOT-SUPPORTED"},
    {notify::invalid_cookie, "INVALID-COOKIE"},
    {notify::invalid_major_version, "INVALID-MAJOR-VERSION"},
    {notify::invalid_exchange_type, "INVALID-EXCHANGE-TYPE"},
    {notify::invalid_spi, "INVALID-SPI"},
    {notify::no_proposal_chosen, "NO-PROPOSAL-CHOSEN"},
    {notify::payload_malformed, "PAYLOAD-MALFORMED"},
    {notify::invalid_key_information, "INVALID-KEY-INFORMATION"},
    {notify::invalid_id_information, "INVALID-ID-INFORMATION"},
    {notify::invalid_cert_encoding, "INVALID-CERT-ENCODING"},
    {notify::invalid_certificate, "INVALID-CERTIFICATE"},
    {notify::cert_type_unsupported, "CERT-TYPE-UNSUPPORTED"},
    {notify::invalid_cert_authority, "INVALID-CERT-AUTHORITY"},
    {notify::invalid_signature, "INVALID-SIGNATURE"},
    {notify::certificate_unavailable, "CERTIFICATE-UNAVAILABLE"},
    {notify::invalid_hash_information, "INVALID-HASH-INFORMATION"},
    {notify::authentication_failed, "AUTHENTICATION-FAILED"},
    {notify::address_notification, "ADDRESS-NOTIFICATION"},
    {notify::connected, "CONNECTED"},
    {notify::responder_lifetime, "RESPONDER-LIFETIME"},
    {notify::replay_status, "REPLAY-STATUS"},
    {notify::initial_contact, "INITIAL-CONTACT"},
    {notify::are_you_there, "R-U-THERE"},
    {notify::are_you_there_ack, "R-U-THERE-ACK"},
}};
}  // namespace

std::string name_of(ExchangeType exchange) {
  for (const auto& [number, name] : exchange_names)
    if (number == exchange) return std::string(name);
  return "exchange type " + std::to_string(static_cast<unsigned>(exchange));
}

std::string name_of(PayloadType type) {
  for (const auto& [number, name] : payload_names)
    if (number == type) return std::string(name);
  return "payload " + std::to_string(static_cast<unsigned>(type));
}

std::string notify::name(std::uint16_t type) {
  for (const auto& [number, text] : notify_names)
    if (number == type) return std::string(text);
  return "notification " + std::to_string(type);
}

std::string describe(const Header& header, const DecodedChain* chain) {
  if (chain == nullptr) return name_of(header.exchange) + (header.encrypted() ? " (encrypted)" : "");
  std::vector<std::string> names;
  for (const auto& payload : chain->payloads) names.push_back(name_of(type_of(payload.value)));
  return name_of(header.exchange) + ": " + join(names, ", ");
}

}  // namespace ipsec9000::wire
