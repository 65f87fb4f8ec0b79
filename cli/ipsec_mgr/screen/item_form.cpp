#include "cli/ipsec_mgr/screen/item_form.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/ipsec_mgr/screen/dialog.hpp"
#include "cli/ipsec_mgr/screen/pick_list.hpp"
#include "cli/ipsec_mgr/screen/try_packet.hpp"
#include "cli/ipsec_mgr/screen/workspace.hpp"
#include "policy/selection.hpp"

namespace ipsec9000::screen {

namespace {
// What an empty field means.
std::string meaning_of_nothing(const DraftField& field) {
  if (!field.key->fallback.empty()) return "(" + std::string(field.key->fallback) + ")";
  return field.path.find('.') == std::string::npos ? "(needed)" : "(none)";  // needed only beside its neighbours
}
}  // namespace

ItemForm::ItemForm(Desk& desk, std::string title, Draft draft)
    : desk_(desk), title_(std::move(title)), draft_(std::move(draft)) {
  entry_.set(field().text);
  check();
}

void ItemForm::check() { parsed_ = draft_.check(desk_.workspace().text()); }

void ItemForm::move_to(std::size_t field_number) {
  if (desk_.workspace().text().size() > checked_at_every_key) check();
  focus_ = field_number % draft_.fields().size();
  entry_.set(field().text);
}

void ItemForm::set_text(const std::string& text) {
  field().text = text;
  if (desk_.workspace().text().size() <= checked_at_every_key) check();
}

std::vector<std::string> ItemForm::verdict() const {
  std::vector<std::string> lines;
  if (!draft_.problems().empty()) return draft_.problems();
  if (!parsed_ || !parsed_->configuration || draft_.section() != "policies") return draft_.warnings();
  const auto& configuration = *parsed_->configuration;
  const auto order = selection_order(configuration);
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const auto& policy = configuration.policies[order[rank]];
    if (policy.name != draft_.typed_name()) continue;
    lines.push_back("Valid: " + to_string(kind_of(policy.filter)) + ", " + std::to_string(exact_fields(policy.filter)) +
                    " exact fields; number " + std::to_string(rank + 1) + " of " + std::to_string(order.size()) +
                    " in the order of the match");
  }
  lines.insert(lines.end(), draft_.warnings().begin(), draft_.warnings().end());
  return lines;
}

void ItemForm::draw_fields(Canvas& canvas, const Rect& area) const {
  constexpr int label_width = 24;
  const auto& fields = draft_.fields();
  const auto rows = static_cast<std::size_t>(std::max(area.rows, 1));
  if (focus_ < top_) top_ = focus_;
  if (focus_ >= top_ + rows) top_ = focus_ - rows + 1;
  if (fields.size() <= rows) top_ = 0;
  for (std::size_t n = top_; n < fields.size() && n < top_ + rows; ++n) {
    const auto& each = fields[n];
    const int row = area.row + static_cast<int>(n - top_);
    const bool here = n == focus_;
    const std::string mark = each.problem.empty() ? each.changed() ? "*" : " " : "!";
    canvas.put(row, area.column, (here ? ">" : " ") + mark + each.path,
               here                   ? Style::chosen
               : each.problem.empty() ? Style::plain
                                      : Style::error,
               label_width - 1);
    const int width = area.columns - label_width - 1;
    if (here)
      entry_.draw(canvas, row, area.column + label_width, width, true);
    else if (each.text.empty())
      canvas.put(row, area.column + label_width, meaning_of_nothing(each), Style::faint, width);
    else
      LineEditor(each.text).draw(canvas, row, area.column + label_width, width, false);
    canvas.on_click({row, area.column, 1, area.columns}, static_cast<int>(n));
  }
  if (top_ > 0) canvas.put(area.row, area.column + area.columns - 1, "^", Style::faint);
  if (top_ + rows < fields.size())
    canvas.put(area.row + area.rows - 1, area.column + area.columns - 1, "v", Style::faint);
}

void ItemForm::draw(Canvas& canvas, const Rect& area) const {
  canvas.fill(area);
  const auto& fields = draft_.fields();
  const auto& here = fields[focus_];
  const auto name = draft_.is_new() ? "new" : draft_.name();
  canvas.put(area.row, area.column,
             title_ + (name.empty() ? "" : " " + name) + (draft_.changed() ? " (not saved)" : ""), Style::heading,
             area.columns);
  constexpr int notes = 4;  // below the fields
  const int rows = std::min(static_cast<int>(fields.size()), area.rows - notes - 1);
  draw_fields(canvas, {area.row + 1, area.column, rows, area.columns});

  int row = area.row + area.rows - notes;
  auto about = std::string(here.key->description) + "; allowed: " + std::string(here.key->allowed);
  auto lines = wrapped(about, area.columns - 1);
  for (int n = 0; n < 2 && n < static_cast<int>(lines.size()); ++n)
    canvas.put(row + n, area.column, lines[static_cast<std::size_t>(n)], Style::faint, area.columns);
  row += 2;
  if (!here.problem.empty()) {
    lines = wrapped(here.path + ": " + here.problem, area.columns - 1);
  } else {
    lines.clear();
    for (const auto& line : verdict())
      for (auto& part : wrapped(line, area.columns - 1)) lines.push_back(std::move(part));
    const auto other = std::find_if(fields.begin(), fields.end(), [](const auto& f) { return !f.problem.empty(); });
    if (lines.empty() && other != fields.end()) lines = wrapped(other->path + ": " + other->problem, area.columns - 1);
  }
  for (int n = 0; n < 2 && n < static_cast<int>(lines.size()); ++n)
    canvas.put(row + n, area.column, lines[static_cast<std::size_t>(n)], draft_.valid() ? Style::good : Style::error,
               area.columns);
}

void ItemForm::pick() {
  const auto* configuration = desk_.workspace().configuration();
  auto choices = choices_for(field().path, *field().key, configuration != nullptr && configuration->allow_legacy);
  if (choices.words.empty()) return move_to(focus_ + 1);
  desk_.open(std::make_unique<PickList>(desk_, field().path, std::move(choices), field().text,
                                        [this](const std::string& text) {
                                          entry_.set(text);
                                          set_text(text);
                                        }));
}

void ItemForm::try_packet() {
  check();
  if (!parsed_ || !parsed_->configuration)
    return desk_.say("A packet can be tried when what is wrong here has been put right", Style::error);
  PacketWords words;
  for (const auto& policy : parsed_->configuration->policies)
    if (policy.name == draft_.typed_name()) words = PacketWords::example_of(policy.filter);
  desk_.open(std::make_unique<TryPacket>(desk_, *parsed_->configuration,
                                         draft_.changed() ? "With the edit that is not saved" : "", std::move(words)));
}

void ItemForm::save() {
  check();
  if (!draft_.changed() && !draft_.is_new()) return desk_.close(*this);
  if (!draft_.valid()) {
    const auto& fields = draft_.fields();
    const auto wrong = std::find_if(fields.begin(), fields.end(), [](const auto& f) { return !f.problem.empty(); });
    if (wrong != fields.end()) move_to(static_cast<std::size_t>(wrong - fields.begin()));
    return desk_.say("Not saved: what is marked with ! below is not valid yet", Style::error);
  }
  desk_.later("Writing the configuration", [this] {
    const auto done = desk_.workspace().edit({draft_.edit()});
    if (!done) {
      check();
      return desk_.say("Not saved: " + done.error().text, Style::error);
    }
    desk_.say(title_ + " " + draft_.typed_name() + " saved; it counts once it is applied (F9)", Style::good);
    desk_.close(*this);
  });
}

void ItemForm::leave() {
  if (!draft_.changed()) return desk_.close(*this);
  desk_.open(std::make_unique<Dialog>(desk_, "Not saved", "The changes in this form have not been saved.",
                                      std::vector<Button>{{"Save", 's', [this] { save(); }},
                                                          {"Discard them", 'd', [this] { desk_.close(*this); }},
                                                          {"Go on editing", 'g'}}));
}

void ItemForm::handle(const Key& key) {
  const auto count = draft_.fields().size();
  if (key.code == KeyCode::escape) return leave();
  if (key == Key::function(2) || key == Key::control('s')) return save();
  if (draft_.section() == "policies" && (key == Key::function(3) || key == Key::control('t'))) return try_packet();
  if (key.code == KeyCode::enter || key == Key::function(4)) return pick();
  if (key.code == KeyCode::tab || key.code == KeyCode::down) return move_to(focus_ + 1);
  if (key.code == KeyCode::back_tab || key.code == KeyCode::up) return move_to(focus_ + count - 1);
  if (key.code == KeyCode::page_up) return move_to(0);
  if (key.code == KeyCode::page_down) return move_to(count - 1);
  if (entry_.handle(key) && entry_.text() != field().text) set_text(entry_.text());
}

void ItemForm::choose(int item, bool twice) {
  if (item < 0 || static_cast<std::size_t>(item) >= draft_.fields().size()) return;
  move_to(static_cast<std::size_t>(item));
  if (twice) pick();
}

std::vector<KeyHelp> ItemForm::keys() const {
  std::vector<KeyHelp> all{{Key::function(2), "F2", "save"}, {{KeyCode::enter}, "Enter", "pick"}};
  if (draft_.section() == "policies") all.push_back({Key::function(3), "F3", "try a packet"});
  all.push_back({{KeyCode::tab}, "Tab", "next field"});
  all.push_back({{KeyCode::escape}, "Esc", "leave"});
  return all;
}

std::string ItemForm::help() const {
  return "One line for each field; what stands in brackets is what an empty field means. Up, Down and Tab go from "
         "field "
         "to field. Enter opens a list to pick from, where there is one: action, protocol, transforms, proposals, "
         "groups. "
         "* marks what has been changed, ! what is not valid; the lines below say why, as you type.\n"
         "F2 or Ctrl-S saves to the configuration file, with its comments and its order as they are; it counts once it "
         "is applied (F9 in the lists). F3 or Ctrl-T tries a packet with the edit as it stands here. Esc leaves; what "
         "has not been saved is asked about first.";
}

std::string ItemForm::unsaved() const { return draft_.changed() ? draft_.command() : ""; }

}  // namespace ipsec9000::screen
