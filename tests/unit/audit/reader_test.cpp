#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "audit/file.hpp"
#include "audit/verify.hpp"
#include "support/temporary_directory.hpp"

using namespace ipsec9000;

namespace {
std::string line_of(std::uint64_t number) {
  AuditRecord record;
  record.number = number;
  record.from = "test";
  record.event = "test-event";
  record.text = "text";
  return to_json(record).dump() + "\n";
}

struct Seen {
  std::vector<std::uint64_t> records;
  std::vector<std::uint64_t> broken;
  Result<AuditReadSummary> summary = AuditReadSummary{};
};

Seen read(const std::string& content) {
  const test::TemporaryDirectory directory;
  std::ofstream(directory / "file", std::ios::binary) << content;
  Seen seen;
  seen.summary = read_audit_file(
      directory / "file", [&](const AuditRecord& record) { seen.records.push_back(record.number); },
      [&](std::uint64_t line, const Error&) { seen.broken.push_back(line); });
  return seen;
}

using Numbers = std::vector<std::uint64_t>;
}  // namespace

TEST_CASE("whole records are read in order") {
  const auto seen = read(line_of(1) + line_of(2) + line_of(3));
  CHECK(seen.records == Numbers{1, 2, 3});
  CHECK(seen.broken.empty());
  CHECK(seen.summary->records == 3);
}

TEST_CASE("an empty file has no records") {
  const auto seen = read("");
  CHECK(seen.records.empty());
  CHECK(seen.broken.empty());
}

TEST_CASE("a broken line is named, and reading goes on behind it") {
  const std::string broken =
      GENERATE(as<std::string>(), "\n", "garbage\n", "{\n", "{}\n", "[]\n", "null\n", "{\"number\": 1e999}\n",
               "\xff\xfe\n", std::string("\0\0\0\n", 4), "{\"a\":1}{\"b\":2}\n", std::string(100000, '[') + "\n",
               std::string(100000, '{') + "\n", "{\"text\":\"\xed\xa0\x80\"}\n",
               std::string(max_audit_line + 1, 'x') + "\n", std::string(3 * max_audit_line, '"') + "\n");
  const auto seen = read(line_of(1) + broken + line_of(3));
  CHECK(seen.records == Numbers{1, 3});
  CHECK(seen.broken == Numbers{2});
}

TEST_CASE("a file cut off anywhere gives its whole records") {
  const auto content = line_of(1) + line_of(2);
  for (std::size_t size = 0; size < content.size(); ++size) {
    const auto seen = read(content.substr(0, size));
    const std::size_t whole = size >= line_of(1).size() ? 1 : 0;
    CHECK(seen.records.size() == whole);
    CHECK(seen.broken.size() == (size == 0 || size == line_of(1).size() ? 0U : 1U));
  }
}

TEST_CASE("deep nesting behind valid members is refused, not walked") {
  const auto deep = "{\"number\":1,\"fields\":" + std::string(50000, '[') + std::string(50000, ']') + "}\n";
  const auto seen = read(deep + line_of(2));
  CHECK(seen.records == Numbers{2});
  CHECK(seen.broken == Numbers{1});
}

TEST_CASE("a gigantic file is read and checked in little memory") {
  constexpr long most_growth = 16 * 1024;  // kB; the file is of 256 MB
  const auto peak = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const test::TemporaryDirectory directory;
  const auto path = directory / "audit-20010101T000000Z.log";
  std::ofstream(path, std::ios::binary) << line_of(1);
  std::filesystem::resize_file(path, std::uintmax_t{256} << 20);  // a line of zeros that takes almost all of it
  std::ofstream(path, std::ios::binary | std::ios::app) << "\n" << line_of(2);
  const auto before = peak();
  Numbers records;
  const auto summary = read_audit_file(path, [&](const AuditRecord& record) { records.push_back(record.number); });
  REQUIRE(summary);
  CHECK(records == Numbers{1, 2});
  CHECK(summary->broken == 1);
  CHECK(verify_audit_file(path, {})->faults != 0);
  CHECK(peak() - before < most_growth);
}

TEST_CASE("only regular files are read") {
  const test::TemporaryDirectory directory;
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  CHECK_FALSE(read_audit_file(directory / "fifo", {}));
  CHECK_FALSE(read_audit_file(directory.path(), {}));
  CHECK(read_audit_file(directory / "missing", {}).error().code == ErrorCode::not_found);
}
