#include <catch2/catch.hpp>

#include "cli/common/daemons.hpp"
#include "tool_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

TEST_CASE_METHOD(ToolFixture, "an answer that makes no sense is exit 1 and one clean line") {
  const auto line =
      GENERATE(as<std::string>{}, "garbage", "{}", "[]", "null", "{\"jsonrpc\": \"2.0\"", "\xff\xfe\x00", "\x1b[2J",
               "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":3}", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"items\":7}}",
               "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"items\":[1,\"x\",{}],\"next\":null}}");
  CAPTURE(line);
  FakeDaemon ikpmd(paths.socket("ikpmd"), [&](const std::string&, const Json&, const Json&) { return line; });
  const int status = report({"-sad"});
  const auto said = err.str();
  CAPTURE(said);
  CHECK(status == 1);
  CHECK(said.starts_with("ipsec_report: view sad: "));
  CHECK(said.find('\x1b') == std::string::npos);
  CHECK(std::count(said.begin(), said.end(), '\n') == 1);
  CHECK(report({"-sad", "--json"}) == 1);
  CHECK_NOTHROW(document());  // still one document
}

TEST_CASE_METHOD(ToolFixture, "an answer without the members that are wanted stops nothing") {
  const auto value = GENERATE(as<std::string>{}, "3", "[]", "null", "{}", "\"x\"",
                              "{\"problems\": 3, \"in_step\": \"maybe\", \"policies\": []}");
  const auto say = [&](const std::string&, const Json&, const Json& id) { return result(id, Json::parse(value)); };
  FakeDaemon secauditd(paths.socket("secauditd"), say);
  FakeDaemon secpolicyd(paths.socket("secpolicyd"), say);
  FakeDaemon ikpmd(paths.socket("ikpmd"), say);
  CHECK(admin({"-status"}) == 0);
  CHECK(admin({"-status", "--json"}) == 0);
  CHECK(admin({"-reload"}) == 0);
  CHECK(admin({"-deletesa", "10.1.0.2"}) == 0);
  CHECK(policy({}) == 1);
  CHECK(report({"-audit"}) == 1);
  CHECK(mgr({"policy", "list"}) == 1);
}

TEST_CASE_METHOD(ToolFixture, "a line without end is cut off at a limit") {
  const std::string huge(3 << 20, 'x');
  FakeDaemon ikpmd(paths.socket("ikpmd"), [&](const std::string&, const Json&, const Json&) { return huge; });
  CHECK(report({"-sad"}) == 1);
  CHECK(err.str().size() < 1000);
}

TEST_CASE_METHOD(ToolFixture, "a page without end in view is streamed, not collected") {
  std::size_t pages = 0;
  const auto item = Json::parse(sad_page)["items"][0];
  FakeDaemon ikpmd(paths.socket("ikpmd"), [&](const std::string&, const Json&, const Json& id) {
    Json page{{"items", Json::array()}, {"next", nullptr}};
    for (int n = 0; n < 100; ++n) page["items"].push_back(item);
    if (++pages < 20) page["next"] = pages;
    return result(id, page);
  });
  CHECK(report({"-sad"}) == 0);
  CHECK(out_has("Sequence number: 2000\n"));
}

TEST_CASE_METHOD(ToolFixture, "a daemon that closes at once is not running, one that is silent does not answer") {
  {
    FakeDaemon ikpmd(paths.socket("ikpmd"),
                     [](const std::string&, const Json&, const Json&) { return std::string("\x04"); });
    CHECK(report({"-sad"}) == 3);
  }
  FakeDaemon silent(paths.socket("ikpmd"), [](const std::string&, const Json&, const Json&) { return std::string(); });
  cli::Daemons daemons(paths, milliseconds(200));
  const auto answer = daemons.call("ikpmd", "ike.status", Json::object());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::timed_out);
  CHECK(daemons.state("ikpmd", milliseconds(200)) == cli::DaemonState::not_responding);
  CHECK(daemons.state("secpolicyd", milliseconds(200)) == cli::DaemonState::not_running);
  CHECK(admin({"-status", "--json"}) == 3);
  CHECK(document()["daemons"]["ikpmd"] == "not responding");
}

TEST_CASE_METHOD(ToolFixture, "a daemon's refusal has its exit status") {
  std::string code;
  FakeDaemon ikpmd(paths.socket("ikpmd"), [&](const std::string&, const Json&, const Json& id) {
    return error(id, code, "so it is\nForged: line");
  });
  for (const auto& [word, exit] : {std::pair{"not-permitted", 4},
                                   {"not-running", 3},
                                   {"timed-out", 1},
                                   {"refused", 1},
                                   {"invalid-input", 1},
                                   {"nonsense", 1}}) {
    code = word;
    CAPTURE(code);
    CHECK(admin({"-deletesa", "10.1.0.2"}) == exit);
    CHECK(err_has("so it is"));
    CHECK_FALSE(err_has("\nForged"));
  }
}
