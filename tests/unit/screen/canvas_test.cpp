#include "cli/ipsec_mgr/screen/canvas.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000::screen;

TEST_CASE("text is cut at the edges and at its width, and what cannot be shown is a question mark") {
  Canvas canvas({2, 10});
  canvas.put(0, 7, "abcdef");
  canvas.put(0, -2, "xyz");
  canvas.put(1, 0, "abcdef", Style::plain, 4);
  canvas.put(1, 5, "\x1b[2J", Style::error);
  canvas.put(5, 0, "nowhere");
  CHECK(canvas.row_text(0) == "z      abc");
  CHECK(canvas.row_text(1) == "abc~ ?[2J");
  CHECK(canvas.at(1, 5).style == Style::error);
}

TEST_CASE("UTF-8 goes in and out, and broken sequences harm nobody") {
  CHECK(utf8_of(characters_of("J\xc3\xbcrgen \xe2\x82\xac")) == "J\xc3\xbcrgen \xe2\x82\xac");
  CHECK(characters_of("a\xff\xc3").size() == 3);
  CHECK(characters_of("\xe2\x82") == std::u32string(1, 0xfffd));
}

TEST_CASE("of clickable places that overlap the last one counts") {
  Canvas canvas({4, 20});
  canvas.on_click({0, 0, 4, 20}, 7);
  canvas.on_click({1, 5, 1, 3}, Key::function(2));
  CHECK(std::get<int>(*canvas.target_at(3, 19)) == 7);
  CHECK(std::get<Key>(*canvas.target_at(1, 7)) == Key::function(2));
  CHECK(std::get<int>(*canvas.target_at(1, 8)) == 7);
  canvas.clear_targets();
  CHECK_FALSE(canvas.target_at(1, 7));
}

TEST_CASE("lines break between words, and inside a word that is too long") {
  CHECK(wrapped("one two three\nfour", 8) == std::vector<std::string>{"one two", "three", "four"});
  CHECK(wrapped("abcdefghijkl", 8) == std::vector<std::string>{"abcdefgh", "ijkl"});
  CHECK(wrapped("", 8) == std::vector<std::string>{""});
}
