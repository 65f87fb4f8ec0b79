// What the tests of all importers say about an import.
#pragma once
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "import/import.hpp"
#include "policy/to_document.hpp"

namespace ipsec9000::test {

inline std::string told(const Import& import) {
  std::string text;
  for (const auto& message : import.messages) text += message.to_string() + "\n";
  return text;
}

inline const Policy& only_policy(const Import& import) {
  INFO(told(import));
  REQUIRE(import.understood());
  REQUIRE(import.configuration.policies.size() == 1);
  return import.configuration.policies[0];
}

inline std::vector<std::string> policy_names(const Import& import) {
  std::vector<std::string> names;
  for (const auto& policy : import.configuration.policies) names.push_back(policy.name);
  return names;
}

}  // namespace ipsec9000::test
