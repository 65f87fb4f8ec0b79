// What a person does at the terminal.
#pragma once
#include <variant>

namespace ipsec9000::screen {

enum class KeyCode {
  none,
  character,
  enter,
  escape,
  tab,
  back_tab,
  up,
  down,
  left,
  right,
  page_up,
  page_down,
  home,
  end,
  backspace,
  erase,
  function,
  control,    // a letter with Ctrl, in lower case
  interrupt,  // Ctrl-C: asks to leave
};

struct Key {
  KeyCode code = KeyCode::none;
  char32_t character = 0;  // of a character or a letter with Ctrl
  int number = 0;          // of a function key

  static constexpr Key of(char32_t character) { return {KeyCode::character, character, 0}; }
  static constexpr Key function(int number) { return {KeyCode::function, 0, number}; }
  static constexpr Key control(char32_t letter) { return {KeyCode::control, letter, 0}; }
  bool is(char32_t wanted) const { return code == KeyCode::character && character == wanted; }
  bool operator==(const Key&) const = default;
};

struct Click {  // both count from 0
  int row = 0;
  int column = 0;
  bool twice = false;
};
struct Wheel {
  int lines = 0;  // downwards
};

using Event = std::variant<Key, Click, Wheel>;

// What a click at a place of the screen stands for: a key, or an item of the window that drew it.
using Target = std::variant<Key, int>;

}  // namespace ipsec9000::screen
