// The edits of ipsec.json: secpolicyd carries them out while it runs, else the tool does.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/address.hpp"
#include "base/text.hpp"
#include "cli/common/daemons.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/assignments.hpp"
#include "cli/ipsec_mgr/operations.hpp"
#include "cli/ipsec_mgr/verbs.hpp"

namespace ipsec9000::cli {

namespace {
struct Target {
  std::string_view word;     // of the verb
  std::string_view section;  // of the document
  std::string_view title;
};
constexpr std::array targets{Target{"policy", "policies", "Policy"},
                             Target{"isakmp", "isakmp_policies", "ISAKMP policy"},
                             Target{"bypass", "bypass", "Bypassed address"}};

struct Doing {
  std::string_view word;
  Edit::Verb verb;
  std::string_view done;
};
constexpr std::array doings{Doing{"add", Edit::Verb::add, "added"}, Doing{"set", Edit::Verb::set, "changed"},
                            Doing{"move", Edit::Verb::move, "moved"}, Doing{"delete", Edit::Verb::remove, "deleted"}};

struct Destination {
  std::string_view option;
  Edit::Where where;
};
constexpr std::array destinations{Destination{"first", Edit::Where::first}, Destination{"last", Edit::Where::last},
                                  Destination{"before", Edit::Where::before}, Destination{"after", Edit::Where::after}};

Result<void> read_destination(const Arguments& arguments, Edit& edit) {
  std::size_t given = 0;
  for (const auto& [option, where] : destinations) {
    if (!arguments.has(option)) continue;
    ++given;
    edit.where = where;
    edit.anchor = arguments.value(option).value_or("");
  }
  if (given > 1) return wrong_usage("only one of -first, -last, -before and -after makes sense");
  if (given == 0 && edit.verb == Edit::Verb::move)
    return wrong_usage("where to: -first, -last, -before or -after is missing");
  return {};
}

Result<Edit> edit_of(const Context& context, const VerbArguments& arguments, const Target& target, Edit::Verb verb) {
  Edit edit;
  edit.verb = verb;
  edit.section = target.section;
  edit.name = arguments[0];
  if (target.section == "bypass") {
    const auto address = IpAddress::parse(edit.name);
    if (!address) return address.error();
    edit.name = address->to_string();
  }
  if (auto read = read_destination(context.arguments, edit); !read) return read.error();
  if (edit.section == "policies" && edit.name == "default" && verb == Edit::Verb::set) {
    edit.section = "default_policy";
    edit.name.clear();
  }
  auto values = assignments_of(edit.section, std::span(arguments).subspan(1));
  if (!values) return values.error();
  edit.values = std::move(*values);
  return edit;
}
}  // namespace

Result<Json> carry_out_edits(const Context& context, const std::vector<Edit>& edits, const std::string& revision) {
  Json params{{"edits", Json::array()}};
  for (const auto& edit : edits) params["edits"].push_back(to_json(edit));
  if (!revision.empty()) params["revision"] = revision;
  Daemons daemons(context.paths, seconds(60));
  auto answer = daemons.call("secpolicyd", "config.edit", params);
  if (answer || answer.error().code != ErrorCode::not_running) return answer;
  auto done = edit_file(context.paths.configuration(), edits, revision);
  if (!done) return done.error();
  return Json{{"revision", done->revision}, {"warnings", done->warnings}};
}

int mgr_edit(Context& context, const VerbArguments& arguments, std::string_view words) {
  const auto blank = words.find(' ');
  const auto target = std::find_if(targets.begin(), targets.end(),
                                   [&](const Target& each) { return each.word == words.substr(0, blank); });
  const auto doing = std::find_if(doings.begin(), doings.end(),
                                  [&](const Doing& each) { return each.word == words.substr(blank + 1); });
  if (target == targets.end() || doing == doings.end())
    return context.fail({Exit::failed, "command line", "this verb is not known here", ""});
  const auto edit = edit_of(context, arguments, *target, doing->verb);
  if (!edit) return context.fail({Exit::usage, std::string(words), edit.error().text, "see ipsec_mgr -help"});
  const auto answer = carry_out_edits(context, {*edit}, "");
  if (!answer) {
    auto why = failure(std::string(words), answer.error());
    if (why.remedy.empty()) why.remedy = "the configuration was not changed";
    return context.fail(why);
  }
  if (context.json) {
    context.out << answer->dump(2) << "\n";
    return 0;
  }
  for (const auto& warning : texts_of(*answer, "warnings")) context.err << context.tool.name << ": " << warning << "\n";
  context.out << target->title << " " << safe(arguments[0]) << " " << doing->done
              << "; it counts once it is applied (ipsec_mgr apply)\n";
  return 0;
}

}  // namespace ipsec9000::cli
