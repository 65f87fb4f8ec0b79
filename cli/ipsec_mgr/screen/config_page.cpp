#include "cli/ipsec_mgr/screen/config_page.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/ipsec_mgr/screen/dialog.hpp"
#include "cli/ipsec_mgr/screen/item_form.hpp"

namespace ipsec9000::screen {

void ConfigPage::draw(Canvas& canvas, const Rect& area) const {
  if (workspace().configuration() == nullptr) {
    canvas.put(area.row, area.column,
               "The configuration is not valid; put this right with an editor, then press F5:", Style::error);
    int row = area.row + 2;
    for (const auto& message : workspace().parsed().lines())
      for (const auto& line : wrapped(message, area.columns - 2))
        if (row < area.row + area.rows) canvas.put(row++, area.column, line);
    return;
  }
  constexpr int below = 5;
  const auto all = items();
  canvas.put(area.row, area.column, heading(area.columns), Style::heading, area.columns);
  list_.draw(canvas, {area.row + 1, area.column, area.rows - below - 1, area.columns}, all.size(),
             [&](std::size_t n) { return row(n, area.columns - 2); });
  if (all.empty()) canvas.put(area.row + 2, area.column + 1, "None yet: press a to add one", Style::faint);
  draw_details(canvas, {area.row + area.rows - below, area.column, below, area.columns},
               all.empty() ? std::vector<std::string>{} : details(std::min(list_.chosen(), all.size() - 1)));
}

void ConfigPage::carry_out(const Edit& change, std::string done) {
  desk_.later("Writing the configuration", [this, change, done = std::move(done)] {
    const auto outcome = desk_.workspace().edit({change});
    if (!outcome) return desk_.say("Not changed: " + outcome.error().text, Style::error);
    desk_.say(done + "; it counts once it is applied (F9)", Style::good);
  });
}

void ConfigPage::add() { desk_.open(std::make_unique<ItemForm>(desk_, item_title_, Draft::of_new(section_))); }

void ConfigPage::edit(std::size_t item) {
  if (edit_special(item)) return;
  const auto name = items()[item].name;
  for (const auto& value : section_of(workspace().text(), section_))
    if (value.is_object() && value.value("name", Json()) == name)
      return desk_.open(std::make_unique<ItemForm>(desk_, item_title_, Draft::of(section_, name, value)));
}

void ConfigPage::ask_to_remove(const Item& item) {
  Edit change;
  change.verb = Edit::Verb::remove;
  change.section = section_;
  change.name = item.name;
  desk_.open(std::make_unique<Dialog>(
      desk_, "Delete?", "Delete " + item.name + ", with the comments right above and behind it?",
      std::vector<Button>{
          {"Delete", 'd', [this, change] { carry_out(change, item_title_ + " " + change.name + " deleted"); }},
          {"Keep it", 'k'}},
      true));
}

void ConfigPage::move(const std::vector<Item>& all, std::size_t item, bool up) {
  const auto to = up ? item - 1 : item + 1;
  if (to >= all.size() || all[to].group != all[item].group || all[to].name.empty())
    return desk_.say("It cannot be moved there: the order of the match goes by more than the place in the file",
                     Style::warning);
  Edit change;
  change.verb = Edit::Verb::move;
  change.section = section_;
  change.name = all[item].name;
  change.where = up ? Edit::Where::before : Edit::Where::after;
  change.anchor = all[to].name;
  list_.choose(to);
  carry_out(change, change.name + " moved " + (up ? "before " : "behind ") + change.anchor);
}

void ConfigPage::handle(const Key& key) {
  if (workspace().configuration() == nullptr) return;
  const auto all = items();
  if (list_.handle(key, all.size())) return;
  if (key.is('a')) return add();
  if (all.empty()) return;
  const auto item = std::min(list_.chosen(), all.size() - 1);
  if (key.code == KeyCode::enter || key.is('e')) return edit(item);
  if (key.is('t') || key == Key::function(3)) return try_packet(item);
  if (!key.is('d') && !key.is('-') && !key.is('+') && key.code != KeyCode::erase) return;
  if (all[item].group.empty()) return desk_.say("That one is always there", Style::warning);
  if (key.is('-') || key.is('+')) return move(all, item, key.is('-'));
  ask_to_remove(all[item]);
}

void ConfigPage::choose(int item, bool twice) {
  if (workspace().configuration() == nullptr || static_cast<std::size_t>(item) >= items().size()) return;
  list_.choose(static_cast<std::size_t>(item));
  if (twice) edit(static_cast<std::size_t>(item));
}

std::vector<KeyHelp> ConfigPage::keys() const {
  std::vector<KeyHelp> all{{{KeyCode::enter}, "Enter", "edit"},
                           {Key::of('a'), "a", "add"},
                           {Key::of('d'), "d", "delete"},
                           {Key::of('-'), "-", "up"},
                           {Key::of('+'), "+", "down"}};
  if (section_ == "policies") all.push_back({Key::of('t'), "t", "try"});
  return all;
}

}  // namespace ipsec9000::screen
