// import: a configuration of another program, printed as one of ours or added to the present one.
#include "import/import.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/operations.hpp"
#include "cli/ipsec_mgr/verbs.hpp"
#include "policy/edit.hpp"
#include "policy/to_document.hpp"

namespace ipsec9000::cli {

namespace {
Edit addition(std::string section, std::string name, Json item) {
  Edit edit;
  edit.verb = Edit::Verb::add;
  edit.section = std::move(section);
  edit.name = std::move(name);
  item.erase("name");
  for (auto& [key, value] : item.items()) edit.values.emplace_back(key, std::move(value));
  return edit;
}

// Everything but the default policy and the startup options, which are the present configuration's own.
std::vector<Edit> additions(const Configuration& configuration) {
  std::vector<Edit> edits;
  if (configuration.allow_legacy) {
    Edit legacy;
    legacy.section = "allow_legacy";
    legacy.values.emplace_back("", Json(true));
    edits.push_back(std::move(legacy));
  }
  for (const auto& policy : configuration.isakmp_policies)
    edits.push_back(addition("isakmp_policies", policy.name, to_document(policy)));
  for (const auto& policy : configuration.policies)
    edits.push_back(addition("policies", policy.name, to_document(policy)));
  for (const auto& address : configuration.bypass)
    edits.push_back(addition("bypass", address.to_string(), Json::object()));
  return edits;
}

Json messages_of(const Import& import) {
  Json messages = Json::array();
  for (const auto& message : import.messages)
    messages.push_back({{"severity", message.severity == Severity::error ? "error" : "warning"},
                        {"line", message.line},
                        {"column", message.column},
                        {"text", message.text}});
  return messages;
}

void say_what_is_left_to_do(const Context& context, const Import& import) {
  for (const auto& remote : import.keys)
    context.err << context.tool.name << ": to do: ipsec_mgr key set " << safe(remote) << "\n";
}

int add(Context& context, const Import& import) {
  const auto& configuration = import.configuration;
  const auto answer = carry_out_edits(context, additions(configuration), "");
  if (!answer) {
    auto why = failure("adding what was imported", answer.error());
    if (why.remedy.empty()) why.remedy = "the configuration was not changed";
    return context.fail(why);
  }
  say_what_is_left_to_do(context, import);
  if (context.json) {
    auto report = *answer;
    report["messages"] = messages_of(import);
    report["keys"] = import.keys;
    context.out << report.dump(2) << "\n";
    return 0;
  }
  context.out << configuration.policies.size() << " policies and " << configuration.isakmp_policies.size()
              << " ISAKMP policies added; they count once they are applied (ipsec_mgr diff, ipsec_mgr apply)\n";
  return 0;
}
}  // namespace

int mgr_import(Context& context, const VerbArguments& arguments, std::string_view words) {
  const auto name = words.substr(words.find(' ') + 1);
  const auto all = importers();
  const auto importer = std::find_if(all.begin(), all.end(), [&](const Importer& each) { return each.name == name; });
  if (importer == all.end()) return context.fail({Exit::failed, "command line", "this verb is not known here", ""});
  const auto text = read_file(arguments[0], maximum_import_bytes);
  if (!text) return context.fail("reading " + safe(arguments[0]), text.error());
  const auto import = importer->run(*text, arguments[0]);
  if (!context.json || !import.understood())
    for (const auto& message : import.messages) context.err << context.tool.name << ": " << message.to_string() << "\n";
  if (!import.understood())
    return context.fail(
        {Exit::usage, std::string(words), "the file has mistakes or makes no valid configuration", "nothing was done"});
  if (context.arguments.has("add")) return add(context, import);
  say_what_is_left_to_do(context, import);
  const auto document = to_document(import.configuration);
  if (context.json)
    context.out << Json{{"configuration", document}, {"messages", messages_of(import)}, {"keys", import.keys}}.dump(2);
  else
    context.out << document.dump(2);
  context.out << "\n";
  return 0;
}

}  // namespace ipsec9000::cli
