#include "cli/ipsec_mgr/screen/canvas.hpp"

#include <wchar.h>

#include <algorithm>

#include "base/text.hpp"

namespace ipsec9000::screen {

namespace {
constexpr char32_t replacement = 0xfffd;

// Length of the sequence that a first byte announces, and its bits of the character.
struct Lead {
  int length = 0;
  char32_t bits = 0;
};
Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, byte};
  if (byte >= 0xc2 && byte < 0xe0) return {2, byte & 0x1fu};
  if (byte >= 0xe0 && byte < 0xf0) return {3, byte & 0x0fu};
  if (byte >= 0xf0 && byte < 0xf5) return {4, byte & 0x07u};
  return {};
}

char32_t shown(char32_t character) {
  if (character < 0x20 || character == 0x7f) return U'?';
  if (character < 0x7f) return character;
  return ::wcwidth(static_cast<wchar_t>(character)) == 1 ? character : U'?';
}
}  // namespace

std::u32string characters_of(std::string_view utf8) {
  std::u32string out;
  for (std::size_t at = 0; at < utf8.size();) {
    const auto lead = lead_of(static_cast<unsigned char>(utf8[at]));
    auto character = lead.bits;
    int taken = 1;
    while (taken < lead.length && at + static_cast<std::size_t>(taken) < utf8.size()) {
      const auto next = static_cast<unsigned char>(utf8[at + static_cast<std::size_t>(taken)]);
      if ((next & 0xc0) != 0x80) break;
      character = character << 6 | (next & 0x3fu);
      ++taken;
    }
    out += lead.length != 0 && taken == lead.length ? character : replacement;
    at += static_cast<std::size_t>(taken);
  }
  return out;
}

std::string utf8_of(std::u32string_view characters) {
  std::string out;
  const auto tail = [&](char32_t bits) { out += static_cast<char>(0x80 | (bits & 0x3f)); };
  for (const auto c : characters) {
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xc0 | c >> 6);
      tail(c);
    } else if (c < 0x10000) {
      out += static_cast<char>(0xe0 | c >> 12);
      tail(c >> 6);
      tail(c);
    } else {
      out += static_cast<char>(0xf0 | (c >> 18 & 0x07));
      tail(c >> 12);
      tail(c >> 6);
      tail(c);
    }
  }
  return out;
}

Canvas::Canvas(Size size)
    : size_{std::max(size.rows, 1), std::max(size.columns, 1)},
      cells_(static_cast<std::size_t>(size_.rows) * static_cast<std::size_t>(size_.columns)) {}

const Cell& Canvas::at(int row, int column) const {
  return cells_[static_cast<std::size_t>(row) * static_cast<std::size_t>(size_.columns) +
                static_cast<std::size_t>(column)];
}

void Canvas::put(int row, int column, std::string_view text, Style style, int width) {
  if (row < 0 || row >= size_.rows) return;
  auto characters = characters_of(text);
  if (width >= 0) {
    const auto wanted = static_cast<std::size_t>(width);
    if (characters.size() > wanted) {
      characters.resize(wanted);
      if (wanted > 0) characters.back() = U'~';
    }
    characters.resize(wanted, U' ');
  }
  for (const auto character : characters) {
    if (column >= size_.columns) return;
    if (column >= 0)
      cells_[static_cast<std::size_t>(row) * static_cast<std::size_t>(size_.columns) +
             static_cast<std::size_t>(column)] = {shown(character), style};
    ++column;
  }
}

void Canvas::fill(const Rect& area, Style style) {
  for (int row = area.row; row < area.row + area.rows; ++row) put(row, area.column, "", style, area.columns);
}

void Canvas::box(const Rect& area, std::string_view title) {
  fill(area);
  const std::string edge = "+" + std::string(static_cast<std::size_t>(std::max(area.columns - 2, 0)), '-') + "+";
  put(area.row, area.column, edge);
  put(area.row + area.rows - 1, area.column, edge);
  for (int row = area.row + 1; row < area.row + area.rows - 1; ++row) {
    put(row, area.column, "|");
    put(row, area.column + area.columns - 1, "|");
  }
  if (!title.empty())
    put(area.row, area.column + 2, " " + std::string(title) + " ", Style::heading,
        std::min(static_cast<int>(title.size()) + 2, area.columns - 4));
}

std::optional<Target> Canvas::target_at(int row, int column) const {
  const auto found = std::find_if(targets_.rbegin(), targets_.rend(),
                                  [&](const Clickable& each) { return each.area.contains(row, column); });
  return found == targets_.rend() ? std::nullopt : std::optional(found->target);
}

std::string Canvas::row_text(int row) const {
  std::u32string characters;
  for (int column = 0; column < size_.columns; ++column) characters += at(row, column).glyph;
  while (!characters.empty() && characters.back() == U' ') characters.pop_back();
  return utf8_of(characters);
}

std::string Canvas::text() const {
  std::string all;
  for (int row = 0; row < size_.rows; ++row) all += row_text(row) + "\n";
  return all;
}

Rect centred(Size screen, int rows, int columns) {
  rows = std::clamp(rows, 3, std::max(screen.rows, 3));
  columns = std::clamp(columns, 8, std::max(screen.columns, 8));
  return {std::max((screen.rows - rows) / 2, 0), std::max((screen.columns - columns) / 2, 0), rows, columns};
}

std::vector<std::string> wrapped(std::string_view text, int width) {
  const auto widest = static_cast<std::size_t>(std::max(width, 8));
  std::vector<std::string> lines;
  for (const auto& paragraph : split(text, '\n')) {
    std::string line;
    for (auto word : split(paragraph, ' ')) {
      if (!line.empty() && line.size() + 1 + word.size() > widest) {
        lines.push_back(std::move(line));
        line.clear();
      }
      if (!line.empty()) line += ' ';
      for (; word.size() > widest; word.erase(0, widest)) lines.push_back(word.substr(0, widest));
      line += word;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace ipsec9000::screen
