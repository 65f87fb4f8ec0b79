// The screen as a value: cells, the cursor, and what a click where would mean. A terminal shows it, a test reads it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/ipsec_mgr/screen/event.hpp"

namespace ipsec9000::screen {

// What a piece of text is; how it looks is the terminal's choice. Nothing is told by looks alone: what is chosen has a
// mark beside it as well.
enum class Style : std::uint8_t { plain, bar, heading, chosen, field, faint, good, warning, error };

struct Size {
  int rows = 24;
  int columns = 80;
  bool operator==(const Size&) const = default;
};

struct Rect {
  int row = 0;
  int column = 0;
  int rows = 0;
  int columns = 0;
  bool contains(int r, int c) const { return r >= row && r < row + rows && c >= column && c < column + columns; }
};

struct Cell {
  char32_t glyph = U' ';  // one column wide
  Style style = Style::plain;
  bool operator==(const Cell&) const = default;
};

struct Place {
  int row = 0;
  int column = 0;
  bool operator==(const Place&) const = default;
};

class Canvas {
 public:
  explicit Canvas(Size size);
  Size size() const { return size_; }
  const Cell& at(int row, int column) const;

  // UTF-8, cut at the edges. With a width: cut there (the last character is then '~'), and blanks up to it. Control
  // characters and what is not one column wide are shown as '?'.
  void put(int row, int column, std::string_view text, Style style = Style::plain, int width = -1);
  void fill(const Rect& area, Style style = Style::plain);
  void box(const Rect& area, std::string_view title);  // cleared inside
  void clear_targets() { targets_.clear(); }           // a window on top takes all clicks

  void show_cursor(int row, int column) { cursor_ = Place{row, column}; }
  void hide_cursor() { cursor_.reset(); }
  const std::optional<Place>& cursor() const { return cursor_; }

  void on_click(const Rect& area, Target target) { targets_.push_back({area, target}); }
  std::optional<Target> target_at(int row, int column) const;  // of those that overlap, the last one

  std::string row_text(int row) const;  // UTF-8, without blanks at the end
  std::string text() const;             // all rows, a line each

 private:
  struct Clickable {
    Rect area;
    Target target;
  };
  Size size_;
  std::vector<Cell> cells_;
  std::optional<Place> cursor_;
  std::vector<Clickable> targets_;
};

// UTF-8 to characters and back; bytes that are none become U+FFFD.
std::u32string characters_of(std::string_view utf8);
std::string utf8_of(std::u32string_view characters);

// The rectangle of that size (cut to the screen) in the middle of it.
Rect centred(Size screen, int rows, int columns);

// Broken between words into lines of at most `width`.
std::vector<std::string> wrapped(std::string_view text, int width);

}  // namespace ipsec9000::screen
