// A tool's command line as data. The parser, --help, the manual pages and the shell completion walk these tables, so
// that what is declared is what works and what is described.
#pragma once
#include <span>
#include <string_view>

namespace ipsec9000::cli {

enum class Argument { none, required, optional };

struct Option {
  std::string_view name;     // "auditlvl": typed as -auditlvl, --auditlvl, or a prefix of it
  std::string_view aliases;  // other exact spellings, blank separated: "al"
  Argument argument;
  std::string_view placeholder;  // "LEVEL"
  std::string_view help;         // half a sentence
  std::string_view description;  // whole sentences for the manual, beyond `help`; may be empty
  std::string_view verbs;        // ipsec_mgr: the verbs that take it, separated by ", "; empty: all do
  bool hidden = false;           // understood, but neither offered nor described
};

// "key set REMOTE"
struct Verb {
  std::string_view words;         // "key set"
  std::string_view placeholders;  // "REMOTE"; in brackets when it may be missing
  unsigned minimum;               // number of arguments
  unsigned maximum;
  std::string_view help;
  std::string_view description;
};

struct Example {
  std::string_view command;
  std::string_view meaning;
};

struct Tool {
  std::string_view name;
  std::string_view summary;      // "start, stop, watch and set up IPSec": as after the dash in a manual's NAME
  std::string_view description;  // a paragraph
  std::span<const Option> options;
  std::span<const Verb> verbs;  // empty: the tool takes options only
  std::span<const Example> examples;
  std::span<const std::string_view> edited_lists = {};  // members of ipsec.json whose fields can be typed
};

// Those of every tool: root, json, password-file, help, version.
std::span<const Option> common_options();

struct ExitStatus {
  int number;
  std::string_view meaning;
};
std::span<const ExitStatus> exit_statuses();

const Tool& ipsec_admin_tool();
const Tool& ipsec_report_tool();
const Tool& ipsec_policy_tool();
const Tool& ipsec_mgr_tool();
std::span<const Tool* const> all_tools();

}  // namespace ipsec9000::cli
