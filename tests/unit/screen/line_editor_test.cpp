#include "cli/ipsec_mgr/screen/line_editor.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;
using namespace ipsec9000::screen;

namespace {
template <class Line>
void type(Line& line, std::u32string_view text) {
  for (const auto c : text) line.handle(Key::of(c));
}
}  // namespace

TEST_CASE("a line is edited at its cursor") {
  LineEditor line("10.1.0.2");
  line.handle({KeyCode::backspace});
  type(line, U"9");
  line.handle({KeyCode::home});
  line.handle({KeyCode::erase});
  type(line, U"2");
  CHECK(line.text() == "20.1.0.9");
  line.handle({KeyCode::right});
  line.handle({KeyCode::left});
  line.handle({KeyCode::left});
  line.handle({KeyCode::left});
  line.handle({KeyCode::backspace});
  CHECK(line.text() == "20.1.0.9");
  line.handle({KeyCode::end});
  line.handle(Key::control('u'));
  CHECK(line.text().empty());
  CHECK_FALSE(line.handle({KeyCode::up}));
}

TEST_CASE("a long line shows the part around its cursor") {
  LineEditor line("0123456789");
  Canvas canvas({1, 8});
  line.draw(canvas, 0, 0, 5, true);
  CHECK(canvas.row_text(0) == "6789");
  CHECK(canvas.cursor() == Place{0, 4});
  line.handle({KeyCode::home});
  line.draw(canvas, 0, 0, 5, true);
  CHECK(canvas.row_text(0) == "01234");
  line.draw(canvas, 0, 0, 5, false);
  CHECK(canvas.row_text(0) == "0123~");
}

TEST_CASE("a hidden line takes bytes, gives them once, and takes whole characters back") {
  HiddenLine line;
  type(line, U"ab\u00fc");
  line.handle({KeyCode::backspace});
  type(line, U"c");
  const auto secret = line.secret();
  CHECK(std::string(secret.view().begin(), secret.view().end()) == "abc");
  line.clear();
  CHECK(line.empty());
}
