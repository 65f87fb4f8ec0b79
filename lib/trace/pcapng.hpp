// Traces in the file format of pcapng (draft-ietf-opsawg-pcapng): what is written into one, and reading it again.
// libpcap of Debian 12 reads the format but does not write it. Little endian, one section, raw IP packets.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ipsec9000::pcapng {

inline constexpr std::size_t largest_packet = 65535;  // bytes kept of one
inline constexpr std::size_t largest_comment = 1024;
inline constexpr std::size_t largest_block =
    std::size_t{128} * 1024;  // of what we write; a reader accepts no larger one

enum class Way : std::uint8_t { unknown = 0, inbound = 1, outbound = 2 };  // as the format numbers them

struct Packet {
  std::uint64_t microseconds = 0;  // since 1970, UTC
  std::uint32_t interface_id = 0;  // of the interfaces in the file, from 0
  Way way = Way::unknown;
  Bytes bytes;                      // from the IP header on
  std::uint32_t original_size = 0;  // of the packet, where not all of it was kept; else 0
  std::string comment;              // UTF-8
};

// The blocks of a file: one section header, then the interfaces, then packets. Too long a packet or comment is cut.
Bytes section_header(std::string_view application);
Bytes interface_description(std::string_view name, std::string_view description);
Bytes enhanced_packet(const Packet& packet);

struct ReadSummary {
  std::uint64_t packets = 0;
  std::string fault;  // why reading ended before the file's end: cut off, edited; "" when it did not
};
// Gives the packets in turn, with memory for one block however large the file is. Fails when the file cannot be opened,
// is not a regular file, or is no pcapng of this byte order.
Result<ReadSummary> read(const std::filesystem::path& file, const std::function<bool(const Packet&)>& on_packet);

}  // namespace ipsec9000::pcapng
