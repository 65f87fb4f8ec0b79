// Steps towards the policies that are wanted, carried out in the kernel.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "policy/difference.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

struct AppliedSteps {
  std::size_t added = 0;
  std::size_t updated = 0;
  std::size_t removed = 0;
  std::string first;  // in words, for a record; "" when nothing was done
  bool nothing() const { return added + updated + removed == 0; }
};

// In their order, neighbours of one kind as one batch; what is done is added to `applied`. What somebody else has
// added or removed meanwhile is no failure.
Result<void> carry_out(Kernel& kernel, std::span<const PolicyStep> steps, AppliedSteps& applied);

// The same for entries that are all to be added.
Result<void> carry_out_additions(Kernel& kernel, std::span<const PolicySpec> wanted, AppliedSteps& applied);

}  // namespace ipsec9000
