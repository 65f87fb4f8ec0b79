// One line of text with a cursor; and one that nobody sees.
#pragma once
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "cli/ipsec_mgr/screen/canvas.hpp"

namespace ipsec9000::screen {

class LineEditor {
 public:
  explicit LineEditor(std::string_view text = "") { set(text); }
  void set(std::string_view text);  // the cursor goes to its end
  std::string text() const { return utf8_of(characters_); }
  bool handle(const Key& key);  // whether the key was one of editing
  // The part around the cursor that fits; the cursor only where the line has the focus.
  void draw(Canvas& canvas, int row, int column, int width, bool focus) const;

  static constexpr std::size_t maximum = 4096;  // characters; what is typed beyond is dropped

 private:
  bool edit(const Key& key);
  std::u32string characters_;
  std::size_t cursor_ = 0;
};

// What is typed is neither shown nor counted on the screen, and is wiped.
class HiddenLine {
 public:
  HiddenLine() { bytes_.reserve(maximum); }
  ~HiddenLine() { clear(); }
  HiddenLine(const HiddenLine&) = delete;
  HiddenLine& operator=(const HiddenLine&) = delete;
  HiddenLine(HiddenLine&&) = default;
  HiddenLine& operator=(HiddenLine&&) = delete;

  bool handle(const Key& key);
  bool empty() const { return bytes_.empty(); }
  Secret secret() const { return Secret(bytes_); }
  void clear();

  static constexpr std::size_t maximum = 4096;  // bytes; never grows beyond, so that no copy is left behind

 private:
  Bytes bytes_;
};

}  // namespace ipsec9000::screen
