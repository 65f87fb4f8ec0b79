#include "cli/ipsec_mgr/screen/pick_list.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/ipsec_mgr/screen/prompt.hpp"
#include "model/transform.hpp"

namespace ipsec9000::screen {

namespace {
std::string without_lifetime(const std::string& word) { return word.substr(0, word.find('/')); }
}  // namespace

PickList::PickList(Desk& desk, std::string title, Choices choices, const std::string& text,
                   std::function<void(std::string)> accept)
    : desk_(desk), title_(std::move(title)), choices_(std::move(choices)), accept_(std::move(accept)) {
  if (choices_.several)
    for (const auto& word : split(text, ','))
      if (!trim(word).empty()) chosen_.emplace_back(trim(word));
  narrow();
  const auto here = std::find(choices_.words.begin(), choices_.words.end(), text);
  if (!choices_.several && here != choices_.words.end())
    offered_.choose(static_cast<std::size_t>(here - choices_.words.begin()));
}

void PickList::narrow() {
  shown_.clear();
  const auto parts = split(to_lower(typed_.text()), ' ');
  for (std::size_t n = 0; n < choices_.words.size(); ++n) {
    const auto word = to_lower(choices_.words[n]);
    if (std::all_of(parts.begin(), parts.end(), [&](const auto& part) { return word.find(part) != word.npos; }))
      shown_.push_back(n);
  }
  offered_.choose(0);
}

void PickList::draw(Canvas& canvas, const Rect& area) const {
  const int columns = choices_.several ? std::min(area.columns - 2, 100) : std::min(area.columns - 4, 44);
  const int rows = std::min(area.rows, static_cast<int>(choices_.words.size()) + 5);
  const auto box = centred({area.rows, area.columns}, std::max(rows, choices_.several ? 10 : 0), columns);
  const int row = area.row + box.row;
  const int column = area.column + box.column;
  canvas.box({row, column, box.rows, box.columns}, title_);
  const int half = choices_.several ? (box.columns - 3) / 2 : box.columns - 3;
  canvas.put(row + 1, column + 2, "Find: ", Style::faint);
  typed_.draw(canvas, row + 1, column + 8, half - 8, !in_chosen_);
  const Rect list{row + 3, column + 1, box.rows - 4, half};
  offered_.draw(
      canvas, list, shown_.size(),
      [&](std::size_t n) {
        const auto& word = choices_.words[shown_[n]];
        return word.empty() ? std::string("(none)") : word;
      },
      !in_chosen_);
  if (shown_.empty()) canvas.put(list.row, list.column + 1, "nothing has all of that in it", Style::faint);
  if (!choices_.several) return;
  draw_chosen(canvas, {row + 1, column + 1 + half, box.rows - 2, box.columns - half - 2});
}

void PickList::draw_chosen(Canvas& canvas, const Rect& area) const {
  for (int n = 0; n < area.rows; ++n) canvas.put(area.row + n, area.column, "|");
  canvas.put(area.row, area.column + 2, "Chosen, the preferred one first", Style::heading, area.columns - 2);
  const Rect list{area.row + 2, area.column + 1, area.rows - 2, area.columns - 1};
  order_.draw(
      canvas, list, chosen_.size(), [&](std::size_t n) { return std::to_string(n + 1) + " " + chosen_[n]; },
      in_chosen_);
  if (chosen_.empty()) canvas.put(list.row, list.column + 1, "none yet: Enter adds", Style::faint);
}

void PickList::take() {
  if (shown_.empty()) return;
  const auto& word = choices_.words[shown_[std::min(offered_.chosen(), shown_.size() - 1)]];
  if (!choices_.several) {
    accept_(word);
    return desk_.close(*this);
  }
  const bool there =
      std::any_of(chosen_.begin(), chosen_.end(), [&](const auto& each) { return without_lifetime(each) == word; });
  if (there) return desk_.say(word + " is among the chosen ones already", Style::warning);
  chosen_.push_back(word);
  order_.choose(chosen_.size() - 1);
  desk_.say(word + " added; F2 when the list is complete");
}

void PickList::accept() {
  if (!choices_.several) return take();
  accept_(join(chosen_, ", "));
  desk_.close(*this);
}

void PickList::ask_lifetime() {
  if (chosen_.empty() || !Transform::parse(chosen_.front())) return;  // proposals have none of their own
  const auto at = order_.chosen();
  const auto name = without_lifetime(chosen_[at]);
  const auto slash = chosen_[at].find('/');
  const auto wrong = [name](const std::string& text) {
    const auto transform = Transform::parse(name + "/" + text);
    return transform ? std::string() : transform.error().text;
  };
  desk_.open(std::make_unique<Prompt>(
      desk_, "Lifetime of " + name,
      "Seconds/kilobytes, such as 28800/0; 0 is no limit of that kind. Seconds: 10 to 4294967294 (under 600 with a "
      "warning), kilobytes: 64 to 4294967294.",
      std::vector<Prompt::Line>{
          {"Lifetime", false, slash == std::string::npos ? "28800/0" : chosen_[at].substr(slash + 1), wrong}},
      [this, at, name, wrong](const Prompt::Values& values) {
        const auto text = std::string(trim(values.texts[0]));
        if (auto problem = wrong(text); !problem.empty()) return problem;
        chosen_[at] = name + "/" + text;
        return std::string();
      }));
}

void PickList::handle_chosen(const Key& key) {
  auto at = std::min(order_.chosen(), chosen_.empty() ? 0 : chosen_.size() - 1);
  if (order_.handle(key, chosen_.size()) || chosen_.empty()) return;
  if (key.code == KeyCode::erase || key.code == KeyCode::backspace || key.is('d')) {
    chosen_.erase(chosen_.begin() + static_cast<std::ptrdiff_t>(at));
    order_.choose(std::min(at, chosen_.empty() ? 0 : chosen_.size() - 1));
  } else if ((key.is('-') && at > 0) || (key.is('+') && at + 1 < chosen_.size())) {
    const auto to = key.is('-') ? at - 1 : at + 1;
    std::swap(chosen_[at], chosen_[to]);
    order_.choose(to);
  } else if (key.is('l') || key.code == KeyCode::enter) {
    ask_lifetime();
  }
}

void PickList::handle(const Key& key) {
  if (key.code == KeyCode::escape) return desk_.close(*this);
  if (key == Key::function(2) || key == Key::control('s')) return accept();
  if (choices_.several && (key.code == KeyCode::tab || key.code == KeyCode::back_tab)) {
    in_chosen_ = !in_chosen_;
    return;
  }
  if (in_chosen_) return handle_chosen(key);
  if (key.code == KeyCode::enter) return take();
  if (key.code != KeyCode::home && key.code != KeyCode::end && typed_.handle(key)) return narrow();
  (void)offered_.handle(key, shown_.size());
}

void PickList::choose(int item, bool twice) {
  if (item < 0 || static_cast<std::size_t>(item) >= shown_.size()) return;
  in_chosen_ = false;
  offered_.choose(static_cast<std::size_t>(item));
  if (twice || !choices_.several) take();
}

std::vector<KeyHelp> PickList::keys() const {
  if (!choices_.several) return {{{KeyCode::enter}, "Enter", "take it"}, {{KeyCode::escape}, "Esc", "cancel"}};
  if (in_chosen_)
    return {{Key::function(2), "F2", "done"},    {Key::of('d'), "d", "take out"},
            {Key::of('-'), "-", "earlier"},      {Key::of('+'), "+", "later"},
            {Key::of('l'), "l", "lifetime"},     {{KeyCode::tab}, "Tab", "to the offer"},
            {{KeyCode::escape}, "Esc", "cancel"}};
  return {{Key::function(2), "F2", "done"},
          {{KeyCode::enter}, "Enter", "add"},
          {{KeyCode::tab}, "Tab", "to the chosen ones"},
          {{KeyCode::escape}, "Esc", "cancel"}};
}

std::string PickList::help() const {
  return "Type parts of a name, such as \"aes256 sha512\", and only what has all of them is offered.\n"
         "Enter takes the one that is marked. In a list of several, Tab goes to the chosen ones: there d takes one "
         "out, - "
         "and + move it (the first is preferred), l sets the lifetime of a transform. F2 or Ctrl-S is done, Esc "
         "changes "
         "nothing.";
}

}  // namespace ipsec9000::screen
