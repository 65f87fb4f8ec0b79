#include <catch2/catch.hpp>

#include "cli/common/password.hpp"
#include "tool_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::cli;
using namespace ipsec9000::test;

namespace {
std::string text_of_secret(const Result<Secret>& secret) {
  return secret ? std::string(secret->view().begin(), secret->view().end()) : "error: " + secret.error().text;
}
}  // namespace

TEST_CASE_METHOD(ToolFixture, "a password file gives its bytes without one newline") {
  CHECK(text_of_secret(read_password_file(file("a", "a long password\n"))) == "a long password");
  CHECK(text_of_secret(read_password_file(file("b", "a long password"))) == "a long password");
  CHECK(text_of_secret(read_password_file(file("c", " two lines\n\n"))) == " two lines\n");
}

TEST_CASE_METHOD(ToolFixture, "a password file that is not private, not a file, empty or too long is refused") {
  const auto code = [](const fs::path& path) { return read_password_file(path).error().code; };
  CHECK(code(file("group", "password", fs::perms(0640))) == ErrorCode::not_permitted);
  CHECK(code(file("others", "password", fs::perms(0604))) == ErrorCode::not_permitted);
  CHECK(code(file("writable", "password", fs::perms(0602))) == ErrorCode::not_permitted);
  fs::create_symlink(file("real", "password"), root / "link");
  CHECK(code(root / "link") == ErrorCode::not_permitted);
  CHECK(code(root) == ErrorCode::invalid_input);
  CHECK(code(file("empty", "")) == ErrorCode::invalid_input);
  CHECK(code(file("newline", "\n")) == ErrorCode::invalid_input);
  CHECK(code(file("long", std::string(2000, 'x'))) == ErrorCode::invalid_input);
  CHECK_FALSE(read_password_file(root / "absent"));
  CHECK(text_of_secret(read_password_file(file("long2", std::string(2000, 's')))).find("sss") == std::string::npos);
}

TEST_CASE_METHOD(ToolFixture, "a file of somebody else is refused") {
  if (::geteuid() != 0) return;
  const auto path = file("foreign", "password");
  REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
  CHECK(read_password_file(path).error().code == ErrorCode::not_permitted);
}

TEST_CASE_METHOD(ToolFixture, "a key file need not be private") {
  CHECK(text_of_secret(read_secret_file(file("key", "the key\n", fs::perms(0644)), 100, Privacy::advised)) ==
        "the key");
}
