// A configuration that is being put together from another one, and what there is to say about it. Internal to the
// importers.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "import/import.hpp"

namespace ipsec9000 {

class Draft {
 public:
  static constexpr std::size_t maximum_policies = 10'000;

  explicit Draft(std::string file_name) : messages_(std::move(file_name)) {}

  void error(Position where, std::string text) { messages_.error(where, "", std::move(text)); }
  void warn(Position where, std::string text) { messages_.warning(where, "", std::move(text)); }
  std::size_t errors() const { return messages_.errors(); }

  // In the order in which the other program looks at them. The name is made one of ours, and unique.
  void add(Policy policy, Position where);
  void add(IsakmpPolicy policy, Position where);
  void want_key(const std::string& remote);
  void allow_legacy(Position where);

  Configuration& configuration() { return configuration_; }

  // Compares the order of selection with the other program's, and checks the whole.
  Import finish();

 private:
  std::string own_name(std::string name, std::set<std::string>& used);
  void compare_selection();
  void check_whole();

  Configuration configuration_;
  std::vector<Position> places_;  // of the policies
  std::set<std::string> policy_names_;
  std::set<std::string> isakmp_names_;
  std::vector<std::string> keys_;
  MessageList messages_;
};

}  // namespace ipsec9000
