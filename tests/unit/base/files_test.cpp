#include "base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/temporary_directory.hpp"

using namespace ipsec9000;

namespace {
unsigned mode_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

std::size_t entries(const std::filesystem::path& directory) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator()));
}
}  // namespace

TEST_CASE("a replaced file has the new content and the mode asked for, and nothing is left beside it") {
  const test::TemporaryDirectory directory;
  const auto path = directory / "file";
  REQUIRE(replace_file(path, "old", 0644));
  CHECK(mode_of(path) == 0644);
  REQUIRE(replace_file(path, "new"));
  CHECK(*read_file(path) == "new");
  CHECK(mode_of(path) == 0600);
  CHECK(entries(directory.path()) == 1);
}

TEST_CASE("who reads while a file is replaced reads the old one whole") {
  const test::TemporaryDirectory directory;
  const auto path = directory / "file";
  REQUIRE(replace_file(path, "old"));
  const FileDescriptor reader(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(replace_file(path, "new"));
  char content[4] = {};
  REQUIRE(::read(reader.get(), content, 3) == 3);
  CHECK(std::string(content) == "old");
}

TEST_CASE("a file that cannot be replaced stays, and nothing is left beside it") {
  const test::TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "file");
  std::filesystem::create_directory(directory / "file/inside");
  CHECK_FALSE(replace_file(directory / "file", "new"));
  CHECK(entries(directory.path()) == 1);
  const auto missing = replace_file(directory / "missing/file", "new");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::not_found);
}

TEST_CASE("reading says what is wrong") {
  const test::TemporaryDirectory directory;
  CHECK(read_file(directory / "missing").error().code == ErrorCode::not_found);
  CHECK_FALSE(read_file(directory.path()));
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  CHECK_FALSE(read_file(directory / "fifo"));  // and does not wait for a writer
  REQUIRE(replace_file(directory / "large", std::string(1001, 'x')));
  CHECK_FALSE(read_file(directory / "large", 1000));
  CHECK(read_file(directory / "large", 1001));
}

TEST_CASE("a directory is made with its parents") {
  const test::TemporaryDirectory directory;
  REQUIRE(make_directory(directory / "a/b/c", 0700));
  CHECK(mode_of(directory / "a/b/c") == 0700);
  CHECK(make_directory(directory / "a/b/c", 0755));
  CHECK(mode_of(directory / "a/b/c") == 0700);
  REQUIRE(replace_file(directory / "a/file", ""));
  CHECK_FALSE(make_directory(directory / "a/file/d", 0700));
}

TEST_CASE("a descriptor is closed once, by its last owner") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const FileDescriptor reader(ends[0]);
  {
    FileDescriptor writer(ends[1]);
    const FileDescriptor moved = std::move(writer);
    CHECK_FALSE(writer);  // NOLINT(bugprone-use-after-move): that is the question
    CHECK(moved.get() == ends[1]);
  }
  CHECK(::fcntl(ends[1], F_GETFD) == -1);
  CHECK(::fcntl(ends[0], F_GETFD) != -1);
}

TEST_CASE("all paths lie below the root") {
  CHECK(Paths{}.configuration() == "/etc/ipsec9000/ipsec.json");
  CHECK(Paths{"/tmp/a"}.configuration() == "/tmp/a/etc/ipsec9000/ipsec.json");
  CHECK(Paths{"/tmp/a"}.socket("ikpmd") == "/tmp/a/run/ipsec9000/ikpmd.sock");
  CHECK(Paths{"/tmp/a"}.pid_file("ikpmd") == "/tmp/a/run/ipsec9000/ikpmd.pid");
}
