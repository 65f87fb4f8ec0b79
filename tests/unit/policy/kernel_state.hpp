// A fake kernel holding what was compiled.
#pragma once
#include <catch2/catch.hpp>

#include "policies.hpp"
#include "policy/compile.hpp"
#include "policy/kernel_view.hpp"
#include "support/fake_kernel.hpp"

namespace ipsec9000::test {

// Reqids as Keying would give them, one a policy.
inline std::vector<std::uint32_t> some_reqids(const Configuration& configuration) {
  std::vector<std::uint32_t> all;
  for (const auto& policy : configuration.policies)
    all.push_back(policy.action == Decision::secure ? 0x49500000 + policy.place : 0);
  return all;
}

inline std::vector<CompiledPolicy> compiled(const Configuration& configuration,
                                            std::span<const PolicyState> present = {}) {
  return compile(configuration, some_reqids(configuration), present);
}

inline void load(FakeKernel& kernel, const std::vector<CompiledPolicy>& entries) {
  for (const auto& entry : entries) {
    const auto done = kernel.add_policy(entry.spec);
    INFO(entry.spec.to_string() << ": " << (done ? "" : done.error().text));
    REQUIRE(done);
  }
}

// The decision of the kernel's table; a tie or no entry at all fails the test.
inline Decision kernel_decision(const FakeKernel& kernel, PolicyDirection direction, const Flow& packet) {
  const auto found = kernel.lookup(direction, packet);
  INFO(packet.to_string() << (found ? "" : found.error().text));
  REQUIRE(found);
  REQUIRE(*found);
  return decision_of((*found)->spec);
}

}  // namespace ipsec9000::test
