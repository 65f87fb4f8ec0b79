// The numbers of the format. Internal to lib/trace.
#pragma once
#include <cstdint>

namespace ipsec9000::pcapng {

inline constexpr std::uint32_t section_header_type = 0x0a0d0d0a;
inline constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
inline constexpr std::uint32_t interface_description_type = 1;
inline constexpr std::uint32_t enhanced_packet_type = 6;
inline constexpr std::uint16_t link_type_raw = 101;  // LINKTYPE_RAW: IPv4 or IPv6, by the first nibble
inline constexpr std::size_t block_frame = 12;       // type and both lengths

namespace option {
inline constexpr std::uint16_t end = 0;
inline constexpr std::uint16_t comment = 1;
inline constexpr std::uint16_t interface_name = 2;
inline constexpr std::uint16_t interface_text = 3;
inline constexpr std::uint16_t packet_flags = 2;
inline constexpr std::uint16_t application = 4;
}  // namespace option

}  // namespace ipsec9000::pcapng
