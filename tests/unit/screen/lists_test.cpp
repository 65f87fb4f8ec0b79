// Lists, ageing bars and the screens that show what happens.
#include <catch2/catch.hpp>

#include "operator.hpp"

using namespace ipsec9000;
using namespace ipsec9000::screen;
using test::FakeBackend;
using test::Operator;

TEST_CASE("a list keeps what is chosen on the screen") {
  ListView list;
  Canvas canvas({5, 12});
  const auto draw = [&](std::size_t count) {
    canvas = Canvas({5, 12});
    list.draw(canvas, {0, 0, 5, 12}, count, [](std::size_t n) { return "item " + std::to_string(n); });
  };
  draw(20);
  list.handle({KeyCode::end}, 20);
  draw(20);
  CHECK(canvas.row_text(4) == ">item 19");
  CHECK(canvas.row_text(0) == " item 15   ^");
  list.handle({KeyCode::page_up}, 20);
  draw(20);
  CHECK(canvas.row_text(0) == ">item 14   ^");
  CHECK(canvas.row_text(4) == " item 18   v");
  draw(3);  // it has become shorter
  CHECK(canvas.row_text(2) == ">item 2");
  CHECK(std::get<int>(*canvas.target_at(1, 3)) == 1);
}

TEST_CASE("a bar fills by time or by bytes, whichever is nearer to the end") {
  CHECK(ageing_bar({50, 0, 90, 100, 0, 0}, 17) == "[#####----|]  50%");
  CHECK(ageing_bar({10, 80 * 1024, 90, 100, 90, 100}, 17) == "[########-|]  80%");
  CHECK(ageing_bar({200, 0, 0, 100, 0, 0}, 17) == "[##########] 100%");
  CHECK(ageing_bar({200, 0, 0, 0, 0, 0}, 17) == "no limit");
  CHECK(short_time(17) == "17s");
  CHECK(short_time(150) == "2m");
  CHECK(short_time(100'000'000) == "999d");
}

TEST_CASE("policies stand in the order of the match, with last use, SAs and what is not in force") {
  FakeBackend backend;
  backend.file = test::commented;
  backend.in_force = test::commented;
  backend.lists["policy.usage"] = {Json{{"policy", "telnet"}, {"idle", 17U}}};
  Operator person(backend);
  const auto row = [&](const char* name) { return person.find(std::string(" ") + name + " ").row; };
  CHECK(row("telnet") < row("exact"));  // as many exact fields, and earlier in the file
  CHECK(row("exact") < row("net"));
  CHECK(row("net") < row("default"));
  CHECK(person.screen().row_text(row("telnet")).find("17s") != std::string::npos);
  CHECK(person.sees("What is in the file is in force"));
}

TEST_CASE("SAs show their age, and are deleted only after a question") {
  FakeBackend backend;
  backend.file = test::commented;
  SadEntry sa;
  sa.spi = "0000c0de";
  sa.protocol = "esp";
  sa.state = "mature";
  sa.source = "10.1.0.1";
  sa.destination = "10.1.0.2";
  sa.mode = "transport";
  sa.direction = "out";
  sa.policy = "telnet";
  sa.age = 14400;
  sa.hard.seconds = 28800;
  sa.soft.seconds = 25920;
  backend.lists["sad.list"] = {to_json(sa)};
  Operator person(backend);
  CHECK(person.screen().row_text(person.find(" telnet ").row).find(" 1 ") != std::string::npos);
  person.type("4");
  CHECK(person.sees("0000c0de out  ESP    10.1.0.2"));
  CHECK(person.sees(" 50%"));
  person.type("d");
  CHECK(person.sees(">[ Keep them ]"));
  person.press(KeyCode::enter);
  CHECK(backend.calls.empty());
  person.type("d").type("d");
  CHECK(backend.calls == std::vector<std::string>{R"(ikpmd ike.delete {"remote":"10.1.0.2"})"});
  CHECK(person.sees("2 IPSec SAs and 1 ISAKMP SAs deleted"));
}

TEST_CASE("a failure tells its reason and in what the hosts differ") {
  FakeBackend backend;
  FailureRecord failure{"2026-01-01T00:00:00Z", "10.1.0.2", "main",     "peers",    1,
                        "no-proposal-chosen",   "group",    "MODP1024", "MODP2048", "The peer refused every proposal"};
  backend.lists["failures.list"] = {to_json(failure)};
  Operator person(backend);
  person.type("5");
  CHECK(person.sees("no-proposal-chosen"));
  CHECK(person.sees("They differ in: group; offered: MODP1024; wanted: MODP2048"));
}
