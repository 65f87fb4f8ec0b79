// The whole program without its terminal: events in, a screen out.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/ipsec_mgr/screen/backend.hpp"
#include "cli/ipsec_mgr/screen/pages.hpp"
#include "cli/ipsec_mgr/screen/window.hpp"
#include "cli/ipsec_mgr/screen/workspace.hpp"

namespace ipsec9000::screen {

class Application final : public Desk {
 public:
  explicit Application(Backend& backend);

  Canvas draw(Size size) const;
  void handle(const Event& event, const Canvas& shown);  // `shown`: what was clicked at
  // Work that was put off until its announcement is on the screen: draw, then do it.
  bool has_work() const { return !work_.empty(); }
  void do_work();
  void tick();  // looks again at what changes by itself
  bool done() const { return done_; }
  // The commands that would do what is typed and not saved at this moment.
  std::vector<std::string> unsaved() const;

  Backend& backend() override { return backend_; }
  Workspace& workspace() override { return workspace_; }
  void open(std::unique_ptr<Window> window) override { windows_.push_back(std::move(window)); }
  void close(Window& window) override;
  void say(std::string text, Style style) override;
  void later(std::string what, std::function<void()> work) override;

  static constexpr Size smallest{16, 60};

 private:
  struct Work {
    std::string what;
    std::function<void()> work;
  };
  // A file above this size is looked at when asked (F5), not all the time.
  static constexpr std::size_t watched_text = 1 << 20;

  Page& page() const { return *pages_[page_]; }
  Window& top() const;
  void handle_key(const Key& key);
  bool handle_everywhere(const Key& key);
  void show_page(std::size_t number);
  void show_help();
  void ask_to_apply(bool then_leave);
  void show_difference(bool then_leave);
  void apply(const std::string& revision, bool then_leave);
  void ask_to_leave();
  std::string state() const;  // in a line, where nothing else is said
  void draw_bar(Canvas& canvas) const;
  void draw_keys(Canvas& canvas) const;

  Backend& backend_;
  Workspace workspace_;
  std::vector<std::unique_ptr<Page>> pages_;
  std::size_t page_ = 0;
  std::vector<std::unique_ptr<Window>> windows_;
  std::vector<std::unique_ptr<Window>> closed_;  // until the event is over: one of them may be handling it
  std::vector<Work> work_;
  std::string said_;
  Style said_style_ = Style::plain;
  bool done_ = false;
};

}  // namespace ipsec9000::screen
