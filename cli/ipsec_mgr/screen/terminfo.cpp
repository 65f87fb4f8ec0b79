#include "cli/ipsec_mgr/screen/terminfo.hpp"

#define NCURSES_NOMACROS
#include <curses.h>
#include <term.h>

namespace ipsec9000::screen {

namespace {
std::string capability(const char* name) {
  const char* text = ::tigetstr(name);
  return text == nullptr || text == reinterpret_cast<const char*>(-1) ? "" : text;  // -1: no string capability
}
}  // namespace

bool is_capable_terminal(int fd) {
  int known = 0;
  return ::setupterm(nullptr, fd, &known) == OK && !capability("cup").empty();
}

std::string sequences_of_leaving() {
  std::string all;
  for (const char* name : {"cnorm", "sgr0", "rmkx", "rmcup"}) all += capability(name);
  return all;
}

}  // namespace ipsec9000::screen
