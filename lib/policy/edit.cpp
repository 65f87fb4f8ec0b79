#include "policy/edit.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "base/write_lock.hpp"
#include "crypto/hash.hpp"
#include "policy/container.hpp"
#include "policy/cursor.hpp"
#include "policy/host_check.hpp"
#include "policy/keys.hpp"
#include "policy/parse.hpp"

namespace ipsec9000 {

namespace {
Error invalid(std::string text) { return Error{ErrorCode::invalid_input, std::move(text)}; }

// One line, with blanks as a person sets them.
std::string line_of(const Json& value) {
  if (value.is_object()) {
    std::vector<std::string> members;
    for (const auto& [key, member] : value.items()) members.push_back(Json(key).dump() + ": " + line_of(member));
    return "{" + join(members, ", ") + "}";
  }
  if (!value.is_array()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::vector<std::string> items;
  for (const auto& item : value) items.push_back(line_of(item));
  return "[" + join(items, ", ") + "]";
}

// An item of a list: a line for each member where the list has a line for each item.
std::string item_text(const Json& item, const std::string& lead) {
  if (lead.find('\n') == std::string::npos || !item.is_object() || item.empty()) return line_of(item);
  std::vector<std::string> members;
  for (const auto& [key, member] : item.items()) members.push_back(Json(key).dump() + ": " + line_of(member));
  return "{ " + join(members, ",\n" + indentation(lead) + "  ") + " }";
}

void set_value(Container& object, std::string_view path, const Json& value, const std::string& outer) {
  const auto dot = path.find('.');
  const std::string key(path.substr(0, dot));
  auto& parts = object.parts();
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return part.key == key; });
  const auto at = static_cast<std::size_t>(found - parts.begin());
  if (dot == std::string_view::npos) {
    if (value.is_null() && found != parts.end())
      object.take(at);
    else if (!value.is_null() && found != parts.end())
      found->value = line_of(value);
    else if (!value.is_null())
      object.insert(parts.size(), {object.lead_for_new(outer), Json(key).dump() + ": ", key, line_of(value), ""},
                    outer);
    return;
  }
  const auto rest = path.substr(dot + 1);
  if (found == parts.end()) {
    if (value.is_null()) return;
    Json nested = value;
    auto names = split(rest, '.');
    for (auto name = names.rbegin(); name != names.rend(); ++name) nested = Json{{*name, std::move(nested)}};
    return set_value(object, key, nested, outer);
  }
  auto member = found->value.starts_with('{') ? Container::split(found->value) : Container::split("{}");
  set_value(member, rest, value, indentation(found->lead));
  if (member.parts().empty())
    object.take(at);
  else
    found->value = member.text();
}

std::string name_of(const Container::Part& part) {
  if (!part.value.starts_with('{')) {
    const auto text = Json::parse(part.value, nullptr, false, true);
    return text.is_string() ? text.get<std::string>() : "";
  }
  auto item = Container::split(part.value);
  const auto* name = item.find("name");
  const auto text = name == nullptr ? Json() : Json::parse(name->value, nullptr, false, true);
  return text.is_string() ? text.get<std::string>() : "";
}

// One list of the document, and the edits of it.
class ListEditor {
 public:
  ListEditor(const Edit& edit, Container& list, std::string outer)
      : edit_(edit), list_(list), outer_(std::move(outer)) {
    for (const auto& part : list_.parts()) names_.push_back(name_of(part));
  }

  Result<void> apply() {
    if (edit_.verb == Edit::Verb::add) return add();
    const auto at = find(edit_.name);
    if (!at) return at.error();
    if (edit_.verb == Edit::Verb::remove) {
      list_.take(*at);
      return {};
    }
    return edit_.verb == Edit::Verb::move ? move(*at) : set(*at);
  }

 private:
  Result<std::size_t> find(const std::string& name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
    const auto near = nearest_word(name, names_);
    return Error{ErrorCode::not_found, "\"" + edit_.section + "\" has no \"" + escape_control(name) + "\"" +
                                           (near ? "; did you mean " + escape_control(*near) + "?" : "")};
  }

  Result<std::size_t> destination() const {
    if (edit_.where == Edit::Where::first) return std::size_t{0};
    if (edit_.where == Edit::Where::last) return list_.parts().size();
    const auto at = find(edit_.anchor);
    if (!at) return at.error();
    return edit_.where == Edit::Where::before ? *at : *at + 1;
  }

  Result<void> add() {
    if (std::find(names_.begin(), names_.end(), edit_.name) != names_.end())
      return Error{ErrorCode::already_exists,
                   "\"" + edit_.section + "\" has \"" + escape_control(edit_.name) + "\" already"};
    const auto at = destination();
    if (!at) return at.error();
    Json item = edit_.name;
    if (edit_.section != "bypass") {
      auto object = Container::split("{}");
      set_value(object, "name", edit_.name, "");
      for (const auto& [path, value] : edit_.values) set_value(object, path, value, "");
      item = Json::parse(object.text(), nullptr, false);
      if (item.is_discarded()) return invalid("the values make no JSON");
    }
    const auto lead = list_.lead_for_new(outer_);
    list_.insert(*at, {lead, "", "", item_text(item, lead), ""}, outer_);
    return {};
  }

  Result<void> move(std::size_t from) {
    if (edit_.where == Edit::Where::before || edit_.where == Edit::Where::after)
      if (edit_.anchor == edit_.name) return invalid("\"" + edit_.name + "\" cannot be moved beside itself");
    auto to = destination();
    if (!to) return to.error();
    if (*to > from) --*to;
    if (*to == from) return {};
    list_.insert(*to, list_.take(from), outer_);
    return {};
  }

  Result<void> set(std::size_t at) {
    auto& part = list_.parts()[at];
    if (!part.value.starts_with('{')) return invalid("\"" + edit_.section + "\" has no members that can be set");
    auto item = Container::split(part.value);
    for (const auto& [path, value] : edit_.values) set_value(item, path, value, indentation(part.lead));
    part.value = item.text();
    return {};
  }

  const Edit& edit_;
  Container& list_;
  std::string outer_;
  std::vector<std::string> names_;
};

Result<void> apply(Container& root, const Edit& edit) {
  const auto* key = configuration_root().find(edit.section);
  if (key == nullptr) return invalid("the configuration has no \"" + escape_control(edit.section) + "\"");
  const bool list = key->type == KeyType::objects || key->type == KeyType::texts;
  if (!list && edit.verb != Edit::Verb::set) return invalid("\"" + edit.section + "\" is no list");
  if (!list) {
    for (const auto& [path, value] : edit.values)
      set_value(root, path.empty() ? edit.section : edit.section + "." + path, value, "");
    return {};
  }
  if (root.find(edit.section) == nullptr) set_value(root, edit.section, Json::array(), "");
  auto& part = *root.find(edit.section);
  if (!part.value.starts_with('[')) return invalid("\"" + edit.section + "\" must be a list");
  auto items = Container::split(part.value);
  if (auto done = ListEditor(edit, items, indentation(part.lead)).apply(); !done) return done;
  part.value = items.text();
  return {};
}

// The first mistake of syntax, if there is one.
Result<void> check_syntax(std::string_view text) {
  std::string mistake;
  const DocumentEvents events{
      [](std::string_view, std::size_t, const Node&) {},
      [&](Position where, const std::string& pointer, const std::string& found, const std::string& why) {
        if (mistake.empty())
          mistake = "line " + std::to_string(where.line) + ", " + pointer + ": found " + found + " (" + why + ")";
      }};
  const auto document = read_document(text, events);
  if (!mistake.empty()) return invalid(mistake);
  if (!document.complete || document.root.type != Node::Type::object) return invalid("not an object");
  return {};
}
}  // namespace

Result<std::string> edited(std::string_view text, const Edit& edit) {
  if (auto sound = check_syntax(text); !sound) return sound.error();
  Cursor cursor(text);
  cursor.skip_to_token();
  const auto begin = cursor.offset();
  const auto end = end_of_value(text, begin);
  auto root = Container::split(text.substr(begin, end - begin));
  if (auto done = apply(root, edit); !done) return done.error();
  return std::string(text.substr(0, begin)) + root.text() + std::string(text.substr(end));
}

std::optional<std::string> edited(const KnownText& known, const Edit& edit) {
  if (edit.verb != Edit::Verb::set || edit.section != "policies") return std::nullopt;
  const auto& policies = known.configuration.policies;
  const auto found =
      std::find_if(policies.begin(), policies.end(), [&](const Policy& policy) { return policy.name == edit.name; });
  if (found == policies.end()) return std::nullopt;  // edited() says what is near
  const auto span = known.text.spans()[found->place - 1];
  const std::string_view text = known.text.text();
  const auto line = text.rfind('\n', span.begin);
  if (line == std::string_view::npos) return std::nullopt;
  const auto blanks = text.substr(line + 1, span.begin - line - 1);
  if (blanks.find_first_not_of(" \t") != std::string_view::npos) return std::nullopt;
  auto item = Container::split(text.substr(span.begin, span.end - span.begin));
  for (const auto& [path, value] : edit.values) set_value(item, path, value, std::string(blanks));
  return std::string(text.substr(0, span.begin)) + item.text() + std::string(text.substr(span.end));
}

namespace {
struct QuickEdit {
  std::string text;
  std::vector<std::string> warnings;  // about this host
};
// The outcome of an edit of one policy, where it can be had and checked without all others, and its check alone has no
// warning.
std::optional<QuickEdit> edited_quickly(const KnownText& known, const std::string& text, const std::vector<Edit>& edits,
                                        const std::filesystem::path& path) {
  if (edits.size() != 1 || text != known.text.text()) return std::nullopt;
  auto next = edited(known, edits.front());
  if (!next) return std::nullopt;
  const auto change = known.text.change_to(*next, known.configuration);
  if (!change || !change->silent) return std::nullopt;
  for (const auto& policy : change->policies)  // with another filter it may hide others: a warning
    if (policy.filter != known.configuration.policies[policy.place - 1].filter) return std::nullopt;
  auto warnings = host_warnings_after(known.text, known.configuration, *change, *next, path);
  return QuickEdit{std::move(*next), std::move(warnings)};
}
}  // namespace

std::string revision_of(std::string_view text) {
  return to_hex(
      digest(HashAlgorithm::sha256, {ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size())}));
}

Result<EditedFile> edit_file(const std::filesystem::path& path, const std::vector<Edit>& edits,
                             const std::string& revision, const std::optional<KnownText>& known) {
  if (auto made = make_directory(path.parent_path(), 0700); !made) return made.error();
  const auto lock = WriteLock::acquire(path);
  if (!lock) return lock.error();
  std::string text(empty_configuration);
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    auto present = read_file(path, maximum_configuration_bytes);
    if (!present) return present.error();
    text = std::move(*present);
  }
  if (!revision.empty() && revision != revision_of(text))
    return Error{ErrorCode::refused, path.string() + " has been changed by somebody else meanwhile"};
  if (known)
    if (auto next = edited_quickly(*known, text, edits, path)) {
      if (auto written = replace_file(path, next->text, 0600); !written) return written.error();
      return EditedFile{revision_of(next->text), std::move(next->warnings)};
    }
  for (const auto& edit : edits) {
    auto next = edited(text, edit);
    if (!next) return next.error().within(path.string());
    text = std::move(*next);
  }
  auto parsed = parse_configuration(text, path.string());
  if (!parsed.valid()) return invalid(join(parsed.lines(), "\n"));
  if (auto written = replace_file(path, text, 0600); !written) return written.error();
  parsed.text = std::move(text);
  add_host_warnings(parsed, path);
  return EditedFile{revision_of(parsed.text), parsed.lines()};
}

}  // namespace ipsec9000
