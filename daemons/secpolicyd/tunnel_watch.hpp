// Packets that came in clear where they should have come out of a tunnel. The packets inside a tunnel are seen on the
// interface like those, a second time, behind their decryption; netfilter alone tells the two apart.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/event_loop.hpp"
#include "policy/configuration.hpp"
#include "trace/packet_source.hpp"

namespace ipsec9000 {

class TunnelWatch {
 public:
  using OnPacket = std::function<void(const Flow&)>;
  TunnelWatch(EventLoop& loop, OnPacket on_packet) : loop_(loop), on_packet_(std::move(on_packet)) {}
  ~TunnelWatch() { *alive_ = false; }
  TunnelWatch(const TunnelWatch&) = delete;
  TunnelWatch& operator=(const TunnelWatch&) = delete;

  // Looks at the tunnels of these policies from now on: at once where they are those of before, else in a moment.
  void follow(const Configuration& configuration);

  bool needed() const { return !paths_.empty(); }
  std::string state() const;  // "on", "not needed", or "off: " and why not

 private:
  struct Opening;
  void open();
  void read();

  EventLoop& loop_;
  OnPacket on_packet_;
  std::vector<TunnelPath> paths_;
  std::size_t left_out_ = 0;  // beyond what can be watched
  std::unique_ptr<PacketSource> source_;
  EventLoop::Watch watch_;
  std::string problem_;
  std::shared_ptr<Opening> opening_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ipsec9000
