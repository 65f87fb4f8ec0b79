#include "ipc/line_buffer.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace ipsec9000;
using ipc::LineBuffer;

namespace {
std::vector<std::string> take_all(LineBuffer& buffer) {
  std::vector<std::string> lines;
  while (true) {
    auto line = buffer.next();
    REQUIRE(line);
    if (!*line) return lines;
    lines.push_back(**line);
  }
}
}  // namespace

TEST_CASE("a stream cut anywhere gives the same lines") {
  const std::string stream = "one\n\ntwo\r\nthree\nfour";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    LineBuffer buffer;
    buffer.append(stream.substr(0, cut));
    auto lines = take_all(buffer);
    buffer.append(stream.substr(cut));
    for (auto& line : take_all(buffer)) lines.push_back(line);
    CHECK(lines == std::vector<std::string>{"one", "", "two", "three"});
    CHECK(buffer.size() == 4);
  }
}

TEST_CASE("a line has a longest length, with and without its end") {
  LineBuffer buffer(10);
  buffer.append("0123456789\n");
  CHECK(take_all(buffer).size() == 1);
  buffer.append("0123456789");
  CHECK(take_all(buffer).empty());
  buffer.append("0");
  CHECK_FALSE(buffer.next());
  CHECK_FALSE(buffer.next());
  LineBuffer other(10);
  other.append("0123456789012345\nshort\n");
  CHECK_FALSE(other.next());
}

TEST_CASE("byte by byte costs no more than at once") {
  LineBuffer buffer;
  const std::string line(100000, 'x');
  for (const char c : line) {
    buffer.append(std::string_view(&c, 1));
    REQUIRE_FALSE(buffer.next()->has_value());
  }
  buffer.append("\n");
  CHECK(take_all(buffer) == std::vector<std::string>{line});
}
