#include "kernel_monitor.hpp"

#include <array>

#include "policy/compile.hpp"

namespace ipsec9000 {

Result<void> KernelMonitor::start() {
  constexpr std::array groups{EventGroup::acquire, EventGroup::policy};
  auto source = kernel_.open_events(groups);
  if (!source) return source.error();
  source_ = std::move(*source);
  source_->leave_out_policies_of(kernel_.port());
  watch_ = loop_.watch_readable(source_->fd(), [this] { read(); });
  if (!watch_) return Error{ErrorCode::io, "the kernel's events cannot be waited for"};
  return {};
}

void KernelMonitor::stop() {
  watch_ = {};
  source_.reset();
}

void KernelMonitor::read() {
  // The rest is read when the loop comes round again: other work must not wait for a flood.
  constexpr int rounds = 16;
  for (int round = 0; round < rounds && source_; ++round) {
    const auto events = source_->read_events();
    if (!events) return handlers_.overrun();
    if (events->empty()) return;
    for (const auto& event : *events) take(event);
  }
}

void KernelMonitor::take(const Event& event) {
  if (const auto* acquire = std::get_if<Acquire>(&event))
    handlers_.acquire(*acquire);
  else if (std::holds_alternative<MonitorOverrun>(event))
    handlers_.overrun();
  else if (const auto* flushed = std::get_if<Flushed>(&event)) {
    if (flushed->policies && flushed->sender != kernel_.port()) handlers_.disturbed();
  } else if (const auto* changed = std::get_if<PolicyChanged>(&event)) {
    const auto direction = changed->policy.spec.direction;
    const bool of_socket = direction == PolicyDirection::socket_in || direction == PolicyDirection::socket_out;
    if (changed->sender != kernel_.port() && !of_socket) handlers_.disturbed();
  }
}

}  // namespace ipsec9000
