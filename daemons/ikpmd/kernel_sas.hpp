// ikpmd's side of the kernel's SA table: SAs as the IKE engine has them, put in, taken out, and found again.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "ike/engine.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

// The kernel's form of an SA; pure.
SaSpec sa_spec(const ike::SaInstall& sa);

class KernelSas {
 public:
  explicit KernelSas(Kernel& kernel) : kernel_(kernel) {}

  // All or none: what was put in is taken out again when a later one is refused.
  Result<void> install(const std::vector<ike::SaInstall>& sas);
  // One that is gone already is no error.
  Result<void> remove(const std::vector<ike::SaKey>& keys);
  // Other ports around the ESP packets of an SA; its keys, counters and limits stay. One that is gone is no error.
  Result<void> move(const ike::SaKey& key, const ike::UdpPorts& ports);
  // Ends the kernel's wait for an SA that nobody will make, so that the next packet asks anew.
  Result<void> release(const UnansweredAcquire& acquire);
  // Every SA with a reqid of ours; returns how many there were.
  Result<std::size_t> remove_all_ours();

  // The packet counters of our SAs.
  Result<std::vector<ike::TrafficSample>> traffic();

  // Pairs of ours that an earlier run left behind. SAs without a counterpart
  // are removed: nobody could renew or delete them.
  Result<std::vector<ike::AdoptedPair>> adoptable();

 private:
  Kernel& kernel_;
};

}  // namespace ipsec9000
