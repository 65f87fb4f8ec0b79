// A list of which one item is chosen, and the part of it that is on the screen.
#pragma once
#include <cstddef>
#include <functional>
#include <string>

#include "cli/ipsec_mgr/screen/canvas.hpp"

namespace ipsec9000::screen {

class ListView {
 public:
  std::size_t chosen() const { return chosen_; }
  void choose(std::size_t item) { chosen_ = item; }
  // Up, down, page up, page down, home, end.
  bool handle(const Key& key, std::size_t count);
  // Each item a row, the chosen one with '>' before it. A click on a row means that item; what is off the screen is
  // told in the last column.
  void draw(Canvas& canvas, const Rect& area, std::size_t count, const std::function<std::string(std::size_t)>& row,
            bool focus = true) const;

 private:
  std::size_t chosen_ = 0;
  mutable std::size_t top_ = 0;   // of the part that was drawn last
  mutable std::size_t rows_ = 1;  // for paging
};

}  // namespace ipsec9000::screen
