// NFLOG: the packets that netfilter's rules copy to a group of ours. Internal to lib/trace.
#pragma once
#include <optional>
#include <vector>

#include "base/files.hpp"
#include "trace/packet_source.hpp"

namespace ipsec9000::nflog {

// The rules' prefixes say where a packet was met.
std::string_view prefix_of(TracedAt at);

class Socket {
 public:
  // Takes the first group of a few that nobody listens to.
  static Result<Socket> open();
  std::uint16_t group() const { return group_; }
  int fd() const { return socket_.get(); }
  std::vector<TracedPacket> read();
  std::uint64_t lost() const { return lost_; }

 private:
  FileDescriptor socket_;
  std::uint16_t group_ = 0;
  std::uint64_t lost_ = 0;
  Bytes buffer_;
};

// The packet in one netlink message of NFLOG's; nothing for what is none of ours.
std::optional<TracedPacket> decode(ByteView message);

}  // namespace ipsec9000::nflog
