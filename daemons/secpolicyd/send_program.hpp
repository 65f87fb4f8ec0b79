// The few instructions that the kernel runs where a program asks to send, in its own bytecode (eBPF): they note
// addresses, ports and protocol in a table of the kernel's, and never change what happens. Internal to SendTap.
#pragma once
#include <cstdint>

#include "base/files.hpp"

namespace ipsec9000 {

enum class SendHook : std::uint8_t { connect4, connect6, datagram4, datagram6 };

// What the table is about: IPv4 addresses are the first four bytes.
struct SendKey {
  std::uint8_t local[16];
  std::uint8_t remote[16];
  std::uint32_t local_port;   // 0: not chosen yet, as in most connect()s
  std::uint32_t remote_port;  // in the network's order
  std::uint32_t protocol;
  std::uint32_t family;
};
struct SendValue {
  std::uint64_t count;
  std::uint64_t last;  // nanoseconds of CLOCK_MONOTONIC
};
static_assert(sizeof(SendKey) == 48 && sizeof(SendValue) == 16);

// The least recently used make room.
Result<FileDescriptor> make_send_table(std::uint32_t entries);

// In force as long as the result lives, for programs of the network namespace `net` (SO_NETNS_COOKIE) in the control
// group `group` and those below it.
Result<FileDescriptor> attach_send_program(SendHook hook, int table, int group, std::uint64_t net);

// Takes what is in the table out of it, up to the numbers of `keys` and `values`, which must have room for all of it.
Result<std::uint32_t> take_sends(int table, SendKey* keys, SendValue* values, std::uint32_t room);

}  // namespace ipsec9000
