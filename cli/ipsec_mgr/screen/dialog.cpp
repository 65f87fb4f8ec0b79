#include "cli/ipsec_mgr/screen/dialog.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ipsec9000::screen {

Dialog::Dialog(Desk& desk, std::string title, std::string text, std::vector<Button> buttons, bool careful)
    : desk_(desk), title_(std::move(title)), text_(std::move(text)), buttons_(std::move(buttons)) {
  if (buttons_.empty()) buttons_.push_back({"Close", 'c'});
  if (careful) focus_ = buttons_.size() - 1;
}

void Dialog::draw(Canvas& canvas, const Rect& area) const {
  const int widest = std::min(area.columns - 4, 76);
  const auto lines = wrapped(text_, widest - 4);
  const int frame = 4;  // two edges, a blank line, the buttons
  const auto box = centred({area.rows, area.columns}, static_cast<int>(lines.size()) + frame, widest);
  const int row = area.row + box.row;
  const int column = area.column + box.column;
  canvas.box({row, column, box.rows, box.columns}, title_);
  page_ = std::max(box.rows - frame, 1);
  top_ = std::clamp(top_, 0, std::max(static_cast<int>(lines.size()) - page_, 0));
  const auto first = static_cast<std::size_t>(top_);
  const std::size_t count = std::min(static_cast<std::size_t>(page_), lines.size() - first);
  for (std::size_t n = 0; n < count; ++n)
    canvas.put(row + 1 + static_cast<int>(n), column + 2, lines[first + n], Style::plain, box.columns - 4);
  if (top_ > 0) canvas.put(row + 1, column + box.columns - 2, "^", Style::faint);
  if (top_ + page_ < static_cast<int>(lines.size()))
    canvas.put(row + page_, column + box.columns - 2, "v", Style::faint);
  int at = column + 2;
  for (std::size_t n = 0; n < buttons_.size(); ++n) {
    const auto label = (n == focus_ ? ">[ " : " [ ") + buttons_[n].label + " ]";
    const int width = static_cast<int>(label.size());
    canvas.put(row + box.rows - 2, at, label, n == focus_ ? Style::chosen : Style::plain);
    canvas.on_click({row + box.rows - 2, at, 1, width}, static_cast<int>(n));
    at += width + 1;
  }
}

void Dialog::press(std::size_t button) {
  const auto pressed = buttons_[button].press;
  desk_.close(*this);
  if (pressed) pressed();
}

void Dialog::choose(int item, bool) {
  if (item >= 0 && static_cast<std::size_t>(item) < buttons_.size()) press(static_cast<std::size_t>(item));
}

void Dialog::handle(const Key& key) {
  if (key.code == KeyCode::escape) return press(buttons_.size() - 1);
  if (key.code == KeyCode::enter) return press(focus_);
  if (key.code == KeyCode::up) --top_;
  if (key.code == KeyCode::down) ++top_;
  if (key.code == KeyCode::page_up) top_ -= page_;
  if (key.code == KeyCode::page_down || key.is(' ')) top_ += page_;
  if (key.code == KeyCode::right || key.code == KeyCode::tab) focus_ = (focus_ + 1) % buttons_.size();
  if (key.code == KeyCode::left || key.code == KeyCode::back_tab)
    focus_ = (focus_ + buttons_.size() - 1) % buttons_.size();
  for (std::size_t n = 0; n < buttons_.size(); ++n)
    if (key.is(buttons_[n].letter) || key.is(buttons_[n].letter - U'a' + U'A')) return press(n);
}

std::vector<KeyHelp> Dialog::keys() const {
  std::vector<KeyHelp> all;
  for (const auto& button : buttons_)
    all.push_back({Key::of(button.letter), utf8_of(std::u32string(1, button.letter)), button.label});
  all.push_back({{KeyCode::right}, "Left/Right", "other button"});
  all.push_back({{KeyCode::enter}, "Enter", "press it"});
  return all;
}

std::string Dialog::help() const { return "Press a button: by its letter, or with Left, Right and Enter."; }

}  // namespace ipsec9000::screen
