// A box with a few lines to type, hidden ones among them.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "cli/ipsec_mgr/screen/line_editor.hpp"
#include "cli/ipsec_mgr/screen/window.hpp"

namespace ipsec9000::screen {

class Prompt final : public Window {
 public:
  struct Line {
    std::string label;
    bool hidden = false;
    std::string text = "";
    // What is wrong with it, as one types; "" when nothing is. For lines that are shown.
    std::function<std::string(const std::string&)> check = {};
  };
  struct Values {
    std::vector<std::string> texts;  // by line; "" for a hidden one
    std::vector<Secret> secrets;     // by line; empty for one that is shown
  };
  // `accept` gives what is wrong, and the box stays with its hidden lines emptied; "": it closes.
  using Accept = std::function<std::string(Values)>;
  Prompt(Desk& desk, std::string title, std::string text, std::vector<Line> lines, Accept accept);
  void draw(Canvas& canvas, const Rect& area) const override;
  void handle(const Key& key) override;
  void choose(int item, bool twice) override;
  std::vector<KeyHelp> keys() const override;
  std::string help() const override;

 private:
  void accept();
  struct Entry {
    Line line;
    std::variant<LineEditor, HiddenLine> content;
  };
  Desk& desk_;
  std::string title_;
  std::string text_;
  std::vector<Entry> entries_;
  Accept accept_;
  std::size_t focus_ = 0;
  std::string problem_;
};

// Asks whether something is to be deleted for good ("the key for 10.1.0.2"; Esc keeps "the key"); the password is the
// yes.
void confirm_deletion(Desk& desk, std::string title, const std::string& what, const std::string& kept,
                      std::function<void(std::shared_ptr<Secret>)> remove);

}  // namespace ipsec9000::screen
