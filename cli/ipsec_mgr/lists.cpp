// The lists in force, as secpolicyd tells them.
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/text.hpp"
#include "cli/common/daemons.hpp"
#include "cli/common/print_policy.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/verbs.hpp"

namespace ipsec9000::cli {

namespace {
// In one line: "1 telnet_in hashed secure 10.1.0.1 port 23 - 10.1.0.0/24 port any tcp"
std::string policy_line(const Json& item) {
  const auto any = [](const std::string& text) { return text.empty() ? std::string("any") : text; };
  const auto kind = text_of(item, "kind");
  auto line = (kind == "default" ? "-" : text_of(item, "place")) + " " + text_of(item, "name") + " " + kind + " " +
              text_of(item, "action");
  if (kind != "hashed" && kind != "ordered") return line;
  return line + " local " + any(text_of(item, "local")) + " port " + any(text_of(item, "local_port")) + " remote " +
         any(text_of(item, "remote")) + " port " + any(text_of(item, "remote_port")) + " protocol " +
         any(text_of(item, "protocol"));
}

// "1 finance remote 10.1.0.0/24 psk AES128-SHA256-MODP2048"
std::string isakmp_line(const Json& item) {
  const auto remote = text_of(item, "remote");
  return text_of(item, "place") + " " + text_of(item, "name") + " remote " + (remote.empty() ? "any" : remote) + " " +
         text_of(item, "authentication") + " " + join(texts_of(item, "proposals"), ",");
}

std::string bypass_line(const Json& item) { return text_of(item, "address"); }

struct List {
  const char* method;
  Json params;
  const char* key;    // of the JSON document
  const char* title;  // of one item
  std::string (*line)(const Json&);
  std::string (*block)(const Json&);
};
const List policies{"policy.list", Json{{"view", "configured"}},
                    "policies",    "policy",
                    policy_line,   [](const Json& item) { return print_policy(item); }};
const List isakmp_policies{"isakmp.list",   Json::object(), "isakmp_policies",
                           "ISAKMP policy", isakmp_line,    print_isakmp};
const List bypass{"policy.bypass", Json::object(), "bypass", "address", bypass_line, bypass_line};

Result<void> each(const Context& context, const List& list, const ipc::Client::OnItem& take) {
  Daemons daemons(context.paths);
  return daemons.pages("secpolicyd", list.method, list.params, take);
}

int print_list(Context& context, const List& list) {
  Json items = Json::array();
  const auto listed = each(context, list, [&](const Json& item) -> Result<void> {
    if (context.json)
      items.push_back(item);
    else
      context.out << list.line(item) << "\n";
    if (!context.out) return Error{ErrorCode::io, "the list cannot be written"};
    return {};
  });
  if (!listed) return context.fail(daemon_failure("listing " + std::string(list.key), listed.error()));
  if (context.json) context.out << Json{{list.key, std::move(items)}}.dump(2) << "\n";
  return 0;
}

int print_one(Context& context, const List& list, const std::string& name) {
  Json found;
  std::vector<std::string> names;
  constexpr std::size_t names_maximum = 10'000;  // for the nearest one
  const auto listed = each(context, list, [&](const Json& item) -> Result<void> {
    const auto its_name = text_of(item, "name");
    if (its_name == name) found = item;
    if (names.size() < names_maximum) names.push_back(its_name);
    return {};
  });
  const std::string what = "showing the " + std::string(list.title);
  if (!listed) return context.fail(daemon_failure(what, listed.error()));
  if (found.is_null()) {
    const auto near = nearest_word(name, names);
    return context.fail({Exit::failed, what, "there is no " + std::string(list.title) + " \"" + name + "\" in force",
                         near ? "did you mean " + *near + "?" : ""});
  }
  context.out << (context.json ? found.dump(2) + "\n" : list.block(found));
  return 0;
}
}  // namespace

int mgr_policy_list(Context& context, const VerbArguments&) { return print_list(context, policies); }
int mgr_policy_show(Context& context, const VerbArguments& words) { return print_one(context, policies, words[0]); }
int mgr_isakmp_list(Context& context, const VerbArguments&) { return print_list(context, isakmp_policies); }
int mgr_isakmp_show(Context& context, const VerbArguments& words) {
  return print_one(context, isakmp_policies, words[0]);
}
int mgr_bypass_list(Context& context, const VerbArguments&) { return print_list(context, bypass); }

}  // namespace ipsec9000::cli
