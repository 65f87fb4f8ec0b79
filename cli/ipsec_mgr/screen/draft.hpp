// A policy, or another part of the configuration, while it is edited: the text of each field, what is wrong with it,
// and the one edit of the file that it amounts to. No terminal, no file.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.hpp"
#include "policy/edit.hpp"
#include "policy/keys.hpp"
#include "policy/parse.hpp"

namespace ipsec9000::screen {

struct DraftField {
  std::string path;                       // "filter.remote_port"
  const ConfigurationKey* key = nullptr;  // what may stand there
  std::string before;                     // as it stands in the file
  std::string text;                       // as it has been typed
  std::string problem = "";               // of the last check; "" when there is none
  bool changed() const { return text != before; }
};

class Draft {
 public:
  // An item that is to be added to a list: "policies" or "isakmp_policies".
  static Draft of_new(std::string section);
  // An item that is there, by its name; or an object of the document such as "startup", without one. `value`: the item
  // as it stands in the file.
  static Draft of(std::string section, std::string name, const Json& value);

  const std::string& section() const { return section_; }
  const std::string& name() const { return name_; }  // in the file; "" for a new item
  bool is_new() const { return new_; }
  const std::vector<DraftField>& fields() const { return fields_; }
  std::vector<DraftField>& fields() { return fields_; }
  DraftField* find(std::string_view path);
  std::string typed_name() const;  // the name as it would be
  bool changed() const;

  // add, or set with the fields that have changed.
  Edit edit() const;
  // The verb of ipsec_mgr that does the same, for a shell.
  std::string command() const;
  // The outcome in that text: fills in the problems of the fields, and those of nothing in particular. Gives what was
  // parsed, for a try of a packet; nothing when the edit itself makes no sense.
  std::optional<ParsedConfiguration> check(std::string_view text);
  bool valid() const { return valid_; }                                   // by the last check
  const std::vector<std::string>& problems() const { return problems_; }  // errors
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  void take(const ConfigurationMessage& message, const std::string& own);
  std::string section_;
  std::string name_;
  bool new_ = false;
  bool valid_ = false;
  std::vector<DraftField> fields_;
  std::vector<std::string> problems_;
  std::vector<std::string> warnings_;
};

// The items of a list, or the object, as they stand in the text; null where there is nothing.
Json section_of(std::string_view text, const std::string& section);

}  // namespace ipsec9000::screen
