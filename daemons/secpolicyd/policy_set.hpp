// One configuration in force, with all that is worked out from it. Never changes; a reload makes another one.
#pragma once
#include <memory>

#include "policy/configuration.hpp"
#include "policy/keying.hpp"
#include "policy/matcher.hpp"

namespace ipsec9000 {

struct PolicySet {
  // `remembered`: the reqids of the set before, which stay with the protections that stay.
  static std::unique_ptr<const PolicySet> make(Configuration configuration, const ReqidMap& remembered = {}) {
    return std::unique_ptr<const PolicySet>(new PolicySet(std::move(configuration), remembered));
  }
  PolicySet(const PolicySet&) = delete;
  PolicySet& operator=(const PolicySet&) = delete;

  const Configuration configuration;
  const Matcher matcher;
  const Keying keying;

 private:
  PolicySet(Configuration given, const ReqidMap& remembered)
      : configuration(std::move(given)), matcher(configuration), keying(matcher, remembered) {}
};

}  // namespace ipsec9000
