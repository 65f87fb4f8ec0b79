#include "audit/directory.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "audit/file.hpp"
#include "noon.hpp"
#include "support/temporary_directory.hpp"

using namespace ipsec9000;

namespace {
using test::noon;

void append(AuditFile& file, const std::string& text) {
  AuditRecord record;
  record.from = "test";
  record.event = "test-event";
  record.text = text;
  REQUIRE(file.append(record, noon));
}
}  // namespace

TEST_CASE("half a line at the end of the newest file is cut off, whatever its length") {
  const test::TemporaryDirectory directory;
  const auto newest = [&] {
    auto file = AuditFile::open({directory.path()}, noon);
    REQUIRE(file);
    append(*file, "first");
    append(*file, "second");
    return file->path();
  }();
  const auto whole = *read_file(newest);
  const auto first = whole.find('\n') + 1;
  for (std::size_t size = first; size <= whole.size(); ++size) {
    std::ofstream(newest, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    const auto mended = mend_newest_audit_file(directory.path());
    REQUIRE(mended);
    const bool torn = size != first && size != whole.size();
    CHECK(mended->has_value() == torn);
    if (torn) {
      CHECK((*mended)->bytes == size - first);
      CHECK(std::filesystem::file_size(newest) == first);
    }
  }
}

TEST_CASE("a directory without audit files needs no mending") {
  const test::TemporaryDirectory directory;
  CHECK_FALSE(mend_newest_audit_file(directory.path())->has_value());
  CHECK_FALSE(mend_newest_audit_file(directory / "missing")->has_value());
  CHECK(audit_trail_end(directory.path()).number == 0);
}

TEST_CASE("mending follows no symbolic link and cuts no foreign file") {
  const test::TemporaryDirectory directory;
  std::ofstream(directory / "victim") << "no newline here";
  std::filesystem::create_symlink(directory / "victim", directory / "audit-20011019T120000Z.log");
  CHECK_FALSE(mend_newest_audit_file(directory.path()));
  CHECK(*read_file(directory / "victim") == "no newline here");
  std::ofstream(directory / "audit-20011019T120000Z-2.log") << std::string(2 * max_audit_line, 'x');
  CHECK_FALSE(mend_newest_audit_file(directory.path())->has_value());
}
