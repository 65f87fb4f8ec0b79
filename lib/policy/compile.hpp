// From policies to entries of the kernel's SPD.
//
// The order of selection becomes priorities (the lowest number wins in the kernel):
//   0x00001000                neighbour discovery: ICMPv6 types 133 to 137 pass, in and out
//   0x00002000                the addresses of the bypass list pass
//   0x10000000 - 0x5fffffff   hashed policies, 0x10000000 for each number of exact fields, five first
//   0x60000000 - 0xdfffffff   ordered policies
//   from 0xe8000000           forward direction: what goes out into a tunnel may enter (only where the default
//   discards) 0xf0000000                the default policy, for any address of both families, in, out and forward
// Each policy has a priority of its own, all its entries (families, directions, blocks of ports) share it: they have no
// packet in common. There are gaps, so that a policy can come in between without another one moving.
//
// Filters are mirrored for `in`. When a policy has a tunnel, all policies stand in `forward` as they stand in `in`, so
// that what comes out of a tunnel is judged alike whether it is for this host or for one behind it. An entry whose
// selector a better policy has already is left out; it could never win.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "policy/configuration.hpp"
#include "xfrm/types.hpp"

namespace ipsec9000 {

// The owner marks of our policies. They are part of a policy's identity but are not compared with packets, so the same
// selector can stand there twice while a policy moves to another priority: the new one comes before the old one goes.
inline constexpr std::uint32_t policy_owner = 0x49503930;
inline constexpr std::uint32_t policy_owner_count = 4;
inline bool is_our_owner(std::uint32_t owner) {
  return owner >= policy_owner && owner - policy_owner < policy_owner_count;
}

enum class EntryRole : std::uint8_t { system, bypass, policy, tunnel_exit, fallback };

struct CompiledPolicy {
  PolicySpec spec;
  EntryRole role = EntryRole::policy;
  std::uint32_t place = 0;  // of the policy in the file; 0 for the other roles

  auto operator<=>(const CompiledPolicy&) const = default;
};

// Winning end first. `reqids`: one for each policy (Keying::reqids). `present`: our policies as they are in the kernel
// now; what is unchanged keeps its priority and owner mark, so that the difference is small. The result depends on
// nothing else.
std::vector<CompiledPolicy> compile(const Configuration& configuration, std::span<const std::uint32_t> reqids,
                                    std::span<const PolicyState> present);

struct HashSelector {
  std::size_t operator()(const KernelSelector& selector) const noexcept;
};

}  // namespace ipsec9000
