#include <algorithm>
#include <cmath>

#include "cli/ipsec_mgr/screen/pages.hpp"

namespace ipsec9000::screen {

std::string ageing_bar(const Ageing& ageing, int width) {
  const auto part = [](std::uint64_t of, std::uint64_t limit) {
    return limit == 0 ? 0.0 : std::min(1.0, static_cast<double>(of) / static_cast<double>(limit));
  };
  constexpr std::uint64_t kilobyte = 1024;
  const double by_time = part(ageing.age, ageing.hard_seconds);
  const double by_bytes = part(ageing.bytes / kilobyte, ageing.hard_kilobytes);
  const bool bytes = by_bytes > by_time;
  const double gone = bytes ? by_bytes : by_time;
  if (ageing.hard_seconds == 0 && ageing.hard_kilobytes == 0) return "no limit";
  const double soft =
      bytes ? part(ageing.soft_kilobytes, ageing.hard_kilobytes) : part(ageing.soft_seconds, ageing.hard_seconds);
  const int inner = std::max(width - 7, 1);
  std::string bar(static_cast<std::size_t>(inner), '-');
  for (long n = 0; n < std::lround(gone * inner); ++n) bar[static_cast<std::size_t>(n)] = '#';
  if (soft > 0) bar[std::min(static_cast<std::size_t>(soft * inner), bar.size() - 1)] = '|';
  const auto percent = std::to_string(static_cast<int>(gone * 100)) + "%";
  return "[" + bar + "]" + std::string(percent.size() < 5 ? 5 - percent.size() : 0, ' ') + percent;
}

std::string short_time(std::uint64_t seconds) {
  constexpr std::uint64_t minute = 60;
  constexpr std::uint64_t hour = 60 * minute;
  constexpr std::uint64_t day = 24 * hour;
  if (seconds < 2 * minute) return std::to_string(seconds) + "s";
  if (seconds < 2 * hour) return std::to_string(seconds / minute) + "m";
  if (seconds < 2 * day) return std::to_string(seconds / hour) + "h";
  return std::to_string(std::min<std::uint64_t>(seconds / day, 999)) + "d";
}

std::string cell(const std::string& text, std::size_t width) {
  auto characters = characters_of(text);
  if (characters.size() > width) {
    characters.resize(width);
    if (width > 0) characters.back() = U'~';
  }
  characters.resize(width, U' ');
  return utf8_of(characters);
}

void draw_details(Canvas& canvas, const Rect& area, const std::vector<std::string>& lines) {
  canvas.put(area.row, area.column, std::string(static_cast<std::size_t>(area.columns), '-'), Style::faint);
  int row = area.row + 1;
  for (const auto& line : lines)
    for (const auto& part : wrapped(line, area.columns - 1))
      if (row < area.row + area.rows) canvas.put(row++, area.column, part, Style::plain, area.columns);
}

}  // namespace ipsec9000::screen
