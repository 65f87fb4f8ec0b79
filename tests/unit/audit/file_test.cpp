#include "audit/file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <set>

#include "audit/directory.hpp"
#include "noon.hpp"
#include "support/temporary_directory.hpp"

using namespace ipsec9000;

namespace {
using test::noon;

AuditRecord record_of(const std::string& text) {
  AuditRecord record;
  record.from = "test";
  record.time = noon;
  record.event = "test-event";
  record.text = text;
  return record;
}

std::vector<std::uint64_t> numbers_in(const std::filesystem::path& file) {
  std::vector<std::uint64_t> numbers;
  REQUIRE(read_audit_file(file, [&](const AuditRecord& record) { numbers.push_back(record.number); }));
  return numbers;
}

std::set<std::filesystem::path> files_in(const std::filesystem::path& directory) {
  return {std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator()};
}

// No file may grow beyond the limit while this lives: what a full disk is to the writer.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};
}  // namespace

TEST_CASE("an audit file is named for its time and for root only") {
  const test::TemporaryDirectory directory;
  const auto file = AuditFile::open({directory / "audit"}, noon);
  REQUIRE(file);
  CHECK(file->path() == directory / "audit/audit-20011019T120000Z.log");
  struct stat status {};
  REQUIRE(::stat(file->path().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
}

TEST_CASE("files of one second get different names") {
  const test::TemporaryDirectory directory;
  auto file = AuditFile::open({directory.path()}, noon);
  REQUIRE(file);
  REQUIRE(file->rotate(noon));
  CHECK(file->path() == directory / "audit-20011019T120000Z-2.log");
  REQUIRE(file->rotate(noon));
  CHECK(files_in(directory.path()).size() == 3);
}

TEST_CASE("records get running numbers across files") {
  const test::TemporaryDirectory directory;
  auto file = AuditFile::open({directory.path(), 1}, noon, {6, std::string(chain_begin)});
  REQUIRE(file);
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 50; ++i) {
    auto record = record_of(std::string(100, 'x'));
    REQUIRE(file->append(record, noon + seconds(i)));
    CHECK(record.number == static_cast<std::uint64_t>(7 + i));
  }
  for (const auto& path : files_in(directory.path())) {
    CHECK(std::filesystem::file_size(path) <= 1024);
    for (const auto number : numbers_in(path)) CHECK(numbers.insert(number).second);
  }
  CHECK(numbers.size() == 50);
  CHECK(*numbers.begin() == 7);
  CHECK(*numbers.rbegin() == 56);
  CHECK(audit_trail_end(directory.path()).number == 56);
}

TEST_CASE("a record larger than a file may be gets a file of its own") {
  const test::TemporaryDirectory directory;
  auto file = AuditFile::open({directory.path(), 1}, noon);
  for (int i = 0; i < 3; ++i) {
    auto record = record_of(std::string(5000, 'x'));
    REQUIRE(file->append(record, noon));
  }
  CHECK(files_in(directory.path()).size() == 3);
}

TEST_CASE("numbers go on from the newest file that has any") {
  const test::TemporaryDirectory directory;
  CHECK(audit_trail_end(directory.path()).number == 0);
  CHECK(audit_trail_end(directory / "missing").number == 0);
  auto file = AuditFile::open({directory.path()}, noon, {39, std::string(chain_begin)});
  auto record = record_of("x");
  REQUIRE(file->append(record, noon));
  for (int i = 0; i < 11; ++i) REQUIRE(file->rotate(noon));  // "-12" is newer than "-9"
  record = record_of("x");
  REQUIRE(file->append(record, noon));
  REQUIRE(AuditFile::open({directory.path()}, noon + seconds(1)));  // empty
  CHECK(audit_trail_end(directory.path()).number == 41);
}

TEST_CASE("a symbolic link in place of the directory is refused") {
  const test::TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "elsewhere");
  std::filesystem::create_directory_symlink(directory / "elsewhere", directory / "audit");
  const auto file = AuditFile::open({directory / "audit"}, noon);
  REQUIRE_FALSE(file);
  CHECK(files_in(directory / "elsewhere").empty());
}

TEST_CASE("a symbolic link in place of the file is not followed") {
  const test::TemporaryDirectory directory;
  std::filesystem::create_symlink(directory / "victim", directory / "audit-20011019T120000Z.log");
  const auto file = AuditFile::open({directory.path()}, noon);
  REQUIRE(file);
  CHECK(file->path() == directory / "audit-20011019T120000Z-2.log");
  CHECK_FALSE(std::filesystem::exists(directory / "victim"));
}

TEST_CASE("a directory that cannot be used is an error, and the old file stays in use") {
  const test::TemporaryDirectory directory;
  REQUIRE(replace_file(directory / "plain", ""));
  CHECK_FALSE(AuditFile::open({directory / "plain"}, noon));
  auto file = AuditFile::open({directory / "audit"}, noon);
  REQUIRE(file);
  const auto before = file->path();
  CHECK_FALSE(file->rotate(noon, directory / "plain"));
  CHECK(file->path() == before);
  CHECK(file->options().directory == directory / "audit");
  auto record = record_of("x");
  CHECK(file->append(record, noon));
}

TEST_CASE("a full disk loses no number and leaves no torn line") {
  const test::TemporaryDirectory directory;
  auto file = AuditFile::open({directory.path()}, noon);
  auto first = record_of("first");
  REQUIRE(file->append(first, noon));
  auto second = record_of(std::string(1000, 'x'));
  {
    const FileSizeLimit limit(file->size() + 100);  // the line begins, and does not fit
    CHECK_FALSE(file->append(second, noon));
    CHECK_FALSE(file->append(second, noon));
    CHECK(second.number == 0);
  }
  CHECK(std::filesystem::file_size(file->path()) == file->size());
  REQUIRE(file->append(second, noon));
  CHECK(second.number == 2);
  CHECK(numbers_in(file->path()) == std::vector<std::uint64_t>{1, 2});
}
