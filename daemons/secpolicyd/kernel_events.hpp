// Hears of packets that the kernel dropped, from whatever this kernel offers, and records them. Every source is
// optional; status() says which are there.
#pragma once
#include <functional>
#include <map>
#include <memory>

#include "base/json_fwd.hpp"
#include "daemon/daemon.hpp"
#include "discard_ledger.hpp"
#include "host_addresses.hpp"
#include "kernel_side.hpp"
#include "packet_tap.hpp"
#include "policy_set.hpp"
#include "send_tap.hpp"
#include "tunnel_watch.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

class KernelEvents {
 public:
  // `set` gives the policies in force at the time of the call.
  KernelEvents(DaemonContext& context, Kernel& kernel, KernelSide& kernel_side, HostAddresses& host,
               std::function<const PolicySet&()> set);
  ~KernelEvents();

  void start();
  void policies_changed() { tunnels_may_differ_ = true; }  // looked at when it matters: it walks through all

  // {"audit": ..., "packets": ..., "forwarded": ..., "tunnels": ..., "sends": ..., "sockets": ..., "raw": ...,
  // "counters": ...}: "on", or why not.
  Json status() const;
  std::string why_no_discards() const;  // "" where all are seen
  const RecentDiscards& recent() const { return recent_; }
  // What programs have tried to send in the last minute; why_no_sends(): "" where that is seen.
  std::vector<Flow> recent_sends();
  std::string why_no_sends() const { return sends_ ? "" : turns_ == 0 ? "not watched" : sends_problem_; }

 private:
  void open_audit();
  void follow_tunnels();
  void turn();
  void read_audit();
  void packet(const Flow& flow);
  void forwarded_packet(const Flow& flow);
  void packet_beside_tunnel(const Flow& flow);
  bool is_local(const IpAddress& address) const;
  ToldDiscard explain(const KernelAuditEvent& event);
  std::vector<MetPolicy> met_policies();
  std::vector<RefusedSend> refused_sends();
  std::vector<RefusedSend> refused_sockets();
  void find_refused(std::uint64_t blocked);
  using Sources = std::map<IpAddress, std::optional<IpAddress>>;  // by destination
  bool complete(Flow& flow, Sources& sources) const;
  std::string policy_of(std::uint32_t reqid) const;

  DaemonContext& context_;
  Kernel& kernel_;
  KernelSide& kernel_side_;
  HostAddresses& host_;
  RecentDiscards recent_;
  std::function<const PolicySet&()> set_;
  DiscardLedger ledger_;
  DiscardSources sources_;  // of this turn
  std::optional<XfrmStatistics> last_counts_;
  bool forwards_ = false;  // packets of others
  std::unique_ptr<KernelAuditSource> audit_;
  EventLoop::Watch audit_watch_;
  std::unique_ptr<PacketTap> tap_;
  std::unique_ptr<SendTap> sends_;
  TunnelWatch tunnels_;
  bool tunnels_may_differ_ = true;
  std::string audit_problem_, tap_problem_, sends_problem_, sockets_problem_, counter_problem_;
  EventLoop::Timer timer_;
  unsigned turns_ = 0;
  std::uint64_t audit_lost_ = 0;
};

}  // namespace ipsec9000
