// Registered numbers of ISAKMP and the IPSec DOI that the exchanges use.
#pragma once
#include <cstdint>
#include <string>

namespace ipsec9000::wire {

enum class ExchangeType : std::uint8_t {
  base = 1,
  main_mode = 2,
  authentication_only = 3,
  aggressive = 4,
  informational = 5,
  quick_mode = 32,
  new_group = 33
};

namespace flags {
inline constexpr std::uint8_t encryption = 1;
inline constexpr std::uint8_t commit = 2;
inline constexpr std::uint8_t authentication_only = 4;
}  // namespace flags

namespace protocol {  // RFC 2407, 4.4.1
inline constexpr std::uint8_t isakmp = 1;
inline constexpr std::uint8_t ah = 2;
inline constexpr std::uint8_t esp = 3;
}  // namespace protocol

namespace oakley {  // phase 1 attributes, RFC 2409 appendix A
inline constexpr std::uint16_t encryption = 1;
inline constexpr std::uint16_t hash = 2;
inline constexpr std::uint16_t authentication = 3;
inline constexpr std::uint16_t group = 4;
inline constexpr std::uint16_t life_type = 11;
inline constexpr std::uint16_t life_duration = 12;
inline constexpr std::uint16_t key_length = 14;
inline constexpr std::uint16_t method_pre_shared_key = 1;
inline constexpr std::uint16_t method_rsa_signature = 3;
inline constexpr std::uint16_t method_ecdsa_256 = 9;  // RFC 4754, 6
inline constexpr std::uint16_t method_ecdsa_384 = 10;
inline constexpr std::uint16_t method_ecdsa_521 = 11;
inline constexpr std::uint16_t life_seconds = 1;
inline constexpr std::uint16_t life_kilobytes = 2;
inline constexpr std::uint8_t key_ike = 1;  // the only transform id of phase 1
}  // namespace oakley

namespace ipsec {  // phase 2 attributes, RFC 2407 4.5
inline constexpr std::uint16_t life_type = 1;
inline constexpr std::uint16_t life_duration = 2;
inline constexpr std::uint16_t group = 3;
inline constexpr std::uint16_t encapsulation = 4;
inline constexpr std::uint16_t authentication = 5;
inline constexpr std::uint16_t key_length = 6;
inline constexpr std::uint16_t extended_sequence = 11;  // RFC 4304
inline constexpr std::uint16_t extended_sequence_64 = 1;
inline constexpr std::uint16_t encapsulation_tunnel = 1;
inline constexpr std::uint16_t encapsulation_transport = 2;
inline constexpr std::uint16_t encapsulation_udp_tunnel = 3;  // RFC 3947
inline constexpr std::uint16_t encapsulation_udp_transport = 4;
inline constexpr std::uint16_t life_seconds = 1;
inline constexpr std::uint16_t life_kilobytes = 2;
}  // namespace ipsec

namespace encoding {  // of certificates, RFC 2408 3.9
inline constexpr std::uint8_t pkcs7 = 1;
inline constexpr std::uint8_t x509_signature = 4;
inline constexpr std::uint8_t crl = 7;
}  // namespace encoding

namespace notify {  // RFC 2408 3.14.1, RFC 2407 4.6.3, RFC 3706
inline constexpr std::uint16_t invalid_payload_type = 1;
inline constexpr std::uint16_t doi_not_supported = 2;
inline constexpr std::uint16_t invalid_cookie = 4;
inline constexpr std::uint16_t invalid_major_version = 5;
inline constexpr std::uint16_t invalid_exchange_type = 7;
inline constexpr std::uint16_t invalid_spi = 11;
inline constexpr std::uint16_t no_proposal_chosen = 14;
inline constexpr std::uint16_t payload_malformed = 16;
inline constexpr std::uint16_t invalid_key_information = 17;
inline constexpr std::uint16_t invalid_id_information = 18;
inline constexpr std::uint16_t invalid_cert_encoding = 19;
inline constexpr std::uint16_t invalid_certificate = 20;
inline constexpr std::uint16_t cert_type_unsupported = 21;
inline constexpr std::uint16_t invalid_cert_authority = 22;
inline constexpr std::uint16_t invalid_hash_information = 23;
inline constexpr std::uint16_t authentication_failed = 24;
inline constexpr std::uint16_t invalid_signature = 25;
inline constexpr std::uint16_t address_notification = 26;
inline constexpr std::uint16_t certificate_unavailable = 28;
inline constexpr std::uint16_t last_error = 8191;
inline constexpr std::uint16_t connected = 16384;
inline constexpr std::uint16_t responder_lifetime = 24576;
inline constexpr std::uint16_t replay_status = 24577;
inline constexpr std::uint16_t initial_contact = 24578;
inline constexpr std::uint16_t are_you_there = 36136;
inline constexpr std::uint16_t are_you_there_ack = 36137;
std::string name(std::uint16_t type);  // "NO-PROPOSAL-CHOSEN", or "notification 99"
}  // namespace notify

}  // namespace ipsec9000::wire
