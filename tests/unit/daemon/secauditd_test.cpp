#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "audit/directory.hpp"
#include "audit/verify.hpp"
#include "secauditd_fixture.hpp"

using namespace ipsec9000;
using test::long_enough;
using test::Secauditd;

namespace {
std::vector<std::string> events_of(const std::vector<AuditRecord>& records) {
  std::vector<std::string> events;
  for (const auto& record : records) events.push_back(record.event);
  return events;
}

std::optional<int> run_refused(const Secauditd& daemon, std::vector<std::string> options) {
  test::ChildProcess process(SECAUDITD, options, daemon.errors_file());
  return process.wait();
}
}  // namespace

TEST_CASE("records up to the level are in the file, with running numbers") {
  const Secauditd daemon;
  const auto answer =
      daemon.record({{audit::auth_failed, "wrong key"}, {audit::mm_complete, ""}, {audit::mm_failed, "nobody there"}});
  REQUIRE(answer);
  CHECK(answer->at("accepted") == 3);
  const auto records = daemon.written();
  REQUIRE(events_of(records) == std::vector<std::string>{"auth-failed", "mm-failed"});
  CHECK(records[0].number == 1);
  CHECK(records[1].number == 2);
  CHECK(records[1].text == "Main Mode processing failed with the peer 10.1.0.2: nobody there");
  CHECK(daemon.status().at("records") == 2);
}

TEST_CASE("the status names the file, and the file is for root only") {
  const Secauditd daemon({"--level", "debug", "--max-kilobytes", "7"});
  const auto status = daemon.status();
  CHECK(status.at("level") == "debug");
  CHECK(status.at("max_kilobytes") == 7);
  CHECK(status.at("problem").is_null());
  struct stat file {};
  REQUIRE(::stat(status.at("file").get<std::string>().c_str(), &file) == 0);
  CHECK((file.st_mode & 0777U) == 0600);
  CHECK(daemon.call("daemon.status")->at("audit").at("file") == status.at("file"));
}

TEST_CASE("what was accepted survives a kill, and the numbers go on") {
  Secauditd daemon;
  REQUIRE(daemon.record({{audit::mm_failed, "1"}, {audit::mm_failed, "2"}}));
  daemon.process().send_signal(SIGKILL);
  REQUIRE(daemon.process().wait() == 128 + SIGKILL);
  REQUIRE(std::filesystem::exists(daemon.socket()));  // left behind
  daemon.start();
  REQUIRE(daemon.record({{audit::mm_failed, "3"}}));
  const auto records = daemon.written();
  REQUIRE(records.size() == 3);
  CHECK(records[2].number == 3);
  CHECK_THAT(records[2].text, Catch::EndsWith(": 3"));
}

TEST_CASE("an orderly stop leaves nothing behind and is recorded") {
  Secauditd daemon({"--level", "debug"});
  const auto stop = GENERATE(SIGTERM, SIGINT, 0);
  if (stop == 0) {
    CHECK(daemon.call("daemon.stop"));
  } else {
    daemon.process().send_signal(stop);
  }
  CHECK(daemon.process().wait() == 0);
  CHECK_FALSE(std::filesystem::exists(daemon.socket()));
  CHECK_FALSE(std::filesystem::exists(daemon.pid_file()));
  CHECK(events_of(daemon.written()) == std::vector<std::string>{"daemon-started", "daemon-stopped"});
  CHECK(daemon.errors().empty());
}

TEST_CASE("SIGHUP and audit.rotate begin a new file") {
  Secauditd daemon;
  const auto first = daemon.status().at("file");
  daemon.process().send_signal(SIGHUP);
  Json second = first;
  for (int i = 0; i < 1000 && second == first; ++i) second = daemon.status().at("file");
  CHECK(second != first);
  const auto third = daemon.call("audit.rotate");
  REQUIRE(third);
  CHECK(third->at("file") != second);
  CHECK(daemon.status().at("file") == third->at("file"));
}

TEST_CASE("files are rotated by size, and no record is lost") {
  const Secauditd daemon({"--max-kilobytes", "1"});
  for (int i = 0; i < 10; ++i)
    REQUIRE(daemon.record({{audit::mm_failed, std::string(200, 'x')}, {audit::mm_failed, "short"}}));
  const auto records = daemon.written();
  REQUIRE(records.size() == 20);
  for (std::size_t i = 0; i < 20; ++i) CHECK(records[i].number == i + 1);
  CHECK(std::distance(std::filesystem::directory_iterator(daemon.log_directory()),
                      std::filesystem::directory_iterator()) > 3);
}

TEST_CASE("a file that has room for one record only is not followed by others without end") {
  const test::TemporaryDirectory place;
  const auto deep =
      place / std::string(200, 'd');  // the record about a new file names two, and fills more than half of one
  const Secauditd daemon({"--max-kilobytes", "1", "--level", "debug", "--directory", deep.string()});
  REQUIRE(daemon.call("audit.configure", Json{{"level", "informative"}}));
  for (int i = 0; i < 5; ++i) REQUIRE(daemon.record({{audit::mm_failed, std::string(300, 'x')}}));
  CHECK(daemon.status().at("problem").is_null());
  const auto records = events_of(Secauditd::written_in(deep));
  CHECK(std::count(records.begin(), records.end(), "mm-failed") == 5);
  CHECK(audit_files(deep).size() < 20);
}

TEST_CASE("each change of the settings is applied and recorded") {
  const Secauditd daemon;
  const auto elsewhere = daemon.directory() / "elsewhere";
  const auto answer = daemon.call(
      "audit.configure", Json{{"level", "informative"}, {"directory", elsewhere.string()}, {"max_kilobytes", 50}});
  REQUIRE(answer);
  CHECK(answer->at("level") == "informative");
  CHECK(answer->at("directory") == elsewhere.string());
  REQUIRE(daemon.record({{audit::mm_complete, ""}}));
  const auto records = Secauditd::written_in(elsewhere);
  CHECK(events_of(records) == std::vector<std::string>{"audit-directory-changed", "audit-level-changed",
                                                       "audit-size-changed", "audit-file-opened", "mm-complete"});
  CHECK(records[1].text == "Audit level changed from error to informative");
  CHECK(records[1].level == AuditLevel::alert);
  CHECK(daemon.call("audit.configure", Json::object()));  // nothing changes, nothing is recorded
  CHECK(Secauditd::written_in(elsewhere).size() == 5);
}

TEST_CASE("settings with a mistake change nothing") {
  const Secauditd daemon;
  REQUIRE(replace_file(daemon.directory() / "plain", ""));
  std::filesystem::create_directory_symlink(daemon.directory().path(), daemon.directory() / "link");
  const auto before = daemon.status();
  for (const auto& change :
       {Json{{"level", "loud"}}, Json{{"level", 1}}, Json{{"max_kilobytes", 0}}, Json{{"max_kilobytes", -1}},
        Json{{"max_kilobytes", "100"}}, Json{{"max_kilobytes", 1e9}}, Json{{"max_kilobytes", 1ULL << 40}},
        Json{{"directory", "relative"}}, Json{{"directory", ""}}, Json{{"directory", 7}},
        Json{{"directory", std::string("/tmp\0x", 6)}}, Json{{"directory", (daemon.directory() / "plain").string()}},
        Json{{"directory", (daemon.directory() / "link").string()}}, Json{{"directory", "/proc/nowhere"}},
        Json{{"levl", "debug"}}, Json{{"level", "debug"}, {"max_kilobytes", 0}},
        Json{{"level", "debug"}, {"directory", "/proc/nowhere"}}, Json::array()}) {
    CAPTURE(change.dump());
    CHECK_FALSE(daemon.call("audit.configure", change));
    CHECK(daemon.status() == before);
  }
}

TEST_CASE("who asks for the level hears of its change") {
  const Secauditd daemon;
  CHECK(daemon.call("audit.level")->at("level") == "error");
  CHECK(daemon.call("audit.level", Json{{"known", "debug"}})->at("level") == "error");
  auto waiting = daemon.client();
  CHECK(waiting.call("audit.level", Json{{"known", "error"}}, Duration(100)).error().code == ErrorCode::timed_out);
  Result<Json> told = Error{};
  std::thread asking([&] { told = daemon.client().call("audit.level", Json{{"known", "error"}}, long_enough); });
  std::this_thread::sleep_for(Duration(100));
  REQUIRE(daemon.call("audit.configure", Json{{"level", "warning"}}));
  asking.join();
  REQUIRE(told);
  CHECK(told->at("level") == "warning");
}

TEST_CASE("a second instance is refused") {
  const Secauditd daemon;
  CHECK(run_refused(daemon, {"--root", daemon.directory().path().string()}) == 1);
  CHECK_THAT(daemon.errors(), Catch::Contains("another instance runs already"));
  CHECK(daemon.call("rpc.ping"));
}

TEST_CASE("wrong usage is exit status 2, with the reason") {
  const Secauditd daemon;
  const test::TemporaryDirectory other;
  const auto root = other.path().string();
  CHECK(run_refused(daemon, {"--root", root, "--level", "eror"}) == 2);
  CHECK_THAT(daemon.errors(), Catch::Contains("did you mean \"error\""));
  CHECK(run_refused(daemon, {"--root", root, "--max-kilobytes", "0"}) == 2);
  CHECK(run_refused(daemon, {"--root", root, "--max-kilobytes", "many"}) == 2);
  CHECK(run_refused(daemon, {"--unknown"}) == 2);
  CHECK(run_refused(daemon, {"surplus"}) == 2);
  CHECK(run_refused(daemon, {"--root", root, "--directory", "/proc/nowhere"}) == 1);
}

TEST_CASE("a full disk is announced, loses nothing and is recovered from") {
  Secauditd daemon;
  const auto console = daemon.directory() / "dev/console";
  REQUIRE(make_directory(console.parent_path(), 0700));
  REQUIRE(replace_file(console, ""));
  REQUIRE(daemon.record({{audit::mm_failed, "before"}}));
  const auto size = daemon.status().at("size").get<rlim_t>();
  rlimit before{};
  const rlimit limit{size + 100, RLIM_INFINITY};
  REQUIRE(::prlimit(daemon.process().pid(), RLIMIT_FSIZE, &limit, &before) == 0);
  const auto refused = daemon.record({{audit::mm_failed, std::string(500, 'x')}, {audit::mm_failed, "y"}});
  REQUIRE(refused);
  CHECK(refused->at("accepted") == 0);
  CHECK(daemon.status().at("problem").is_string());
  REQUIRE(::prlimit(daemon.process().pid(), RLIMIT_FSIZE, &before, nullptr) == 0);
  Json status;
  for (int i = 0; i < 500; ++i) {  // by itself: nobody sends
    status = daemon.status();
    if (status.at("problem").is_null()) break;
    std::this_thread::sleep_for(Duration(10));
  }
  CHECK(status.at("problem").is_null());
  REQUIRE(daemon.record({{audit::mm_failed, "after"}}));
  CHECK(events_of(daemon.written()) == std::vector<std::string>{"mm-failed", "audit-file-full", "mm-failed"});
  CHECK_THAT(daemon.errors(), Catch::Contains("records cannot be written"));
  CHECK_THAT(daemon.errors(), Catch::Contains("records are written again"));
  CHECK(read_file(console).value_or("") == daemon.errors());
}

TEST_CASE("a line torn by a crash is mended, and the chain goes on over it") {
  Secauditd daemon;
  REQUIRE(daemon.record({{audit::mm_failed, "1"}, {audit::mm_failed, "2"}}));
  const std::filesystem::path torn = daemon.status().at("file").get<std::string>();
  daemon.process().send_signal(SIGKILL);
  REQUIRE(daemon.process().wait() == 128 + SIGKILL);
  std::ofstream(torn, std::ios::app) << R"({"event":"mm-failed","fie)";
  daemon.start();
  REQUIRE(daemon.record({{audit::mm_failed, "3"}}));
  const auto records = daemon.written();
  CHECK(events_of(records) == std::vector<std::string>{"mm-failed", "mm-failed", "audit-file-mended", "mm-failed"});
  for (const auto& file : audit_files(daemon.log_directory())) CHECK(verify_audit_file(file, {})->faults == 0);
}

TEST_CASE("old files go when that is asked for, which the trail tells, and it is still whole") {
  Secauditd daemon({"--max-kilobytes", "1"});
  for (int i = 0; i < 20; ++i) REQUIRE(daemon.record({{audit::mm_failed, std::string(200, 'x')}}));
  const auto before = audit_files(daemon.log_directory());
  REQUIRE(before.size() > 6);
  for (const auto& wrong_order :
       {Json::object(), Json{{"keep_files", 0}}, Json{{"keep_days", -1}}, Json{{"keep_files", "1"}},
        Json{{"keep_files", 1}, {"keep_days", 1}}, Json{{"keep_files", 1ULL << 40}}, Json::array()})
    CHECK_FALSE(daemon.call("audit.prune", wrong_order));
  CHECK(daemon.call("audit.prune", Json{{"keep_days", 1}})->at("removed").empty());
  CHECK(audit_files(daemon.log_directory()) == before);

  const auto answer = daemon.call("audit.prune", Json{{"keep_files", 3}});
  REQUIRE(answer);
  CHECK(answer->at("removed").size() == before.size() - 3);
  CHECK(answer->at("kept") == 3);
  const auto after = audit_files(daemon.log_directory());
  CHECK(after.front() == before[before.size() - 3]);
  const auto records = daemon.written();
  const auto told = std::find_if(records.begin(), records.end(),
                                 [](const AuditRecord& record) { return record.event == "audit-pruned"; });
  REQUIRE(told != records.end());
  CHECK(told->level == AuditLevel::alert);
  CHECK(told->number > answer->at("number").get<std::uint64_t>());
  const auto verdict = verify_audit_file(after.front(), {});
  REQUIRE(verdict);
  CHECK(verdict->faults == 0);
  REQUIRE(verdict->remarks.size() == 1);
  CHECK(verdict->remarks[0] ==
        "the files before it were removed on request, which record " + std::to_string(told->number) + " tells");
  for (const auto& file : after) CHECK(verify_audit_file(file, {})->faults == 0);
  // What somebody else takes away is another thing.
  std::filesystem::remove(after.front());
  const auto second = verify_audit_file(after[1], {});
  REQUIRE(second->remarks.size() >= 1);
  CHECK_THAT(second->remarks[0], Catch::StartsWith("the file before it is not there"));
}

TEST_CASE("old files go from a full disk too, and the record of it is written when there is room") {
  Secauditd daemon({"--max-kilobytes", "1"});
  for (int i = 0; i < 10; ++i) REQUIRE(daemon.record({{audit::mm_failed, std::string(200, 'x')}}));
  rlimit before{};
  const rlimit limit{1, RLIM_INFINITY};
  REQUIRE(::prlimit(daemon.process().pid(), RLIMIT_FSIZE, &limit, &before) == 0);
  REQUIRE(daemon.call("audit.prune", Json{{"keep_files", 1}}));
  CHECK(audit_files(daemon.log_directory()).size() <= 2);  // the one in use, and perhaps one that was begun
  REQUIRE(::prlimit(daemon.process().pid(), RLIMIT_FSIZE, &before, nullptr) == 0);
  REQUIRE(daemon.record({{audit::mm_failed, "after"}}));
  const auto events = events_of(daemon.written());
  CHECK(std::count(events.begin(), events.end(), "audit-pruned") == 1);
}

TEST_CASE("the status tells where the trail ends, so that a cut end is found") {
  Secauditd daemon;
  REQUIRE(daemon.record({{audit::mm_failed, "1"}, {audit::mm_failed, "2"}}));
  const auto status = daemon.status();
  const std::filesystem::path file = status.at("file").get<std::string>();
  const AuditPosition end{status.at("last_number").get<std::uint64_t>(), status.at("chain").get<std::string>()};
  CHECK(end.number == 2);
  CHECK(verify_audit_file(file, {}, end)->faults == 0);
  const auto content = *read_file(file);
  std::filesystem::resize_file(file, content.find('\n') + 1);
  CHECK(verify_audit_file(file, {}, end)->faults == 1);
}
