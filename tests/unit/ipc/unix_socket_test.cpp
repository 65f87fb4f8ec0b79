#include "ipc/unix_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "support/temporary_directory.hpp"

using namespace ipsec9000;

TEST_CASE("a socket is for its owner only") {
  const test::TemporaryDirectory directory;
  const auto listener = ipc::listen_unix(directory / "a.sock");
  REQUIRE(listener);
  struct stat status {};
  REQUIRE(::stat((directory / "a.sock").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
}

TEST_CASE("nobody there is not_running") {
  const test::TemporaryDirectory directory;
  CHECK(ipc::connect_unix(directory / "a.sock").error().code == ErrorCode::not_running);
  CHECK(ipc::connect_unix(directory / "missing/a.sock").error().code == ErrorCode::not_running);
  { const auto listener = ipc::listen_unix(directory / "a.sock"); }
  REQUIRE(std::filesystem::exists(directory / "a.sock"));
  CHECK(ipc::connect_unix(directory / "a.sock").error().code == ErrorCode::not_running);
}

TEST_CASE("a socket left behind is replaced, one in use is not") {
  const test::TemporaryDirectory directory;
  { const auto gone = ipc::listen_unix(directory / "a.sock"); }
  const auto listener = ipc::listen_unix(directory / "a.sock");
  REQUIRE(listener);
  const auto second = ipc::listen_unix(directory / "a.sock");
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::already_exists);
  CHECK(ipc::connect_unix(directory / "a.sock"));
}

TEST_CASE("what is no socket is left alone") {
  const test::TemporaryDirectory directory;
  REQUIRE(replace_file(directory / "file", "content"));
  std::filesystem::create_symlink(directory / "file", directory / "link");
  CHECK_FALSE(ipc::listen_unix(directory / "file"));
  CHECK_FALSE(ipc::listen_unix(directory / "link"));
  CHECK(*read_file(directory / "file") == "content");
}

TEST_CASE("a path may be longer than the name of a socket") {
  const test::TemporaryDirectory directory;
  const auto deep = directory / (std::string(100, 'a') + "/" + std::string(100, 'b'));
  REQUIRE(make_directory(deep, 0700));
  CHECK(ipc::connect_unix(deep / "a.sock").error().code == ErrorCode::not_running);
  const auto listener = ipc::listen_unix(deep / "a.sock");
  REQUIRE(listener);
  CHECK(ipc::connect_unix(deep / "a.sock"));
  CHECK(std::filesystem::is_socket(deep / "a.sock"));
}

TEST_CASE("a listener that accepts nobody is busy, not gone") {
  const test::TemporaryDirectory directory;
  const auto listener = ipc::listen_unix(directory / "a.sock");
  std::vector<FileDescriptor> waiting;
  while (true) {
    REQUIRE(waiting.size() < 1000);
    auto client = ipc::connect_unix(directory / "a.sock");
    if (!client) {
      CHECK(client.error().code == ErrorCode::timed_out);
      break;
    }
    waiting.push_back(std::move(*client));
  }
}
