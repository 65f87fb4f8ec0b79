#include <nlohmann/json.hpp>
#include <ostream>

#include "base/text.hpp"
#include "cli/common/configuration.hpp"
#include "cli/common/daemons.hpp"
#include "cli/common/print_policy.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/verbs.hpp"
#include "policy/boot.hpp"

namespace ipsec9000::cli {

namespace {
void print_messages(const Context& context, const ParsedConfiguration& parsed) {
  for (const auto& message : parsed.messages) context.err << context.tool.name << ": " << message.to_string() << "\n";
}

// In one line: "1 telnet_in hashed secure 10.1.0.1 port 23 - 10.1.0.0/24 port any tcp"
std::string policy_line(const Json& item) {
  const auto any = [](std::string text) { return text.empty() ? std::string("any") : text; };
  const auto kind = text_of(item, "kind");
  auto line = (kind == "default" ? "-" : text_of(item, "place")) + " " + text_of(item, "name") + " " + kind + " " +
              text_of(item, "action");
  if (kind != "hashed" && kind != "ordered") return line;
  return line + " local " + any(text_of(item, "local")) + " port " + any(text_of(item, "local_port")) + " remote " +
         any(text_of(item, "remote")) + " port " + any(text_of(item, "remote_port")) + " protocol " +
         any(text_of(item, "protocol"));
}

Result<void> each_policy(const Context& context, const ipc::Client::OnItem& each) {
  Daemons daemons(context.paths);
  return daemons.pages("secpolicyd", "policy.list", Json{{"view", "configured"}}, each);
}
}  // namespace

int mgr_check(Context& context, const VerbArguments& arguments) {
  const auto file = arguments.empty() ? context.paths.configuration() : std::filesystem::path(arguments[0]);
  const auto parsed = load_configuration(file);
  if (context.json)
    context.out << check_document(parsed).dump(2) << "\n";
  else
    print_messages(context, parsed);
  if (!parsed.valid()) {
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

int mgr_apply(Context& context, const VerbArguments&) {
  const auto parsed = load_configuration(context.paths.configuration());
  if (!parsed.valid())
    return context.fail({Exit::usage, "checking the configuration", error_lines(parsed), "nothing was changed"});
  Daemons daemons(context.paths, seconds(120));
  const auto answer = daemons.call("secpolicyd", "policy.reload", Json::object());
  if (!answer) return context.fail("loading the configuration", answer.error());
  if (const auto remembered = remember_configuration(context.paths); !remembered)
    context.err << context.tool.name << ": warning: " << safe(remembered.error().text) << "\n";
  if (context.json)
    context.out << answer->dump(2) << "\n";
  else
    context.out << "Policies loaded\n";
  return 0;
}

int mgr_policy_list(Context& context, const VerbArguments&) {
  Json items = Json::array();
  const auto listed = each_policy(context, [&](const Json& item) -> Result<void> {
    if (context.json)
      items.push_back(item);
    else
      context.out << policy_line(item) << "\n";
    if (!context.out) return Error{ErrorCode::io, "the list cannot be written"};
    return {};
  });
  if (!listed) return context.fail(daemon_failure("listing the policies", listed.error()));
  if (context.json) context.out << Json{{"policies", std::move(items)}}.dump(2) << "\n";
  return 0;
}

int mgr_policy_show(Context& context, const VerbArguments& arguments) {
  Json found;
  std::vector<std::string> names;
  constexpr std::size_t names_maximum = 10'000;  // for the nearest one
  const auto listed = each_policy(context, [&](const Json& item) -> Result<void> {
    const auto name = text_of(item, "name");
    if (name == arguments[0]) found = item;
    if (names.size() < names_maximum) names.push_back(name);
    return {};
  });
  if (!listed) return context.fail(daemon_failure("reading the policies", listed.error()));
  if (found.is_null()) {
    const auto near = nearest_word(arguments[0], names);
    return context.fail({Exit::failed, "policy show", "there is no policy \"" + arguments[0] + "\"",
                         near ? "did you mean " + *near + "?" : "see ipsec_mgr policy list"});
  }
  context.out << (context.json ? found.dump(2) + "\n" : print_policy(found));
  return 0;
}

}  // namespace ipsec9000::cli
