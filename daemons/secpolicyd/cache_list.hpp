// "policy.cache": the kernel's policy entries and the live flows, with what is decided for each, and
// what was dropped lately.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "base/json_fwd.hpp"
#include "base/result.hpp"
#include "base/selector.hpp"
#include "policy_set.hpp"
#include "recent_discards.hpp"
#include "xfrm/types.hpp"

namespace ipsec9000 {

class PolicyService;

struct LiveFlow {
  Flow flow;
  Direction direction = Direction::out;
  std::string seen_by;  // "socket", "connection tracking", "send", "request"
};

// Flows of our own sockets, each in both directions; those of connection tracking by where their ends are; what
// programs have sent without a connection; those that the kernel has asked SAs for. Each once, with the first of these
// that has it, loopback left out. What policies discard is left out of `sent`: it is listed as that. A forwarded flow
// is taken in the direction in which a policy is for it.
std::vector<LiveFlow> live_flows(const PolicySet& set, const std::vector<Flow>& sockets,
                                 const std::vector<Flow>& tracked, const std::vector<Flow>& sent,
                                 const std::vector<Flow>& requested, const std::vector<IpAddress>& local);

// The SAs in use for each flow that a policy secures: "sas" of an item.
class SaFinder {
 public:
  explicit SaFinder(std::vector<SaState> all);
  Json sas_for(std::uint32_t reqid, const Flow& flow) const;

 private:
  std::vector<SaState> all_;                                       // the newest first
  std::vector<std::pair<std::uint32_t, std::size_t>> by_reqid_;    // wide ones
  std::vector<std::tuple<std::uint32_t, Flow, std::size_t>> own_;  // those for one 5-tuple
};

Json flow_item(const LiveFlow& live, const PolicySet& set, const SaFinder& sas);

// A packet that was dropped lately, as an item of the list; `idle` is in seconds.
Json discard_item(const RecentDiscards::Entry& entry, const PolicySet& set, std::uint64_t idle);

// The first page reads the kernel; the following ones go on in what it read.
class CacheList : public std::enable_shared_from_this<CacheList> {
 public:
  // Answers now, or when the kernel's policies have been read.
  void page(PolicyService& service, const Json& params, const std::function<void(Result<Json>)>& reply);
  // Where the flows of the last list came from: {"source", "on", "reason"}
  Json sources() const;

 private:
  void read(PolicyService& service, std::vector<PolicyState> entries);
  Result<Json> answer(PolicyService& service, const Json& params);
  std::vector<PolicyState> entries_;
  std::vector<LiveFlow> flows_;
  std::vector<RecentDiscards::Entry> discards_;
  TimePoint now_{};  // when that was read
  std::shared_ptr<const SaFinder> sas_;
  std::vector<std::pair<std::string, std::string>> sources_;  // and why it is off; "" when it is on
};

}  // namespace ipsec9000
