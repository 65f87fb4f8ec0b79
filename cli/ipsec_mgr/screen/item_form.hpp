// The editor: every field of a policy, or of another part of the configuration, checked as one types.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/ipsec_mgr/screen/draft.hpp"
#include "cli/ipsec_mgr/screen/line_editor.hpp"
#include "cli/ipsec_mgr/screen/window.hpp"

namespace ipsec9000::screen {

class ItemForm final : public Window {
 public:
  // `title`: "ISAKMP policy".
  ItemForm(Desk& desk, std::string title, Draft draft);
  void draw(Canvas& canvas, const Rect& area) const override;
  void handle(const Key& key) override;
  void choose(int item, bool twice) override;
  std::vector<KeyHelp> keys() const override;
  std::string help() const override;
  std::string unsaved() const override;

 private:
  // A file above this size is checked when a field is left, not at every key.
  static constexpr std::size_t checked_at_every_key = 1 << 20;

  DraftField& field() { return draft_.fields()[focus_]; }
  void move_to(std::size_t field);
  void set_text(const std::string& text);
  void check();
  void pick();
  void try_packet();
  void save();
  void leave();
  std::vector<std::string> verdict() const;  // about the whole, in lines
  void draw_fields(Canvas& canvas, const Rect& area) const;

  Desk& desk_;
  std::string title_;
  Draft draft_;
  std::optional<ParsedConfiguration> parsed_;
  LineEditor entry_;  // of the field with the focus
  std::size_t focus_ = 0;
  mutable std::size_t top_ = 0;
};

}  // namespace ipsec9000::screen
