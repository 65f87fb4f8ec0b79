// A box with text and buttons: questions, help, the difference before it is applied.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "cli/ipsec_mgr/screen/window.hpp"

namespace ipsec9000::screen {

struct Button {
  std::string label;
  char32_t letter = 0;               // chooses it at once
  std::function<void()> press = {};  // the dialog has closed; nothing: only that
};

class Dialog final : public Window {
 public:
  // Esc is the last button; the first one has the focus, unless `careful`: then the last one has.
  Dialog(Desk& desk, std::string title, std::string text, std::vector<Button> buttons, bool careful = false);
  void draw(Canvas& canvas, const Rect& area) const override;
  void handle(const Key& key) override;
  void choose(int item, bool twice) override;
  std::vector<KeyHelp> keys() const override;
  std::string help() const override;

 private:
  void press(std::size_t button);
  Desk& desk_;
  std::string title_;
  std::string text_;
  std::vector<Button> buttons_;
  std::size_t focus_ = 0;
  mutable int top_ = 0;
  mutable int page_ = 1;
};

}  // namespace ipsec9000::screen
