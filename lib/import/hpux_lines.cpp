#include "import/hpux_lines.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {
struct HpuxObject {
  std::string_view name;
  bool has_name;
  std::string_view options;  // that take a value
  std::string_view dropped;  // of these, what has no place here; "" for none
  std::string_view instead;  // the whole object has no place here: what to do instead
};

constexpr std::array objects{
    HpuxObject{"host", true,
               "source destination protocol priority tunnel action flags in out src_icmpv6_type dst_icmpv6_type",
               "in out src_icmpv6_type dst_icmpv6_type", ""},
    HpuxObject{"tunnel", true, "tsource tdestination source destination protocol action priority in out", "in out", ""},
    HpuxObject{"gateway", true, "source destination protocol priority tunnel action flags in out", "in out", ""},
    HpuxObject{"ike", true, "remote authentication group hash encryption life maxqm priority", "", ""},
    HpuxObject{"ikev1", true, "remote authentication group hash encryption life maxqm pfs priority", "", ""},
    HpuxObject{"ikev2", true, "", "", "only IKE version 1 is spoken here"},
    HpuxObject{"auth", true, "remote exchange preshared ltype lid rtype rid kmp local_method remote_method priority",
               "kmp priority", ""},
    HpuxObject{"bypass", true, "", "", ""},
    HpuxObject{"startup", false, "autoboot auditlvl auditdir maxsize spd_soft spd_hard spi_min spi_max",
               "spd_soft spd_hard spi_min spi_max", ""},
    HpuxObject{"csr", false, "", "", "certificates are not carried over"},
    HpuxObject{"mycert", false, "", "", "certificates are not carried over"},
    HpuxObject{"cacert", false, "", "", "certificates are not carried over"},
    HpuxObject{"crl", false, "", "", "certificates are not carried over"},
};
constexpr std::string_view everywhere = "profile";  // takes a value; "nocommit" takes none

bool is_one_of(std::string_view name, std::string_view list) {
  const auto names = split(list, ' ');
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The words of each command; "\" at the end of a line continues it, "#" begins a comment.
std::vector<std::vector<HpuxWord>> commands_of(std::string_view text) {
  std::vector<std::vector<HpuxWord>> commands(1);
  std::uint32_t number = 0;
  for (const auto& line : split(text, '\n')) {
    ++number;
    bool continues = false;
    std::size_t at = 0;
    while (at < line.size()) {
      if (line[at] == ' ' || line[at] == '\t' || line[at] == '\r') {
        ++at;
        continue;
      }
      if (line[at] == '#') break;
      if (line[at] == '\\' && trim(std::string_view(line).substr(at + 1)).empty()) {
        continues = true;
        break;
      }
      const auto end = std::min(line.find_first_of(" \t\r", at), line.size());
      commands.back().push_back({line.substr(at, end - at), {number, static_cast<std::uint32_t>(at + 1)}});
      at = end;
    }
    if (!continues && !commands.back().empty()) commands.emplace_back();
  }
  if (commands.back().empty()) commands.pop_back();
  return commands;
}

// By its name or the beginning of it, as HP-UX took them; "" when none or several fit.
std::string whole_name(const HpuxObject& object, std::string_view typed) {
  std::vector<std::string> fitting;
  for (const auto list : {object.options, everywhere, std::string_view("nocommit")})
    for (const auto& name : split(list, ' ')) {
      if (name == typed) return name;
      if (!name.empty() && name.starts_with(typed)) fitting.push_back(name);
    }
  if (typed == "nc") return "nocommit";
  return fitting.size() == 1 ? fitting[0] : "";
}

std::string in_quotes(std::string_view text) { return "\"" + escape_control(text) + "\""; }

bool read_options(const HpuxObject& object, const std::vector<HpuxWord>& words, std::size_t at, HpuxCommand& command,
                  Draft& draft) {
  while (at < words.size()) {
    const auto& word = words[at++];
    if (!word.text.starts_with('-')) {
      draft.error(word.where, "an option must stand here; it begins with \"-\"");
      return false;
    }
    const auto name = whole_name(object, std::string_view(word.text).substr(1));
    if (name.empty()) {
      draft.error(word.where, std::string(object.name) + " has no option " + in_quotes(word.text) +
                                  ", or several: allowed: " + std::string(object.options));
      return false;
    }
    if (name == "nocommit") {
      draft.warn(word.where, "-nocommit says that this was only tried: it is carried over all the same");
      continue;
    }
    if (at == words.size()) {
      draft.error(word.where, "-" + name + " needs a value");
      return false;
    }
    const auto& value = words[at++];
    if (name == everywhere || is_one_of(name, object.dropped))
      draft.warn(word.where, "-" + name + " has no counterpart here and is not carried over");
    else
      command.options[name].push_back(value);
  }
  return true;
}
}  // namespace

const HpuxWord* HpuxCommand::option(std::string_view wanted) const {
  const auto found = options.find(wanted);
  return found == options.end() ? nullptr : &found->second.back();
}

std::vector<HpuxCommand> read_hpux_lines(std::string_view text, Draft& draft) {
  std::vector<HpuxCommand> commands;
  for (const auto& words : commands_of(text)) {
    std::size_t at = words[0].text == "ipsec_config" ? 1 : 0;
    const auto word = [&]() -> const HpuxWord* { return at < words.size() ? &words[at++] : nullptr; };
    const auto* action = word();
    if (action == nullptr || (action->text != "add" && action->text != "delete")) {
      draft.error(words[0].where, "a line must begin with add or delete");
      continue;
    }
    if (action->text == "delete") {
      draft.warn(action->where, "a deletion has nothing to delete here and is not carried over");
      continue;
    }
    const auto* kind = word();
    const auto object = std::find_if(objects.begin(), objects.end(),
                                     [&](const auto& each) { return kind != nullptr && each.name == kind->text; });
    if (object == objects.end()) {
      draft.error(kind == nullptr ? action->where : kind->where,
                  kind == nullptr ? "what to add is missing" : in_quotes(kind->text) + " is nothing that can be added");
      continue;
    }
    if (!object->instead.empty()) {
      draft.warn(kind->where, "add " + kind->text + " is not carried over: " + std::string(object->instead));
      continue;
    }
    HpuxCommand command{kind->text, {"", kind->where}, {}};
    if (object->has_name) {
      const auto* name = word();
      if (name == nullptr || name->text.starts_with('-')) {
        draft.error(kind->where, "add " + kind->text + " needs " + (kind->text == "bypass" ? "an address" : "a name"));
        continue;
      }
      command.name = *name;
    }
    if (read_options(*object, words, at, command, draft)) commands.push_back(std::move(command));
  }
  return commands;
}

}  // namespace ipsec9000
