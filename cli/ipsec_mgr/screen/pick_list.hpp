// Picking from a list in place of typing: one word, or several in an order of preference.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "cli/ipsec_mgr/screen/line_editor.hpp"
#include "cli/ipsec_mgr/screen/list_view.hpp"
#include "cli/ipsec_mgr/screen/window.hpp"
#include "policy/keys.hpp"

namespace ipsec9000::screen {

struct Choices {
  std::vector<std::string> words;  // empty: this field is only typed
  bool several = false;
};
// What a field can be picked from. Legacy algorithms are among it only where the configuration allows them.
Choices choices_for(const std::string& path, const ConfigurationKey& key, bool allow_legacy);

class PickList final : public Window {
 public:
  // `text`: what the field holds, words separated by commas. Words in it that are not offered stay.
  PickList(Desk& desk, std::string title, Choices choices, const std::string& text,
           std::function<void(std::string)> accept);
  void draw(Canvas& canvas, const Rect& area) const override;
  void handle(const Key& key) override;
  void choose(int item, bool twice) override;
  std::vector<KeyHelp> keys() const override;
  std::string help() const override;

 private:
  void narrow();  // to the words that have all that was typed in them
  void take();    // the chosen word
  void handle_chosen(const Key& key);
  void ask_lifetime();
  void accept();
  void draw_chosen(Canvas& canvas, const Rect& area) const;

  Desk& desk_;
  std::string title_;
  Choices choices_;
  std::function<void(std::string)> accept_;
  LineEditor typed_;
  std::vector<std::size_t> shown_;  // indices into the words
  ListView offered_;
  std::vector<std::string> chosen_;
  ListView order_;
  bool in_chosen_ = false;
};

}  // namespace ipsec9000::screen
