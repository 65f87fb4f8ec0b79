// The real terminal, by ncurses: the only file that knows it. Shows a canvas, gives events.
#pragma once
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "base/time.hpp"
#include "cli/ipsec_mgr/screen/canvas.hpp"

namespace ipsec9000::screen {

class Terminal {
 public:
  // Takes the terminal over; it is given back as it was when this goes, and also when a signal ends the program.
  // invalid_input: standard input or output is none, or its type (TERM) is not known or cannot move the cursor.
  static Result<std::unique_ptr<Terminal>> open();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  Size size() const;
  void show(const Canvas& canvas);

  struct Waited {
    std::optional<Event> event;  // nothing: time is over, or the size has changed
    bool ended = false;          // by a signal, or the terminal is gone
  };
  Waited wait(Duration patience);

 private:
  Terminal();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ipsec9000::screen
