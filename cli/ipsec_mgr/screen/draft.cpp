#include "cli/ipsec_mgr/screen/draft.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/ipsec_mgr/assignments.hpp"

namespace ipsec9000::screen {

namespace {
const Json* value_at(const Json& item, std::string_view path) {
  const auto* here = &item;
  for (const auto& name : split(path, '.')) {
    if (!here->is_object()) return nullptr;
    const auto found = here->find(name);
    if (found == here->end()) return nullptr;
    here = &*found;
  }
  return here;
}

std::string_view verb_of(std::string_view section) { return section == "isakmp_policies" ? "isakmp" : "policy"; }

// For a shell.
std::string quoted(const std::string& text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  return "'" + join(split(text, '\''), "'\\''") + "'";
}

// "/policies/3/filter/remote_port" below "/policies/3" is the field "filter.remote_port", or one that it lies in.
DraftField* field_at(std::vector<DraftField>& fields, std::string_view pointer) {
  if (pointer.starts_with('/')) pointer.remove_prefix(1);
  const auto path = join(split(pointer, '/'), ".");
  DraftField* nearest = nullptr;
  for (auto& field : fields) {
    const bool inside = path == field.path || path.starts_with(field.path + ".");
    const bool around = !path.empty() && field.path.starts_with(path + ".");
    if (inside) return &field;
    if (around && nearest == nullptr) nearest = &field;
  }
  return nearest;
}

std::string sentence_of(const ConfigurationMessage& message) {
  std::vector<std::string> parts;
  if (!message.found.empty()) parts.push_back("found " + message.found);
  if (!message.text.empty()) parts.push_back(message.text);
  if (!message.allowed.empty()) parts.push_back("allowed: " + message.allowed);
  return parts.empty() ? message.to_string() : join(parts, "; ");
}
}  // namespace

Json section_of(std::string_view text, const std::string& section) {
  const auto document = Json::parse(text, nullptr, false, true);
  if (!document.is_object()) return nullptr;
  const auto found = document.find(section);
  return found == document.end() ? Json(nullptr) : *found;
}

Draft Draft::of_new(std::string section) {
  auto draft = of(std::move(section), "", Json::object());
  draft.new_ = true;
  return draft;
}

Draft Draft::of(std::string section, std::string name, const Json& value) {
  Draft draft;
  draft.section_ = std::move(section);
  draft.name_ = std::move(name);
  for (auto& field : cli::fields_of(draft.section_)) {
    const auto* here = value_at(value, field.path);
    const auto text = here == nullptr ? std::string() : cli::text_of_value(*here);
    draft.fields_.push_back({std::move(field.path), field.key, text, text});
  }
  return draft;
}

DraftField* Draft::find(std::string_view path) {
  const auto found =
      std::find_if(fields_.begin(), fields_.end(), [&](const DraftField& each) { return each.path == path; });
  return found == fields_.end() ? nullptr : &*found;
}

std::string Draft::typed_name() const {
  const auto found =
      std::find_if(fields_.begin(), fields_.end(), [](const DraftField& each) { return each.path == "name"; });
  return found == fields_.end() ? name_ : std::string(trim(found->text));
}

bool Draft::changed() const {
  return std::any_of(fields_.begin(), fields_.end(), [](const DraftField& each) { return each.changed(); });
}

Edit Draft::edit() const {
  Edit edit;
  edit.verb = new_ ? Edit::Verb::add : Edit::Verb::set;
  edit.section = section_;
  edit.name = new_ ? typed_name() : name_;
  for (const auto& field : fields_)
    if (field.changed() && !(new_ && field.path == "name"))
      edit.values.emplace_back(field.path, cli::value_of(*field.key, std::string(trim(field.text))));
  return edit;
}

std::string Draft::command() const {
  const auto* key = configuration_root().find(section_);
  if (key == nullptr || key->type != KeyType::objects) return "";
  std::vector<std::string> words{"ipsec_mgr", std::string(verb_of(section_)), new_ ? "add" : "set",
                                 quoted(new_ ? typed_name() : name_)};
  for (const auto& field : fields_)
    if (field.changed() && !(new_ && field.path == "name"))
      words.push_back(quoted(field.path + "=" + std::string(trim(field.text))));
  return join(words, " ");
}

void Draft::take(const ConfigurationMessage& message, const std::string& own) {
  const bool ours = !own.empty() && (message.pointer == own || message.pointer.starts_with(own + "/"));
  if (message.severity == Severity::warning) {
    if (ours) warnings_.push_back(sentence_of(message));
    return;
  }
  auto* field = ours ? field_at(fields_, std::string_view(message.pointer).substr(own.size())) : nullptr;
  const auto text = ours ? sentence_of(message) : message.to_string();
  if (field == nullptr)
    problems_.push_back(text);
  else if (field->problem.empty())
    field->problem = text;
}

std::optional<ParsedConfiguration> Draft::check(std::string_view text) {
  valid_ = false;
  problems_.clear();
  warnings_.clear();
  for (auto& field : fields_) field.problem.clear();
  if (new_ && typed_name().empty()) find("name")->problem = "a name is needed";
  const auto outcome = edited(text, edit());
  if (!outcome) {
    auto* name = find("name");
    (outcome.error().code == ErrorCode::already_exists && name != nullptr ? name->problem : problems_.emplace_back()) =
        outcome.error().text;
    return std::nullopt;
  }
  auto parsed = parse_configuration(*outcome, "ipsec.json");
  std::string own = "/" + section_;
  if (const auto items = section_of(*outcome, section_); items.is_array()) {
    const auto name = typed_name();
    std::size_t at = items.size() - 1;  // a new one comes last
    for (std::size_t n = 0; !new_ && n < items.size(); ++n)
      if (items[n].is_object() && items[n].value("name", Json()) == name) at = n;
    own += "/" + std::to_string(at);
  }
  for (const auto& message : parsed.messages) take(message, own);
  valid_ = parsed.valid();
  return parsed;
}

}  // namespace ipsec9000::screen
