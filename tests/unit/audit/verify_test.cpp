#include "audit/verify.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "audit/directory.hpp"
#include "audit/file.hpp"
#include "base/text.hpp"
#include "noon.hpp"
#include "support/temporary_directory.hpp"

using namespace ipsec9000;

namespace {
using test::noon;

struct OneFile {
  test::TemporaryDirectory directory;
  std::optional<AuditFile> file;

  OneFile() { open(1000); }
  void open(std::uint32_t kilobytes) {
    auto opened = AuditFile::open({directory.path(), kilobytes}, noon, audit_trail_end(directory.path()));
    REQUIRE(opened);
    file.emplace(std::move(*opened));
  }
  void write(int count) {
    for (int i = 0; i < count; ++i) {
      auto record = make_record(audit::mm_failed, {{"remote", "10.1.0.2"}, {"reason", std::to_string(i)}});
      record.from = "test";
      record.time = noon;
      REQUIRE(file->append(record, noon));
    }
  }
};

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  auto lines = split(read_file(path).value_or(""), '\n');
  lines.pop_back();
  return lines;
}
void write_lines(const std::filesystem::path& path, const std::vector<std::string>& lines) {
  std::ofstream out(path, std::ios::binary);
  for (const auto& line : lines) out << line << "\n";
}

std::vector<std::string> faults_of(const std::filesystem::path& path, const std::optional<AuditPosition>& end = {}) {
  std::vector<std::string> faults;
  const auto verdict = verify_audit_file(
      path, [&](const AuditFault& fault) { faults.push_back(std::to_string(fault.line) + ": " + fault.text); }, end);
  REQUIRE(verdict);
  CHECK(verdict->faults == faults.size());
  return faults;
}
using Faults = std::vector<std::string>;
}  // namespace

TEST_CASE("a trail as it was written has no fault, across files and restarts") {
  OneFile trail;
  trail.open(2);
  trail.write(30);
  trail.open(2);  // secauditd started again
  trail.write(30);
  const auto files = audit_files(trail.directory.path());
  CHECK(files.size() > 5);
  std::uint64_t records = 0;
  for (const auto& file : files) {
    CHECK(faults_of(file, trail.file->position()).empty());
    records += verify_audit_file(file, {})->records;
  }
  CHECK(records == 60);
}

TEST_CASE("each record that is removed, changed or moved is found") {
  OneFile trail;
  trail.write(5);
  const auto path = trail.file->path();
  const auto lines = lines_of(path);
  const auto end = trail.file->position();
  REQUIRE(faults_of(path, end).empty());

  SECTION("one or two from the middle") {
    auto fewer = lines;
    fewer.erase(fewer.begin() + 2);
    write_lines(path, fewer);
    CHECK(faults_of(path, end) == Faults{"3: record 3 is missing before this line"});
    fewer.erase(fewer.begin() + 1);
    write_lines(path, fewer);
    CHECK(faults_of(path, end) == Faults{"2: records 2 to 3 are missing before this line"});
  }
  SECTION("the first one") {
    write_lines(path, {lines.begin() + 1, lines.end()});
    CHECK_FALSE(faults_of(path, end).empty());
  }
  SECTION("the last one, as far as secauditd can tell") {
    write_lines(path, {lines.begin(), lines.end() - 1});
    CHECK(faults_of(path, end) ==
          Faults{"0: record 5 is missing at the end of the file: secauditd has written up to 5"});
    CHECK(faults_of(path).empty());
    CHECK(verify_audit_file(path, {})->remarks.size() == 1);
  }
  SECTION("any byte of any line") {
    for (std::size_t n = 0; n < lines.size(); ++n)
      for (std::size_t at = 0; at < lines[n].size(); at += 7) {
        auto changed = lines;
        changed[n][at] = changed[n][at] == '1' ? '2' : '1';
        if (changed == lines) continue;
        write_lines(path, changed);
        CHECK_FALSE(faults_of(path, end).empty());
      }
  }
  SECTION("a number and its hash that fit each other") {
    auto forged = *split_chained_line(lines[2]);
    std::string content(forged.content);
    content.replace(content.find("10.1.0.2"), 8, "10.1.0.3");
    auto changed = lines;
    changed[2] = chained_line(content + "}", split_chained_line(lines[1])->hash);
    write_lines(path, changed);
    CHECK(faults_of(path, end) == Faults{"4: record 4, or the one before it, was changed"});
  }
  SECTION("two in each other's place") {
    auto changed = lines;
    std::swap(changed[1], changed[2]);
    write_lines(path, changed);
    CHECK_FALSE(faults_of(path, end).empty());
  }
  SECTION("the same one twice") {
    auto changed = lines;
    changed.insert(changed.begin() + 2, lines[1]);
    write_lines(path, changed);
    CHECK(faults_of(path, end) == Faults{"3: record 2 is out of its place"});
  }
}

TEST_CASE("a file that is cut off anywhere is found out") {
  OneFile trail;
  trail.write(3);
  const auto path = trail.file->path();
  const auto content = *read_file(path);
  for (std::size_t size = 1; size < content.size(); size += 5) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content.substr(0, size);
    CHECK_FALSE(faults_of(path, trail.file->position()).empty());
  }
}

TEST_CASE("what joins two files is checked from both sides") {
  OneFile trail;
  trail.write(3);
  const auto first = trail.file->path();
  REQUIRE(trail.file->rotate(noon));
  trail.write(3);
  const auto second = trail.file->path();
  REQUIRE(trail.file->rotate(noon));
  trail.write(3);
  const auto third = trail.file->path();

  SECTION("the end of a file is cut off") {
    auto lines = lines_of(second);
    lines.pop_back();
    write_lines(second, lines);
    CHECK_THAT(faults_of(second).at(0), Catch::Contains("record 6 is missing at the end of the file"));
    CHECK_THAT(faults_of(third).at(0), Catch::Contains("record 6 is missing between"));
  }
  SECTION("a file is gone") {
    std::filesystem::remove(second);
    CHECK_THAT(faults_of(first).at(0), Catch::Contains("records 4 to 6 are missing"));
    CHECK_THAT(faults_of(third).at(0), Catch::Contains("records 4 to 6 are missing"));
  }
  SECTION("the oldest files were taken away: that is no fault, and it is said") {
    std::filesystem::remove(first);
    CHECK(faults_of(second).empty());
    CHECK_THAT(verify_audit_file(second, {})->remarks.at(0), Catch::Contains("records before 4"));
  }
  SECTION("a file is emptied") {
    write_lines(second, {});
    CHECK_THAT(faults_of(third).at(0), Catch::Contains("records 4 to 6 are missing"));
  }
}

// Who knows the format can make a hash that fits for the last record; only what is kept elsewhere gives him away.
TEST_CASE("a last record that was written anew with a hash that fits is found by what comes after it") {
  OneFile trail;
  trail.write(3);
  const auto first = trail.file->path();
  const auto forge = [&](const std::string& before, const std::string& after) {
    auto lines = lines_of(first);
    auto content = std::string(split_chained_line(lines[2])->content);
    content.replace(content.find(before), before.size(), after);
    lines[2] = chained_line(content + "}", split_chained_line(lines[1])->hash);
    write_lines(first, lines);
  };
  forge("10.1.0.2", "10.1.0.9");
  CHECK(faults_of(first).empty());
  CHECK(faults_of(first, trail.file->position()) ==
        Faults{"0: the end of the file was changed: secauditd wrote another last record"});
  forge("10.1.0.9", "10.1.0.2");
  CHECK(faults_of(first, trail.file->position()).empty());
  REQUIRE(trail.file->rotate(noon));
  trail.write(1);
  forge("10.1.0.2", "10.1.0.9");
  CHECK_THAT(faults_of(first).at(0), Catch::Contains("does not go on from it"));
  CHECK_THAT(faults_of(trail.file->path()).at(0), Catch::Contains("one of the two was changed"));
}

TEST_CASE("only the record that names the end of what was removed explains its absence") {
  OneFile trail;
  trail.write(3);
  const auto first = trail.file->path();
  REQUIRE(trail.file->rotate(noon));
  trail.write(1);
  const auto second = trail.file->path();
  const auto remark = [&](const std::string& chain) {
    auto record =
        make_record(audit::audit_pruned,
                    {{"files", "1"}, {"bytes", "300"}, {"file", first.string()}, {"number", "3"}, {"chain", chain}});
    record.from = "secauditd";
    record.time = noon;
    REQUIRE(trail.file->append(record, noon));
    return verify_audit_file(second, {})->remarks.at(0);
  };
  const auto end = last_audit_position(first)->chain;
  std::filesystem::remove(first);
  CHECK_THAT(remark(std::string(chain_begin)), Catch::Contains("were not looked for"));
  CHECK_THAT(remark(end), Catch::Contains("removed on request, which record 6 tells"));
}

TEST_CASE("garbage in place of an audit file is no crash") {
  OneFile trail;
  trail.write(2);
  const auto path = trail.file->path();
  const auto line = lines_of(path)[1];
  const std::string content = GENERATE_COPY(as<std::string>(), "\n\n\n", "null\n", std::string(2 << 20, 'x'),
                                            std::string(2 << 20, '\n'), std::string(100000, '[') + "\n",
                                            "{\"chain\":\"" + std::string(64, '0') + "\"}\n", line + line + "\n");
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  CHECK_FALSE(faults_of(path).empty());
}
