// One configuration in force, with all that is worked out from it.
#pragma once
#include <memory>
#include <vector>

#include "policy/configuration.hpp"
#include "policy/keying.hpp"
#include "policy/matcher.hpp"

namespace ipsec9000 {

// Changes by replace() alone; any other reload makes another set.
struct PolicySet {
  // `remembered`: the reqids of the set before, which stay with the protections that stay.
  static std::unique_ptr<PolicySet> make(Configuration configuration, const ReqidMap& remembered = {}) {
    return std::unique_ptr<PolicySet>(new PolicySet(std::move(configuration), remembered));
  }
  PolicySet(const PolicySet&) = delete;
  PolicySet& operator=(const PolicySet&) = delete;

  Configuration configuration;
  Matcher matcher;
  Keying keying;

  struct Replaced {
    Policy policy;  // as it was
    std::uint32_t reqid = 0;
  };
  // Whether replace() can take them, as far as the matcher is concerned.
  bool can_replace(const std::vector<Policy>& next) const;
  // Puts each in the place of the policy of the same place and name, at the cost of these few. No other policy may have
  // a selector of the old or the new ones. Gives what was there.
  std::vector<Replaced> replace(std::vector<Policy> next);

 private:
  PolicySet(Configuration given, const ReqidMap& remembered)
      : configuration(std::move(given)), matcher(configuration), keying(matcher, remembered) {}
};

}  // namespace ipsec9000
