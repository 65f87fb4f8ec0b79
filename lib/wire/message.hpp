// ISAKMP messages: the header and the chain of payloads (RFC 2408, 3.1 and 3.2).
#pragma once
#include <compare>
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "wire/numbers.hpp"
#include "wire/payloads.hpp"

namespace ipsec9000::wire {

inline constexpr std::size_t header_size = 28;
inline constexpr std::size_t maximum_message = 65535;

enum class Cookie : std::uint64_t {};  // 0 only as the responder's cookie of a first message

struct Cookies {
  Cookie initiator{};
  Cookie responder{};
  auto operator<=>(const Cookies&) const = default;
};

struct Header {
  Cookies cookies;
  PayloadType next_payload = PayloadType::none;
  std::uint8_t version = 0x10;  // major and minor, four bits each
  ExchangeType exchange = ExchangeType::main_mode;
  std::uint8_t flags = 0;
  std::uint32_t message_id = 0;
  std::uint32_t length = 0;  // of the whole message
  bool encrypted() const { return (flags & flags::encryption) != 0; }
  auto operator<=>(const Header&) const = default;
};

// Checks the length field against what came: shorter is truncated, longer is refused too.
Result<Header> decode_header(ByteView message);

// One payload and its bytes. `body` is what follows the generic header, as it came: signed and hashed parts are
// computed over it, never over a re-encoding.
struct DecodedPayload {
  Payload value;
  Bytes body;
};

struct DecodedChain {
  std::vector<DecodedPayload> payloads;
  std::vector<std::size_t> offsets;  // where each payload's generic header starts in `bytes`
  std::size_t length = 0;            // bytes used; what follows is padding

  // The one payload of this kind; null when there is none or more than one.
  template <class P>
  const P* only() const {
    return find_only<P>().second;
  }
  template <class P>
  const Bytes* body_of() const {
    return find_only<P>().first;
  }
  template <class P>
  std::size_t count() const;
  template <class P>
  std::vector<const P*> all() const;

 private:
  template <class P>
  std::pair<const Bytes*, const P*> find_only() const;
};

// Walks the chain that starts with a payload of type `first`. Bytes behind its end are left (padding). At most 128
// payloads. A payload that cannot be read makes the whole chain an error.
Result<DecodedChain> decode_chain(PayloadType first, ByteView bytes);

Bytes encode_chain(const std::vector<Payload>& payloads);

// A whole message in the clear: header (its next_payload and length are filled in) and payloads.
Bytes encode_message(Header header, const std::vector<Payload>& payloads);
// A header in front of a body that is already encrypted or encoded.
Bytes encode_message(Header header, PayloadType first, ByteView body);

// The body of a single payload, without the generic header.
Bytes encode_body(const Payload& payload);
Result<Payload> decode_body(PayloadType type, ByteView body);

template <class P>
std::pair<const Bytes*, const P*> DecodedChain::find_only() const {
  std::pair<const Bytes*, const P*> found{nullptr, nullptr};
  for (const auto& payload : payloads) {
    const auto* value = std::get_if<P>(&payload.value);
    if (value == nullptr) continue;
    if (found.second != nullptr) return {nullptr, nullptr};
    found = {&payload.body, value};
  }
  return found;
}

template <class P>
std::size_t DecodedChain::count() const {
  return all<P>().size();
}

template <class P>
std::vector<const P*> DecodedChain::all() const {
  std::vector<const P*> found;
  for (const auto& payload : payloads)
    if (const auto* value = std::get_if<P>(&payload.value)) found.push_back(value);
  return found;
}

}  // namespace ipsec9000::wire
