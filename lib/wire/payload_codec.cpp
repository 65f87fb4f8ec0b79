#include "wire/payload_codec.hpp"

#include "wire/message.hpp"

namespace ipsec9000::wire {

namespace {
bool read(Reader& from, std::uint8_t& to) {
  auto value = from.u8();
  if (value) to = *value;
  return value.has_value();
}
bool read(Reader& from, std::uint16_t& to) {
  auto value = from.u16();
  if (value) to = *value;
  return value.has_value();
}
bool read(Reader& from, Bytes& to) {  // takes what is left, so it is the last field
  to = to_bytes(from.take_rest());
  return !from.failed();
}

void write(Writer& to, std::uint8_t value) { to.u8(value); }
void write(Writer& to, std::uint16_t value) { to.u16(value); }
void write(Writer& to, const Bytes& value) { to.bytes(value); }

template <class P>
concept Declared = requires {
  P::fields;
};

template <Declared P>
Bytes encode(const P& payload) {
  Writer out;
  std::apply([&](auto... field) { (write(out, payload.*field), ...); }, P::fields);
  return out.take();
}

template <Declared P>
Result<P> decode(ByteView body) {
  P payload;
  Reader reader(body);
  if (!std::apply([&](auto... field) { return (read(reader, payload.*field) && ...); }, P::fields))
    return truncated("a payload");
  return payload;
}

Bytes encode(const Notification& payload) {
  Writer out;
  out.u32(payload.doi).u8(payload.protocol).u8(static_cast<std::uint8_t>(payload.spi.size())).u16(payload.notify_type);
  return out.bytes(payload.spi).bytes(payload.data).take();
}

Result<Notification> decode_notification(ByteView body) {
  Reader reader(body);
  Notification payload;
  const auto doi = reader.u32();
  const auto protocol = reader.u8();
  const auto spi_size = reader.u8();
  const auto type = reader.u16();
  const auto spi = type ? reader.take(*spi_size) : std::nullopt;
  if (!spi) return truncated("a notification payload");
  return Notification{*doi, *protocol, *type, to_bytes(*spi), to_bytes(reader.take_rest())};
}

Bytes encode(const Deletion& payload) {
  Writer out;
  out.u32(payload.doi).u8(payload.protocol).u8(payload.spi_size).u16(static_cast<std::uint16_t>(payload.spis.size()));
  for (const auto& spi : payload.spis) out.bytes(spi);
  return out.take();
}

Result<Deletion> decode_deletion(ByteView body) {
  Reader reader(body);
  Deletion payload;
  const auto doi = reader.u32();
  const auto protocol = reader.u8();
  const auto spi_size = reader.u8();
  const auto count = reader.u16();
  if (!count) return truncated("a delete payload");
  payload.doi = *doi;
  payload.protocol = *protocol;
  payload.spi_size = *spi_size;
  if (*spi_size == 0 || reader.remaining() != std::size_t{*spi_size} * *count)
    return Error{ErrorCode::invalid_input, "a delete payload whose SPIs do not fill it"};
  for (unsigned i = 0; i < *count; ++i) payload.spis.push_back(to_bytes(*reader.take(*spi_size)));
  return payload;
}

template <class P>
Result<Payload> as_payload(Result<P> decoded) {
  if (!decoded) return decoded.error();
  return Payload{std::move(*decoded)};
}

// Finds the alternative of the variant with this type number and decodes it.
template <std::size_t Index = 0>
Result<Payload> decode_declared(PayloadType type, ByteView body) {
  if constexpr (Index == std::variant_size_v<Payload>) {
    return Payload{Unknown{static_cast<std::uint8_t>(type), to_bytes(body)}};
  } else {
    using P = std::variant_alternative_t<Index, Payload>;
    if constexpr (Declared<P>) {
      if (type == P::type) return as_payload(decode<P>(body));
    }
    return decode_declared<Index + 1>(type, body);
  }
}

struct Encoder {
  Bytes operator()(const SecurityAssociation& sa) const { return encode_security_association(sa); }
  Bytes operator()(const Unknown& unknown) const { return unknown.value; }
  template <class P>
  Bytes operator()(const P& payload) const {
    return encode(payload);
  }
};

struct TypeOf {
  PayloadType operator()(const Unknown& unknown) const { return static_cast<PayloadType>(unknown.payload_type); }
  template <class P>
  PayloadType operator()(const P&) const {
    return P::type;
  }
};
}  // namespace

PayloadType type_of(const Payload& payload) { return std::visit(TypeOf{}, payload); }

Bytes encode_body(const Payload& payload) { return std::visit(Encoder{}, payload); }

Result<Payload> decode_body(PayloadType type, ByteView body) {
  switch (type) {
    case PayloadType::security_association:
      return as_payload(decode_security_association(body));
    case PayloadType::notification:
      return as_payload(decode_notification(body));
    case PayloadType::deletion:
      return as_payload(decode_deletion(body));
    default:
      return decode_declared(type, body);
  }
}

}  // namespace ipsec9000::wire
