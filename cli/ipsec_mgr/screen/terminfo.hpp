// What is known about the type of the terminal; apart from terminal.cpp because <term.h> defines common words as
// macros.
#pragma once
#include <string>

namespace ipsec9000::screen {

// Whether TERM names a type whose cursor can be moved.
bool is_capable_terminal(int fd);
// What gives such a terminal back: cursor, looks, keypad, the screen that was there before.
std::string sequences_of_leaving();

}  // namespace ipsec9000::screen
