#include "wire/message.hpp"

#include "wire/payload_codec.hpp"

namespace ipsec9000::wire {

namespace {
constexpr std::size_t maximum_payloads = 128;
constexpr std::size_t generic_header_size = 4;
}  // namespace

Result<Header> decode_header(ByteView message) {
  Reader reader(message);
  const auto initiator = reader.u64();
  const auto responder = reader.u64();
  const auto next = reader.u8();
  const auto version = reader.u8();
  const auto exchange = reader.u8();
  const auto flags = reader.u8();
  const auto message_id = reader.u32();
  const auto length = reader.u32();
  if (!length) return truncated("an ISAKMP header");
  if (*length != message.size())
    return Error{ErrorCode::invalid_input,
                 "the header says " + std::to_string(*length) + " bytes, " + std::to_string(message.size()) + " came"};
  return Header{{static_cast<Cookie>(*initiator), static_cast<Cookie>(*responder)},
                static_cast<PayloadType>(*next),
                *version,
                static_cast<ExchangeType>(*exchange),
                *flags,
                *message_id,
                *length};
}

Result<DecodedChain> decode_chain(PayloadType first, ByteView bytes) {
  DecodedChain chain;
  Reader reader(bytes);
  PayloadType type = first;
  while (type != PayloadType::none) {
    const auto offset = bytes.size() - reader.remaining();
    const auto next = reader.u8();
    const auto reserved = reader.u8();
    const auto length = reader.u16();
    if (!length || *length < generic_header_size) return truncated("a payload");
    if (*reserved != 0) return Error{ErrorCode::invalid_input, "a reserved field that is not zero"};
    const auto body = reader.take(*length - generic_header_size);
    if (!body) return truncated("payload type " + std::to_string(static_cast<unsigned>(type)));
    if (chain.payloads.size() == maximum_payloads) return Error{ErrorCode::invalid_input, "more than 128 payloads"};
    auto payload = decode_body(type, *body);
    if (!payload) return payload.error();
    chain.payloads.push_back({std::move(*payload), to_bytes(*body)});
    chain.offsets.push_back(offset);
    type = static_cast<PayloadType>(*next);
  }
  chain.length = bytes.size() - reader.remaining();
  return chain;
}

Bytes encode_chain(const std::vector<Payload>& payloads) {
  Writer out;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    const auto next = i + 1 < payloads.size() ? type_of(payloads[i + 1]) : PayloadType::none;
    const auto body = encode_body(payloads[i]);
    out.u8(static_cast<std::uint8_t>(next))
        .u8(0)
        .u16(static_cast<std::uint16_t>(body.size() + generic_header_size))
        .bytes(body);
  }
  return out.take();
}

Bytes encode_message(Header header, const std::vector<Payload>& payloads) {
  const auto first = payloads.empty() ? PayloadType::none : type_of(payloads.front());
  return encode_message(header, first, encode_chain(payloads));
}

Bytes encode_message(Header header, PayloadType first, ByteView body) {
  Writer out;
  out.u64(static_cast<std::uint64_t>(header.cookies.initiator))
      .u64(static_cast<std::uint64_t>(header.cookies.responder));
  out.u8(static_cast<std::uint8_t>(first))
      .u8(header.version)
      .u8(static_cast<std::uint8_t>(header.exchange))
      .u8(header.flags);
  out.u32(header.message_id).u32(static_cast<std::uint32_t>(header_size + body.size()));
  return out.bytes(body).take();
}

}  // namespace ipsec9000::wire
