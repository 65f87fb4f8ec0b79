// From what was typed to named values, by a tool's table.
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/common/table.hpp"

namespace ipsec9000::cli {

// What was typed makes no sense: exit status 2.
inline Error wrong_usage(std::string text) { return Error{ErrorCode::invalid_input, std::move(text)}; }

class Arguments {
 public:
  bool has(std::string_view option) const { return values_.find(option) != values_.end(); }
  // The option's argument; nothing when the option was not given, or was given without its optional argument.
  std::optional<std::string> value(std::string_view option) const;
  const std::vector<std::string>& words() const { return words_; }  // what is no option: a verb and its arguments

 private:
  friend Result<Arguments> parse(const Tool& tool, std::span<const std::string> typed);
  std::map<std::string, std::optional<std::string>, std::less<>> values_;
  std::vector<std::string> words_;
};

// One spelling for all: "-auditl", "--auditlvl", "-al" become "--auditlvl", and an argument is tied to its option by
// '='. An exact name or alias wins; else a prefix of three letters or more that fits one option only. Words stay as
// they are; what follows "--" are words. Errors (invalid_input) name the nearest option, or all that a prefix may mean.
Result<std::vector<std::string>> normalise(const Tool& tool, std::span<const std::string> typed);

// normalise, then read. An option given twice, a missing argument, or words for a tool without verbs are errors.
Result<Arguments> parse(const Tool& tool, std::span<const std::string> typed);

// The verb that the words begin with. The error names the nearest verb, or what the verb wants.
struct VerbCall {
  const Verb* verb = nullptr;
  std::vector<std::string> arguments;
};
Result<VerbCall> find_verb(const Tool& tool, const Arguments& arguments);

// --help: a screen of usage, options and examples.
std::string help_text(const Tool& tool);
// "-auditlvl LEVEL", "-policy [active|configured]"
std::string shown(const Option& option);

}  // namespace ipsec9000::cli
