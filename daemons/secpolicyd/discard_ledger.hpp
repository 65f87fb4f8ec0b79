// What to record of packets that the kernel dropped. The sources tell different halves: a packet seen on an interface
// has addresses and ports, the kernel's counters say that something was dropped and nothing about it. Once a second
// they are put together. No I/O in here.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "audit/record.hpp"
#include "policy/matcher.hpp"
#include "recent_discards.hpp"
#include "xfrm/audit_events.hpp"
#include "xfrm/statistics.hpp"

namespace ipsec9000 {

// An inbound packet in clear that no policy lets in like that.
struct ClearPacket {
  Flow flow;
  std::string policy;
  Decision action = Decision::secure;  // secure: it should have come in AH or ESP; discard: not at all
  unsigned place = 0;                  // of the policy
  bool forwarded = false;              // not for this host
};
// What the kernel's audit told, and what we know about that SA.
struct ToldDiscard {
  KernelAuditEvent event;
  std::optional<SaProtocol> protocol;  // of the SA, when there is one
  std::string policy;
};
// What a program of this host tried to send, or this host was to forward, and a policy discards.
struct RefusedSend {
  Flow flow;
  std::string policy;
  unsigned place = 0;
  std::uint64_t count = 1;
  bool forwarded = false;
};
// A discarding policy of the direction out that packets have met.
struct MetPolicy {
  std::string policy;
  KernelSelector selector;
  unsigned place = 0;
};

struct DiscardSources {
  std::vector<ClearPacket> packets;
  std::vector<ToldDiscard> told;
  std::vector<MetPolicy> met;
  std::optional<XfrmStatistics> counts;  // read after the packets; nothing: this kernel does not count
  std::vector<RefusedSend> refused = {};
  std::vector<RefusedSend> connected = {};  // sockets that could send nothing else: who may have met the policies
};

struct DiscardRecord {
  const AuditEvent* event = nullptr;
  AuditFields fields;
  std::optional<SeenDiscard> seen = {};  // where it is known what was dropped
  std::uint64_t count = 1;
};

class DiscardLedger {
 public:
  // Records of one kind in a call; what is beyond is counted.
  static constexpr std::size_t most_of_a_kind = 20;

  // To be called once a second. The first call only takes the counters' present state. A packet in clear is recorded
  // when the counters confirm that as many were dropped; so is what programs tried to send.
  std::vector<DiscardRecord> settle(const DiscardSources& sources);

  // How many outbound packets policies have discarded since the last call: reason to look which policies they met.
  static std::uint64_t newly_blocked(const XfrmStatistics& before, const XfrmStatistics& now);

 private:
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;
  void record_told(const std::vector<ToldDiscard>& told, std::vector<DiscardRecord>& records);
  void record_packets(const DiscardSources& sources, std::vector<DiscardRecord>& records);
  void record_refused(const std::vector<RefusedSend>& refused, bool counted, std::vector<DiscardRecord>& records);
  void record_connected(const DiscardSources& sources, std::vector<DiscardRecord>& records);
  void record_met(const std::vector<MetPolicy>& met, std::vector<DiscardRecord>& records);
  void record_rest(std::vector<DiscardRecord>& records);
  std::uint64_t take(std::string_view counter, std::uint64_t at_most);

  std::optional<XfrmStatistics> before_;
  Counts fresh_;                    // dropped since the last call, not yet explained
  Counts overdue_;                  // of the call before: their explanation may have come late
  std::vector<RefusedSend> early_;  // not counted yet: the counter is read before the attempts
  std::set<std::string> named_;     // policies of the refused sends that this call has recorded
};

}  // namespace ipsec9000
