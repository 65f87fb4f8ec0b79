// What every window has, and what it may ask of the program around it.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/ipsec_mgr/screen/canvas.hpp"

namespace ipsec9000::screen {

class Backend;
class Workspace;
class Window;

struct KeyHelp {
  Key key;
  std::string name;     // "Enter", "F2"
  std::string meaning;  // one or two words
};

// The program as its windows see it.
class Desk {
 public:
  virtual ~Desk() = default;
  virtual Backend& backend() = 0;
  virtual Workspace& workspace() = 0;
  virtual void open(std::unique_ptr<Window> window) = 0;
  // The window goes when the event under way has been dealt with.
  virtual void close(Window& window) = 0;
  virtual void say(std::string text, Style style = Style::plain) = 0;  // until the next key
  // Does what takes time, after `what` has been shown.
  virtual void later(std::string what, std::function<void()> work) = 0;
};

class Window {
 public:
  Window() = default;
  virtual ~Window() = default;
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  virtual void draw(Canvas& canvas, const Rect& area) const = 0;
  virtual void handle(const Key& key) = 0;
  virtual void choose(int /*item*/, bool /*twice*/) {}  // a click on one of its items
  virtual std::vector<KeyHelp> keys() const = 0;        // the line at the bottom
  virtual std::string help() const = 0;                 // F1
  // The command that would do what has been typed here and not saved; "" when nothing would be lost.
  virtual std::string unsaved() const { return ""; }
};

}  // namespace ipsec9000::screen
