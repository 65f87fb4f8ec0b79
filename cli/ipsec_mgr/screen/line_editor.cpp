#include "cli/ipsec_mgr/screen/line_editor.hpp"

#include <algorithm>

namespace ipsec9000::screen {

void LineEditor::set(std::string_view text) {
  characters_ = characters_of(text);
  cursor_ = characters_.size();
}

bool LineEditor::handle(const Key& key) {
  if (key.code == KeyCode::character) {
    if (characters_.size() < maximum) characters_.insert(cursor_++, 1, key.character);
    return true;
  }
  if (key == Key::control('u')) {
    characters_.erase(0, cursor_);
    cursor_ = 0;
    return true;
  }
  return edit(key);
}

bool LineEditor::edit(const Key& key) {
  switch (key.code) {
    case KeyCode::left:
      cursor_ -= cursor_ > 0 ? 1 : 0;
      return true;
    case KeyCode::right:
      cursor_ = std::min(cursor_ + 1, characters_.size());
      return true;
    case KeyCode::home:
      cursor_ = 0;
      return true;
    case KeyCode::end:
      cursor_ = characters_.size();
      return true;
    case KeyCode::backspace:
      if (cursor_ > 0) characters_.erase(--cursor_, 1);
      return true;
    case KeyCode::erase:
      if (cursor_ < characters_.size()) characters_.erase(cursor_, 1);
      return true;
    default:
      return false;
  }
}

void LineEditor::draw(Canvas& canvas, int row, int column, int width, bool focus) const {
  const auto room = static_cast<std::size_t>(std::max(width, 1));
  const std::size_t begin = focus && cursor_ >= room ? cursor_ - room + 1 : 0;
  const bool cut = !focus && characters_.size() > room;
  canvas.put(row, column, utf8_of(cut ? characters_ : characters_.substr(begin, room)), Style::field, width);
  if (focus) canvas.show_cursor(row, column + static_cast<int>(cursor_ - begin));
}

bool HiddenLine::handle(const Key& key) {
  if (key.code == KeyCode::character) {
    auto typed = utf8_of(std::u32string(1, key.character));
    if (bytes_.size() + typed.size() <= maximum) bytes_.insert(bytes_.end(), typed.begin(), typed.end());
    wipe_memory(typed.data(), typed.size());
    return true;
  }
  if (key.code == KeyCode::backspace) {
    while (!bytes_.empty()) {  // a whole character
      const auto last = bytes_.back();
      bytes_.back() = 0;
      bytes_.pop_back();
      if ((last & 0xc0) != 0x80) break;
    }
    return true;
  }
  if (key == Key::control('u')) {
    clear();
    return true;
  }
  return false;
}

void HiddenLine::clear() {
  wipe_memory(bytes_.data(), bytes_.size());
  bytes_.clear();
}

}  // namespace ipsec9000::screen
