// ISAKMP payloads as values (RFC 2408, 3; RFC 2407, 4.6; RFC 3947). Numbers from the wire stay numbers: an unknown one
// is for the exchange to judge, not for the codec. Each payload lists its fields once, in wire order.
#pragma once
#include <cstdint>
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

#include "base/bytes.hpp"

namespace ipsec9000::wire {

enum class PayloadType : std::uint8_t {
  none = 0,
  security_association = 1,
  proposal = 2,
  transform = 3,
  key_exchange = 4,
  identification = 5,
  certificate = 6,
  certificate_request = 7,
  hash = 8,
  signature = 9,
  nonce = 10,
  notification = 11,
  deletion = 12,
  vendor_id = 13,
  nat_discovery = 20,
  nat_original_address = 21,
  fragment = 132,
};

// A data attribute (RFC 2408, 3.3). Short ones carry 16 bits in place of a length.
struct Attribute {
  std::uint16_t type = 0;  // without the format bit
  std::variant<std::uint16_t, Bytes> value;

  // As a number: short form, or up to 8 bytes of the long form; nothing when it is longer.
  std::optional<std::uint64_t> number() const;
  // A number in the shortest form: 16 bits short, else 4 bytes.
  static Attribute of(std::uint16_t type, std::uint32_t value);
  auto operator<=>(const Attribute&) const = default;
};

struct TransformPayload {
  std::uint8_t number = 0;
  std::uint8_t id = 0;
  std::vector<Attribute> attributes;
  const Attribute* find(std::uint16_t type) const;
  std::uint64_t value_of(std::uint16_t type) const;  // 0: not there, or no number
  auto operator<=>(const TransformPayload&) const = default;
};

// Proposals with the same number belong together: all of them or none (RFC 2408, 4.2).
struct ProposalPayload {
  std::uint8_t number = 0;
  std::uint8_t protocol = 0;
  Bytes spi;
  std::vector<TransformPayload> transforms;
  auto operator<=>(const ProposalPayload&) const = default;
};

struct SecurityAssociation {
  std::uint32_t doi = 1;
  std::uint32_t situation = 1;
  std::vector<ProposalPayload> proposals;
  static constexpr auto type = PayloadType::security_association;
  auto operator<=>(const SecurityAssociation&) const = default;
};

// Opaque payloads differ in their type only.
template <PayloadType Type>
struct Opaque {
  Bytes value;
  static constexpr auto type = Type;
  static constexpr auto fields = std::tuple{&Opaque::value};
  auto operator<=>(const Opaque&) const = default;
};
using KeyExchange = Opaque<PayloadType::key_exchange>;
using Hash = Opaque<PayloadType::hash>;
using Signature = Opaque<PayloadType::signature>;
using Nonce = Opaque<PayloadType::nonce>;
using VendorId = Opaque<PayloadType::vendor_id>;
using NatDiscovery = Opaque<PayloadType::nat_discovery>;

struct Identification {  // RFC 2407, 4.6.2
  std::uint8_t id_type = 0;
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;
  Bytes value;
  static constexpr auto type = PayloadType::identification;
  static constexpr auto fields =
      std::tuple{&Identification::id_type, &Identification::protocol, &Identification::port, &Identification::value};
  auto operator<=>(const Identification&) const = default;
};

template <PayloadType Type>
struct Encoded {  // RFC 2408, 3.9 and 3.10
  std::uint8_t encoding = 0;
  Bytes value;
  static constexpr auto type = Type;
  static constexpr auto fields = std::tuple{&Encoded::encoding, &Encoded::value};
  auto operator<=>(const Encoded&) const = default;
};
using Certificate = Encoded<PayloadType::certificate>;
using CertificateRequest = Encoded<PayloadType::certificate_request>;

struct Notification {  // RFC 2408, 3.14
  std::uint32_t doi = 1;
  std::uint8_t protocol = 0;
  std::uint16_t notify_type = 0;
  Bytes spi;  // at most 255 bytes
  Bytes data;
  static constexpr auto type = PayloadType::notification;
  auto operator<=>(const Notification&) const = default;
};

struct Deletion {  // RFC 2408, 3.15
  std::uint32_t doi = 1;
  std::uint8_t protocol = 0;
  std::uint8_t spi_size = 0;
  std::vector<Bytes> spis;  // each of spi_size bytes
  static constexpr auto type = PayloadType::deletion;
  auto operator<=>(const Deletion&) const = default;
};

struct NatOriginalAddress {  // RFC 3947, 5.2
  std::uint8_t id_type = 0;
  std::uint8_t reserved1 = 0;
  std::uint16_t reserved2 = 0;
  Bytes value;
  static constexpr auto type = PayloadType::nat_original_address;
  static constexpr auto fields = std::tuple{&NatOriginalAddress::id_type, &NatOriginalAddress::reserved1,
                                            &NatOriginalAddress::reserved2, &NatOriginalAddress::value};
  auto operator<=>(const NatOriginalAddress&) const = default;
};

struct Fragment {  // the vendor fragmentation that deployed IKEv1 daemons share
  std::uint16_t id = 0;
  std::uint8_t number = 0;
  std::uint8_t flags = 0;  // 1: the last one
  Bytes value;
  static constexpr auto type = PayloadType::fragment;
  static constexpr auto fields = std::tuple{&Fragment::id, &Fragment::number, &Fragment::flags, &Fragment::value};
  auto operator<=>(const Fragment&) const = default;
};

struct Unknown {
  std::uint8_t payload_type = 0;
  Bytes value;
  auto operator<=>(const Unknown&) const = default;
};

// Order matters to nobody; a new payload is its struct and its place in this list.
using Payload =
    std::variant<SecurityAssociation, KeyExchange, Identification, Certificate, CertificateRequest, Hash, Signature,
                 Nonce, Notification, Deletion, VendorId, NatDiscovery, NatOriginalAddress, Fragment, Unknown>;

PayloadType type_of(const Payload& payload);  // an Unknown's own number, cast

}  // namespace ipsec9000::wire
