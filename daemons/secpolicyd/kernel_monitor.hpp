// Hears what the kernel tells: that a packet needs an SA, that somebody changed policies, that news were lost.
#pragma once
#include <functional>
#include <memory>

#include "daemon/event_loop.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

class KernelMonitor {
 public:
  struct Handlers {
    std::function<void(const Acquire&)> acquire;
    std::function<void()> disturbed;  // by another program: something that is or may be ours
    std::function<void()> overrun;    // events were lost
  };
  KernelMonitor(EventLoop& loop, Kernel& kernel, Handlers handlers)
      : loop_(loop), kernel_(kernel), handlers_(std::move(handlers)) {}

  Result<void> start();
  void stop();
  // What the event loop calls when there is news; a test calls it by itself.
  void read();

 private:
  void take(const Event& event);

  EventLoop& loop_;
  Kernel& kernel_;
  Handlers handlers_;
  std::unique_ptr<EventSource> source_;
  EventLoop::Watch watch_;
};

}  // namespace ipsec9000
