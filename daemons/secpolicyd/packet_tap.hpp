// Inbound packets in clear as they come from the interfaces, before the kernel judges them: only here can they be seen
// whole. Reads a bounded number a second; while that is used up the kernel passes the packets by at little cost.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "base/files.hpp"
#include "base/packet.hpp"
#include "daemon/event_loop.hpp"

namespace ipsec9000 {

class PacketTap {
 public:
  static constexpr std::size_t packets_a_turn = 2000;

  using OnPacket = std::function<void(const Flow&)>;
  // AH, ESP and what is not for this host are left out, and so is the loopback interface.
  static Result<std::unique_ptr<PacketTap>> open(EventLoop& loop, OnPacket on_packet);

  // A new turn begins: as many packets again.
  void next_turn();

 private:
  PacketTap(EventLoop& loop, OnPacket on_packet) : loop_(loop), on_packet_(std::move(on_packet)) {}
  void watch();
  void read(int socket);

  EventLoop& loop_;
  OnPacket on_packet_;
  std::vector<FileDescriptor> sockets_;
  std::vector<EventLoop::Watch> watches_;
  std::size_t left_ = packets_a_turn;
};

}  // namespace ipsec9000
