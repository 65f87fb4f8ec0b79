#include "trace/pcapng.hpp"

#include <algorithm>

#include "trace/pcapng_format.hpp"

namespace ipsec9000::pcapng {

namespace {
template <class T>
void put(Bytes& out, T value) {
  for (std::size_t n = 0; n < sizeof value; ++n)
    out.push_back(static_cast<std::uint8_t>(std::uint64_t{value} >> (8 * n)));
}

void pad(Bytes& out) { out.resize((out.size() + 3) / 4 * 4); }

void put_option(Bytes& out, std::uint16_t code, ByteView value) {
  put(out, code);
  put(out, static_cast<std::uint16_t>(value.size()));
  append(out, value);
  pad(out);
}

void end_options(Bytes& out) { put(out, std::uint32_t{option::end}); }

Bytes block(std::uint32_t type, const Bytes& body) {
  const auto length = static_cast<std::uint32_t>(body.size() + block_frame);
  Bytes out;
  out.reserve(length);
  put(out, type);
  put(out, length);
  append(out, body);
  put(out, length);
  return out;
}

// Not in the middle of a UTF-8 character.
std::string_view cut(std::string_view text) {
  if (text.size() <= largest_comment) return text;
  std::size_t end = largest_comment;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end);
}
}  // namespace

Bytes section_header(std::string_view application) {
  Bytes body;
  put(body, byte_order_magic);
  put(body, std::uint16_t{1});  // version 1.0
  put(body, std::uint16_t{0});
  put(body, UINT64_MAX);  // the section's length is not given
  put_option(body, option::application, as_bytes(cut(application)));
  end_options(body);
  return block(section_header_type, body);
}

Bytes interface_description(std::string_view name, std::string_view description) {
  Bytes body;
  put(body, link_type_raw);
  put(body, std::uint16_t{0});
  put(body, static_cast<std::uint32_t>(largest_packet));
  put_option(body, option::interface_name, as_bytes(cut(name)));
  put_option(body, option::interface_text, as_bytes(cut(description)));
  end_options(body);
  return block(interface_description_type, body);
}

Bytes enhanced_packet(const Packet& packet) {
  const auto kept = ByteView(packet.bytes).first(std::min(packet.bytes.size(), largest_packet));
  Bytes body;
  put(body, packet.interface_id);
  put(body, static_cast<std::uint32_t>(packet.microseconds >> 32U));
  put(body, static_cast<std::uint32_t>(packet.microseconds));
  put(body, static_cast<std::uint32_t>(kept.size()));
  put(body, std::max(packet.original_size, static_cast<std::uint32_t>(packet.bytes.size())));
  append(body, kept);
  pad(body);
  if (!packet.comment.empty()) put_option(body, option::comment, as_bytes(cut(packet.comment)));
  if (packet.way != Way::unknown) {
    Bytes flags;
    put(flags, static_cast<std::uint32_t>(packet.way));
    put_option(body, option::packet_flags, flags);
  }
  end_options(body);
  return block(enhanced_packet_type, body);
}

}  // namespace ipsec9000::pcapng
