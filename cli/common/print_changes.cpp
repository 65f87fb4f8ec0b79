#include "cli/common/print_changes.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/common/show.hpp"

namespace ipsec9000::cli {

namespace {
void print_change(std::ostream& out, const Json& change) {
  const auto section = text_of(change, "section");
  const auto name = text_of(change, "policy");
  const auto sas = text_of(change, "sas");
  out << text_of(change, "change") << " ";
  if (section != "policies" && section != "default_policy" && !section.empty())
    out << section << (name.empty() ? "" : " ");
  out << name << (sas.empty() || sas == "none" ? "" : " (SAs " + sas + ")") << "\n";
  const auto* fields = member(change, "fields");
  if (fields == nullptr || !fields->is_array()) return;
  for (const auto& field : *fields)
    out << "    " << text_of(field, "field") << ": " << text_of(field, "before") << " -> " << text_of(field, "after")
        << "\n";
}
}  // namespace

void print_changes(std::ostream& out, const Json& answer) {
  const auto* changes = member(answer, "changes");
  if (changes == nullptr || !changes->is_array()) return;
  for (const auto& change : *changes) print_change(out, change);
  const auto all = number_of(answer, "changed");
  if (all > changes->size()) out << "and " << all - changes->size() << " more\n";
}

}  // namespace ipsec9000::cli
