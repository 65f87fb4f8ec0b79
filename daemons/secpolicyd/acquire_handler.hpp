// The kernel needs an SA for a packet: by which policy, and who negotiates it.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_map>

#include "daemon/audit_client.hpp"
#include "policy_set.hpp"
#include "xfrm/types.hpp"

namespace ipsec9000 {

class AcquireHandler {
 public:
  using Order = std::function<void(const Protection&, const UnansweredAcquire&)>;
  using Release = std::function<void(const UnansweredAcquire&)>;
  // `order`: negotiate this, and answer. `release`: not for this packet; let the kernel ask again.
  AcquireHandler(EventLoop& loop, AuditClient& audit, Order order, Release release)
      : loop_(loop), audit_(audit), order_(std::move(order)), release_(std::move(release)) {}

  void handle(const Acquire& acquire, const PolicySet& set);
  // Whether the entry that asks is of the policy that this set has for the packet.
  static bool is_for(const Acquire& acquire, const PolicySet& set);
  std::uint64_t acquires() const { return acquires_; }
  // The flows of the last minute that the kernel wanted SAs for; the last few of them.
  std::vector<Flow> recent() const;

 private:
  void record_refusal(const Flow& flow);
  void remember(const Flow& flow);

  EventLoop& loop_;
  AuditClient& audit_;
  Order order_;
  Release release_;
  std::uint64_t acquires_ = 0;
  std::deque<std::pair<TimePoint, Flow>> recent_;
  TimePoint last_refusal_{};
  bool refused_before_ = false;
};

}  // namespace ipsec9000
