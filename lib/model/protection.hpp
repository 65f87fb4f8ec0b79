// What secpolicyd and ikpmd say to each other about one pair of SAs.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json_fwd.hpp"
#include "base/sa.hpp"
#include "base/selector.hpp"
#include "model/transform.hpp"

namespace ipsec9000 {

// The reqids that this suite gives out: by them its SAs are known again in the kernel.
inline constexpr std::uint32_t first_reqid = 0x49500000;
inline constexpr std::uint32_t last_reqid = 0x495fffff;
constexpr bool is_our_reqid(std::uint32_t reqid) { return first_reqid <= reqid && reqid <= last_reqid; }

// Protection that a policy wants between two ends: the order that secpolicyd gives for an ACQUIRE ("ike.acquire"),
// and its answer to what a peer proposes ("policy.cover").
struct Protection {
  std::string policy;       // its name, for records and reports
  unsigned place = 0;       // its place in the file, 1 = first
  std::uint32_t reqid = 0;  // ties policy and SAs together in the kernel; never 0
  Mode mode = Mode::transport;
  IpAddress local;  // ends of the SAs; the peer of IKE is `remote`
  IpAddress remote;
  Selector selector;                  // outbound: source is on our side. What the SAs may carry
  std::vector<Transform> transforms;  // in order of preference, at least one
  std::optional<Group> pfs;
  bool exclusive = false;

  auto operator<=>(const Protection&) const = default;
};

Json to_json(const Protection& protection);
Result<Protection> protection_from_json(const Json& json);

// What a peer proposes in Quick Mode, as ikpmd asks secpolicyd about it. If a policy would take it but for the mode,
// the answer is that policy's protection, whose mode is then not the one that was asked for.
struct CoverQuery {
  IpAddress local;  // where IKE runs
  IpAddress remote;
  Mode mode = Mode::transport;
  Selector proposed;                    // outbound: source is on our side; ports are one or any
  std::vector<Transform> offered = {};  // what of it we understand, in the peer's order of preference
  std::optional<Group> pfs = {};        // the group that is offered with it
  auto operator<=>(const CoverQuery&) const = default;
};

// The kernel waits for an SA that shall not be made ("ike.release"): ikpmd, who owns the SA table, ends the wait, and
// the next packet is asked for anew.
struct UnansweredAcquire {
  std::uint32_t sequence = 0;  // of the ACQUIRE
  IpAddress source;
  IpAddress destination;
  SaProtocol protocol = SaProtocol::esp;
  Mode mode = Mode::transport;
  std::uint32_t reqid = 0;
  auto operator<=>(const UnansweredAcquire&) const = default;
};

Json to_json(const UnansweredAcquire& acquire);
Result<UnansweredAcquire> unanswered_acquire_from_json(const Json& json);

Json to_json(const CoverQuery& query);
Result<CoverQuery> cover_query_from_json(const Json& json);

}  // namespace ipsec9000
