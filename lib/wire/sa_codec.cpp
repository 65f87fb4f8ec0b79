// The security association payload: proposals, their transforms, their attributes (RFC 2408, 3.3 to 3.6).
#include "wire/payload_codec.hpp"

namespace ipsec9000::wire {

namespace {
constexpr std::uint16_t short_form = 0x8000;

// The frame that proposals and transforms share with payloads: "is there another", reserved, length, content.
// Returns the content; `more` says whether another one of `type` follows.
Result<ByteView> next_inside(Reader& from, PayloadType type, bool& more) {
  const auto next = from.u8();
  const auto reserved = from.u8();
  const auto length = from.u16();
  if (!length || *length < 4) return truncated("a proposal or transform");
  if (*next != 0 && *next != static_cast<std::uint8_t>(type))
    return Error{ErrorCode::invalid_input, "a proposal or transform followed by payload type " + std::to_string(*next)};
  if (*reserved != 0) return Error{ErrorCode::invalid_input, "a reserved field that is not zero"};
  const auto content = from.take(*length - 4u);
  if (!content) return truncated("a proposal or transform");
  more = *next != 0;
  return *content;
}

Result<std::vector<Attribute>> decode_attributes(Reader& from) {
  std::vector<Attribute> attributes;
  while (!from.empty()) {
    const auto type = from.u16();
    const auto value = from.u16();
    if (!value) return truncated("an attribute");
    if ((*type & short_form) != 0) {
      attributes.push_back({static_cast<std::uint16_t>(*type & ~short_form), *value});
      continue;
    }
    const auto bytes = from.take(*value);
    if (!bytes) return truncated("an attribute");
    attributes.push_back({*type, to_bytes(*bytes)});
  }
  return attributes;
}

Result<TransformPayload> decode_transform(ByteView content) {
  Reader reader(content);
  const auto number = reader.u8();
  const auto id = reader.u8();
  const auto reserved = reader.u16();
  if (!reserved) return truncated("a transform");
  if (*reserved != 0) return Error{ErrorCode::invalid_input, "a reserved field that is not zero"};
  auto attributes = decode_attributes(reader);
  if (!attributes) return attributes.error();
  return TransformPayload{*number, *id, std::move(*attributes)};
}

Result<ProposalPayload> decode_proposal(ByteView content) {
  Reader reader(content);
  const auto number = reader.u8();
  const auto protocol = reader.u8();
  const auto spi_size = reader.u8();
  const auto count = reader.u8();
  const auto spi = count ? reader.take(*spi_size) : std::nullopt;
  if (!spi) return truncated("a proposal");
  ProposalPayload proposal{*number, *protocol, to_bytes(*spi), {}};
  bool more = *count > 0;
  while (more) {
    auto inside = next_inside(reader, PayloadType::transform, more);
    if (!inside) return inside.error();
    auto transform = decode_transform(*inside);
    if (!transform) return transform.error();
    proposal.transforms.push_back(std::move(*transform));
  }
  if (proposal.transforms.size() != *count || !reader.empty())
    return Error{ErrorCode::invalid_input,
                 "a proposal that announces " + std::to_string(*count) + " transforms and holds something else"};
  return proposal;
}

// Writes the frame and patches the length when the content is there.
template <class WriteContent>
void framed(Writer& out, bool more, PayloadType type, WriteContent write_content) {
  const auto start = out.size();
  out.u8(more ? static_cast<std::uint8_t>(type) : 0).u8(0).u16(0);
  write_content();
  out.patch_u16(start + 2, static_cast<std::uint16_t>(out.size() - start));
}

void encode_transform(Writer& out, const TransformPayload& transform) {
  out.u8(transform.number).u8(transform.id).u16(0);
  for (const auto& attribute : transform.attributes) {
    if (const auto* value = std::get_if<std::uint16_t>(&attribute.value)) {
      out.u16(static_cast<std::uint16_t>(attribute.type | short_form)).u16(*value);
    } else {
      const auto& bytes = std::get<Bytes>(attribute.value);
      out.u16(attribute.type).u16(static_cast<std::uint16_t>(bytes.size())).bytes(bytes);
    }
  }
}
}  // namespace

std::optional<std::uint64_t> Attribute::number() const {
  if (const auto* small = std::get_if<std::uint16_t>(&value)) return *small;
  const auto& bytes = std::get<Bytes>(value);
  if (bytes.empty() || bytes.size() > 8) return std::nullopt;
  std::uint64_t all = 0;
  for (auto byte : bytes) all = (all << 8) | byte;
  return all;
}

Attribute Attribute::of(std::uint16_t type, std::uint32_t value) {
  if (value <= 0xffff) return {type, static_cast<std::uint16_t>(value)};
  return {type, Writer().u32(value).take()};
}

const Attribute* TransformPayload::find(std::uint16_t type) const {
  for (const auto& attribute : attributes)
    if (attribute.type == type) return &attribute;
  return nullptr;
}

std::uint64_t TransformPayload::value_of(std::uint16_t type) const {
  const auto* attribute = find(type);
  return attribute != nullptr ? attribute->number().value_or(0) : 0;
}

Bytes encode_security_association(const SecurityAssociation& sa) {
  Writer out;
  out.u32(sa.doi).u32(sa.situation);
  for (std::size_t p = 0; p < sa.proposals.size(); ++p) {
    const auto& proposal = sa.proposals[p];
    framed(out, p + 1 < sa.proposals.size(), PayloadType::proposal, [&] {
      out.u8(proposal.number).u8(proposal.protocol).u8(static_cast<std::uint8_t>(proposal.spi.size()));
      out.u8(static_cast<std::uint8_t>(proposal.transforms.size())).bytes(proposal.spi);
      for (std::size_t t = 0; t < proposal.transforms.size(); ++t)
        framed(out, t + 1 < proposal.transforms.size(), PayloadType::transform,
               [&] { encode_transform(out, proposal.transforms[t]); });
    });
  }
  return out.take();
}

Result<SecurityAssociation> decode_security_association(ByteView body) {
  Reader reader(body);
  const auto doi = reader.u32();
  const auto situation = reader.u32();
  if (!situation) return truncated("a security association payload");
  SecurityAssociation sa{*doi, *situation, {}};
  if (sa.doi != 1) return sa;  // another domain's situation and proposals have another shape
  bool more = true;
  while (more) {
    auto inside = next_inside(reader, PayloadType::proposal, more);
    if (!inside) return inside.error();
    auto proposal = decode_proposal(*inside);
    if (!proposal) return proposal.error();
    sa.proposals.push_back(std::move(*proposal));
  }
  if (!reader.empty()) return Error{ErrorCode::invalid_input, "bytes behind the last proposal"};
  return sa;
}

}  // namespace ipsec9000::wire
