#include "audit/prune.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "audit/directory.hpp"
#include "audit/file.hpp"
#include "noon.hpp"
#include "support/temporary_directory.hpp"

using namespace ipsec9000;
namespace fs = std::filesystem;

namespace {
using test::noon;
constexpr std::int64_t day = 86400;

// Five files with three records each, the oldest first written four days before the newest.
struct FiveDays {
  test::TemporaryDirectory directory;
  std::optional<AuditFile> file;
  std::vector<fs::path> files;

  FiveDays() {
    for (int n = 0; n < 5; ++n) {
      const auto when = noon - seconds((4 - n) * day);
      auto opened = AuditFile::open({directory.path(), 1000}, when, audit_trail_end(directory.path()));
      REQUIRE(opened);
      file.emplace(std::move(*opened));
      for (int i = 0; i < 3; ++i) {
        auto record = make_record(audit::mm_failed, {{"remote", "10.1.0.2"}});
        REQUIRE(file->append(record, when));
      }
      files.push_back(file->path());
      const auto since = std::chrono::floor<seconds>(when).time_since_epoch().count();
      const timespec times[2] = {{since, 0}, {since, 0}};
      REQUIRE(::utimensat(AT_FDCWD, files.back().c_str(), times, 0) == 0);
    }
  }
  AuditPruning plan(AuditKeep keep) const { return plan_pruning(directory.path(), file->path(), keep, noon); }
};
}  // namespace

TEST_CASE("how much to keep is a number of files or of days") {
  CHECK(parse_audit_keep("10")->files == 10);
  CHECK(parse_audit_keep("30d")->days == 30);
  CHECK(parse_audit_keep("30d")->files == 0);
  for (const auto* text : {"", "0", "0d", "d", "-1", "1.5", "30 d", "d30", "1000001", "99999999999999999999", "all"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_audit_keep(text));
  }
}

TEST_CASE("the newest files stay, and it is said where the trail is cut") {
  const FiveDays trail;
  const auto plan = trail.plan({2, 0});
  CHECK(plan.files == std::vector<fs::path>(trail.files.begin(), trail.files.begin() + 3));
  CHECK(plan.kept == 2);
  CHECK(plan.end.number == 9);
  CHECK(plan.end.chain == last_audit_position(trail.files[2])->chain);
  REQUIRE(carry_out(plan));
  CHECK(audit_files(trail.directory.path()) == std::vector<fs::path>(trail.files.begin() + 3, trail.files.end()));
  CHECK(trail.plan({2, 0}).files.empty());
}

TEST_CASE("files written to within the days stay, and so do those behind one that stays") {
  const FiveDays trail;
  CHECK(trail.plan({0, 2}).files.size() == 2);
  CHECK(trail.plan({0, 100}).files.empty());
  const timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  REQUIRE(::utimensat(AT_FDCWD, trail.files[1].c_str(), now, 0) == 0);
  CHECK(trail.plan({0, 2}).files.size() == 1);
}

TEST_CASE("the file in use stays, and what is no audit file is not touched") {
  FiveDays trail;
  const auto& directory = trail.directory.path();
  std::ofstream(directory / "audit-notes.txt") << "mine";
  std::ofstream(directory / "trace-20011019T120000Z.pcapng") << "a trace";
  std::ofstream(directory / "outside") << "not to be removed";
  fs::create_symlink(directory / "outside", directory / "audit-20000101T000000Z.log");
  fs::create_directory(directory / "audit-20000102T000000Z.log");
  const auto plan = plan_pruning(directory, trail.file->path(), {1, 0}, noon + seconds(1000 * day));
  CHECK(plan.files.size() == 4);
  CHECK(plan.kept == 1);
  // Another file than the newest one in use: nothing from there on goes.
  CHECK(plan_pruning(directory, trail.files[1], {1, 0}, noon).files.size() == 1);
  REQUIRE(carry_out(plan));
  CHECK(fs::exists(directory / "outside"));
  CHECK(fs::is_symlink(directory / "audit-20000101T000000Z.log"));
  CHECK(fs::exists(directory / "audit-notes.txt"));
  CHECK(fs::exists(trail.file->path()));
  CHECK(plan_pruning("/nowhere/at/all", trail.file->path(), {1, 0}, noon).files.empty());
}
