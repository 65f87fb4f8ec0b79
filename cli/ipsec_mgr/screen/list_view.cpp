#include "cli/ipsec_mgr/screen/list_view.hpp"

#include <algorithm>

namespace ipsec9000::screen {

bool ListView::handle(const Key& key, std::size_t count) {
  const auto last = count == 0 ? 0 : count - 1;
  const auto back = [&](std::size_t by) { return chosen_ > by ? chosen_ - by : 0; };
  switch (key.code) {
    case KeyCode::up:
      chosen_ = back(1);
      break;
    case KeyCode::down:
      ++chosen_;
      break;
    case KeyCode::page_up:
      chosen_ = back(rows_);
      break;
    case KeyCode::page_down:
      chosen_ += rows_;
      break;
    case KeyCode::home:
      chosen_ = 0;
      break;
    case KeyCode::end:
      chosen_ = last;
      break;
    default:
      return false;
  }
  chosen_ = std::min(chosen_, last);
  return true;
}

void ListView::draw(Canvas& canvas, const Rect& area, std::size_t count,
                    const std::function<std::string(std::size_t)>& row, bool focus) const {
  rows_ = static_cast<std::size_t>(std::max(area.rows, 1));
  const auto chosen = std::min(chosen_, count == 0 ? 0 : count - 1);
  if (chosen < top_) top_ = chosen;
  if (chosen >= top_ + rows_) top_ = chosen - rows_ + 1;
  if (count < top_ + rows_) top_ = count > rows_ ? count - rows_ : 0;
  for (std::size_t n = top_; n < count && n < top_ + rows_; ++n) {
    const int at = area.row + static_cast<int>(n - top_);
    const bool here = focus && n == chosen;
    canvas.put(at, area.column, (here ? ">" : " ") + row(n), here ? Style::chosen : Style::plain, area.columns - 1);
    canvas.on_click({at, area.column, 1, area.columns}, static_cast<int>(n));
  }
  const int edge = area.column + area.columns - 1;
  if (top_ > 0) canvas.put(area.row, edge, "^", Style::faint);
  if (top_ + rows_ < count) canvas.put(area.row + area.rows - 1, edge, "v", Style::faint);
}

}  // namespace ipsec9000::screen
