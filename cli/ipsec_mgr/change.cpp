// check, diff, apply, export: the file, and the file beside what is in force.
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/common/configuration.hpp"
#include "cli/common/daemons.hpp"
#include "cli/common/print_changes.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/operations.hpp"
#include "cli/ipsec_mgr/verbs.hpp"
#include "policy/host_check.hpp"
#include "policy/to_document.hpp"

namespace ipsec9000::cli {

namespace {
constexpr auto change_patience = seconds(120);

// The messages of a bad file are of the file, not of what was typed; the exit status is the same.
Failure bad_file(std::string what, const Error& error, std::string remedy) {
  auto why = failure(std::move(what), error);
  if (why.exit == Exit::usage) why.remedy = std::move(remedy);
  return why;
}

void print_messages(const Context& context, const ParsedConfiguration& parsed) {
  for (const auto& message : parsed.messages) context.err << context.tool.name << ": " << message.to_string() << "\n";
}

bool nothing_changed(const Json& answer) { return number_of(answer, "changed") == 0; }
}  // namespace

int mgr_check(Context& context, const VerbArguments& arguments) {
  const auto file = arguments.empty() ? context.paths.configuration() : std::filesystem::path(arguments[0]);
  auto parsed = load_configuration(file);
  add_host_warnings(parsed, file);
  // As with a reload: it belongs to the configuration in use, and its mistakes count as that one's.
  if (file == context.paths.configuration()) add_entrust_mistake(parsed, file);
  if (context.json)
    context.out << check_document(parsed).dump(2) << "\n";
  else
    print_messages(context, parsed);
  if (parsed.errors() != 0) {
    if (!context.json)
      context.out << safe(file.string()) << ": " << parsed.errors() << " errors, " << parsed.warnings()
                  << " warnings\n";
    return static_cast<int>(Exit::usage);
  }
  if (!context.json)
    context.out << safe(file.string()) << ": valid: " << parsed.configuration->policies.size() << " policies, "
                << parsed.configuration->isakmp_policies.size() << " ISAKMP policies, " << parsed.warnings()
                << " warnings\n";
  return 0;
}

int mgr_diff(Context& context, const VerbArguments& arguments) {
  Json params = Json::object();
  if (!arguments.empty()) params["file"] = std::filesystem::absolute(arguments[0]).lexically_normal().string();
  Daemons daemons(context.paths, change_patience);
  const auto answer = daemons.call("secpolicyd", "policy.diff", params);
  if (!answer) return context.fail(bad_file("comparing the configurations", answer.error(), ""));
  if (context.json) {
    context.out << answer->dump(2) << "\n";
    return 0;
  }
  for (const auto& warning : texts_of(*answer, "warnings")) context.err << context.tool.name << ": " << warning << "\n";
  print_changes(context.out, *answer);
  if (nothing_changed(*answer)) context.out << "No differences\n";
  return 0;
}

Result<Json> load_configuration_into_force(const Context& context, const std::string& revision, std::string& warning) {
  Json params = Json::object();
  if (!revision.empty()) params["revision"] = revision;
  Daemons daemons(context.paths, change_patience);
  auto answer = daemons.call("secpolicyd", "policy.reload", params);
  if (!answer) return answer;
  if (const auto remembered = remember_configuration(context.paths); !remembered)
    warning = safe(remembered.error().text);
  return answer;
}

int mgr_apply(Context& context, const VerbArguments&) {
  Daemons daemons(context.paths, change_patience);
  const auto difference = daemons.call("secpolicyd", "policy.diff", Json::object());
  if (!difference) {
    // Here too, so that a bad file is told as such whether or not secpolicyd runs.
    if (const auto parsed = load_configuration(context.paths.configuration()); !parsed.valid())
      return context.fail({Exit::usage, "checking the configuration", error_lines(parsed), "nothing was changed"});
    return context.fail(bad_file("comparing the configurations", difference.error(), ""));
  }
  if (!context.json) {
    for (const auto& warning : texts_of(*difference, "warnings"))
      context.err << context.tool.name << ": " << warning << "\n";
    print_changes(context.out, *difference);
    context.out << (nothing_changed(*difference) ? "No differences\n" : "") << std::flush;
  }
  // What was shown is what is loaded, or nothing.
  std::string warning;
  const auto answer = load_configuration_into_force(context, text_of(*difference, "revision"), warning);
  if (!answer) return context.fail(bad_file("loading the configuration", answer.error(), "nothing was changed"));
  if (!warning.empty()) context.err << context.tool.name << ": warning: " << warning << "\n";
  context.out << (context.json ? answer->dump(2) : std::string("Policies loaded")) << "\n";
  return 0;
}

int mgr_export(Context& context, const VerbArguments& arguments) {
  const auto file = context.paths.configuration();
  const auto text = read_file(file, maximum_configuration_bytes);
  if (!text) return context.fail("reading the configuration", text.error());
  const auto parsed = parse_configuration(*text, file.string());
  if (!parsed.valid())
    return context.fail({Exit::usage, "reading the configuration", error_lines(parsed), "nothing was exported"});
  const auto exported = context.json ? to_document(*parsed.configuration).dump(2) + "\n" : *text;
  if (arguments.empty()) {
    context.out << exported;
    return 0;
  }
  const auto target = std::filesystem::absolute(arguments[0]);
  if (auto written = replace_file(target, exported, 0600); !written)
    return context.fail("writing the configuration", written.error());
  context.out << "Configuration written to " << safe(target.string()) << "\n";
  return 0;
}

}  // namespace ipsec9000::cli
