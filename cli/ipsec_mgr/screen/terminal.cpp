#include "cli/ipsec_mgr/screen/terminal.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <string>

#include "base/files.hpp"
#include "cli/ipsec_mgr/screen/terminfo.hpp"

#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>

namespace ipsec9000::screen {

namespace {
// What a crash needs to give the terminal back: prepared beforehand, because little may be called then.
struct Rescue {
  termios settings{};
  std::array<char, 256> sequences{};
  std::size_t length = 0;
} rescue;

void rescue_terminal(int signal) {
  ::tcsetattr(STDIN_FILENO, TCSANOW, &rescue.settings);
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, rescue.sequences.data(), rescue.length);
  std::signal(signal, SIG_DFL);
  ::raise(signal);
}

constexpr std::array crashes{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr std::array ends{SIGTERM, SIGHUP, SIGQUIT, SIGINT};

void prepare_rescue() {
  ::tcgetattr(STDIN_FILENO, &rescue.settings);
  const auto leaving = sequences_of_leaving();
  rescue.length = leaving.copy(rescue.sequences.data(), rescue.sequences.size());
  for (const int crash : crashes) std::signal(crash, rescue_terminal);
}

struct Named {
  int code;
  Key key;
};
constexpr std::array named{
    Named{KEY_UP, {KeyCode::up}},         Named{KEY_DOWN, {KeyCode::down}},
    Named{KEY_LEFT, {KeyCode::left}},     Named{KEY_RIGHT, {KeyCode::right}},
    Named{KEY_PPAGE, {KeyCode::page_up}}, Named{KEY_NPAGE, {KeyCode::page_down}},
    Named{KEY_HOME, {KeyCode::home}},     Named{KEY_END, {KeyCode::end}},
    Named{KEY_DC, {KeyCode::erase}},      Named{KEY_BTAB, {KeyCode::back_tab}},
    Named{KEY_ENTER, {KeyCode::enter}},   Named{KEY_BACKSPACE, {KeyCode::backspace}},
};

std::optional<Event> mouse_event() {
  MEVENT mouse{};
  if (::getmouse(&mouse) != OK) return std::nullopt;
  if ((mouse.bstate & BUTTON4_PRESSED) != 0) return Wheel{-3};
  if ((mouse.bstate & BUTTON5_PRESSED) != 0) return Wheel{3};
  const bool twice = (mouse.bstate & BUTTON1_DOUBLE_CLICKED) != 0;
  if (!twice && (mouse.bstate & (BUTTON1_CLICKED | BUTTON1_PRESSED)) == 0) return std::nullopt;
  return Click{mouse.y, mouse.x, twice};
}

std::optional<Event> named_key(int code) {
  if (code == KEY_MOUSE) return mouse_event();
  for (const auto& each : named)
    if (each.code == code) return each.key;
  if (code > KEY_F(0) && code <= KEY_F(12)) return Key::function(code - KEY_F(0));
  return std::nullopt;
}

std::optional<Event> typed_key(wint_t character) {
  constexpr wint_t escape = 0x1b;
  constexpr wint_t interrupt = 0x03;
  constexpr wint_t suspend = 0x1a;
  if (character == L'\r' || character == L'\n') return Key{KeyCode::enter};
  if (character == L'\t') return Key{KeyCode::tab};
  if (character == 0x7f || character == 0x08) return Key{KeyCode::backspace};
  if (character == escape) return Key{KeyCode::escape};
  if (character == interrupt) return Key{KeyCode::interrupt};
  if (character == suspend) {
    ::raise(SIGTSTP);  // ncurses gives the terminal back meanwhile
    return std::nullopt;
  }
  if (character < 0x20) return Key::control(static_cast<char32_t>(character + U'a' - 1));
  return Key::of(static_cast<char32_t>(character));
}

// Colours only tell again what is told by words and marks, so a terminal without them lacks nothing.
struct Look {
  Style style;
  short pair;
  short foreground;
  short background;  // -1: the terminal's own
  attr_t with_colour;
  attr_t without;
};
constexpr std::array looks{
    Look{Style::plain, 0, -1, -1, A_NORMAL, A_NORMAL},
    Look{Style::bar, 1, COLOR_WHITE, COLOR_BLUE, A_NORMAL, A_REVERSE},
    Look{Style::heading, 2, COLOR_CYAN, -1, A_BOLD, A_BOLD},
    Look{Style::chosen, 3, COLOR_BLACK, COLOR_CYAN, A_NORMAL, A_BOLD},
    Look{Style::field, 0, -1, -1, A_UNDERLINE, A_UNDERLINE},
    Look{Style::faint, 0, -1, -1, A_NORMAL, A_NORMAL},
    Look{Style::good, 4, COLOR_GREEN, -1, A_NORMAL, A_NORMAL},
    Look{Style::warning, 5, COLOR_YELLOW, -1, A_BOLD, A_BOLD},
    Look{Style::error, 6, COLOR_RED, -1, A_BOLD, A_BOLD},
};

const Look& look_of(Style style) {
  for (const auto& look : looks)
    if (look.style == style) return look;
  return looks.front();
}
}  // namespace

struct Terminal::State {
  SCREEN* screen = nullptr;
  bool colours = false;
  FileDescriptor signals;
  sigset_t mask_before{};
};

Terminal::Terminal() : state_(std::make_unique<State>()) {}

Result<std::unique_ptr<Terminal>> Terminal::open() {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0)
    return Error{ErrorCode::invalid_input, "standard input and output must be a terminal"};
  std::setlocale(LC_CTYPE, "");  // NOLINT(concurrency-mt-unsafe): one thread
  if (!is_capable_terminal(STDOUT_FILENO))
    return Error{ErrorCode::invalid_input,
                 "the type of this terminal (TERM) is not known, or it cannot move the cursor"};
  std::unique_ptr<Terminal> terminal(new Terminal());
  auto& state = *terminal->state_;
  prepare_rescue();
  state.screen = ::newterm(nullptr, stdout, stdin);
  if (state.screen == nullptr) return Error{ErrorCode::io, "the terminal cannot be set up"};
  ::set_term(state.screen);
  ::raw();
  ::noecho();
  ::nonl();
  ::keypad(stdscr, true);
  ::nodelay(stdscr, true);
  constexpr int escape_wait = 100;  // ms; also a slow line has sent the rest of a key's sequence by then
  ::set_escdelay(escape_wait);
  ::mousemask(BUTTON1_CLICKED | BUTTON1_PRESSED | BUTTON1_DOUBLE_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED, nullptr);
  ::mouseinterval(200);
  state.colours = ::has_colors() && ::start_color() == OK && ::use_default_colors() == OK;
  if (state.colours)
    for (const auto& look : looks)
      if (look.pair != 0) ::init_pair(look.pair, look.foreground, look.background);

  sigset_t mask;
  sigemptyset(&mask);
  for (const int signal : ends) sigaddset(&mask, signal);
  ::sigprocmask(SIG_BLOCK, &mask, &state.mask_before);
  state.signals = FileDescriptor(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!state.signals) return system_error("signalfd");
  return terminal;
}

Terminal::~Terminal() {
  if (state_->screen == nullptr) return;
  ::mousemask(0, nullptr);
  ::endwin();
  ::delscreen(state_->screen);
  for (const int crash : crashes) std::signal(crash, SIG_DFL);
  if (state_->signals) ::sigprocmask(SIG_SETMASK, &state_->mask_before, nullptr);
}

Size Terminal::size() const { return {getmaxy(stdscr), getmaxx(stdscr)}; }

void Terminal::show(const Canvas& canvas) {
  ::erase();
  const auto size = canvas.size();
  for (int row = 0; row < size.rows; ++row)
    for (int column = 0; column < size.columns; ++column) {
      const auto& cell = canvas.at(row, column);
      if (cell == Cell{}) continue;
      const auto& look = look_of(cell.style);
      const std::array<wchar_t, 2> text{static_cast<wchar_t>(cell.glyph), L'\0'};
      cchar_t shown{};
      ::setcchar(&shown, text.data(), state_->colours ? look.with_colour : look.without,
                 state_->colours ? look.pair : short{0}, nullptr);
      ::mvadd_wch(row, column, &shown);
    }
  ::curs_set(canvas.cursor() ? 1 : 0);
  if (canvas.cursor()) ::move(canvas.cursor()->row, canvas.cursor()->column);
  ::refresh();
}

Terminal::Waited Terminal::wait(Duration patience) {
  wint_t character = 0;
  auto got = ::get_wch(&character);  // what has been read already
  if (got == ERR) {
    std::array<pollfd, 2> watched{pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{state_->signals.get(), POLLIN, 0}};
    const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(patience.count()));
    if (ready < 0 && errno != EINTR) return {std::nullopt, true};
    if (ready > 0 && watched[1].revents != 0) {
      // Taken, or it would be delivered to ncurses' own handler, which ends the program, once the mask is restored.
      signalfd_siginfo taken{};
      while (::read(state_->signals.get(), &taken, sizeof taken) > 0) continue;
      return {std::nullopt, true};
    }
    if (ready > 0 && (watched[0].revents & (POLLHUP | POLLERR)) != 0) return {std::nullopt, true};
    got = ::get_wch(&character);  // also after a change of the size, which interrupts the waiting
  }
  if (got == ERR) return {};
  if (got == KEY_CODE_YES) return {named_key(static_cast<int>(character)), false};
  return {typed_key(character), false};
}

}  // namespace ipsec9000::screen
