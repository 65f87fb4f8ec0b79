// The real secauditd below a root of its own.
#pragma once
#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "audit/file.hpp"
#include "base/files.hpp"
#include "ipc/client.hpp"
#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"

namespace ipsec9000::test {

constexpr Duration long_enough{20000};

class Secauditd {
 public:
  explicit Secauditd(std::vector<std::string> options = {}) : options_(std::move(options)) { start(); }

  // Back when it answers and its record of its own start lies behind it, which a level set meanwhile would let in.
  void start() {
    auto arguments = options_;
    arguments.insert(arguments.begin(), {"--root", directory_.path().string()});
    process_ = std::make_unique<ChildProcess>(SECAUDITD, arguments, errors_file());
    for (int i = 0; i < 1000; ++i) {
      auto attempt = ipc::Client::connect(socket(), long_enough);
      const auto status = attempt ? attempt->call("daemon.status", Json::object(), long_enough) : attempt.error();
      if (status && status->at("audit_queued") == 0) return;
      std::this_thread::sleep_for(Duration(10));
    }
    FAIL("secauditd does not start: " << errors());
  }

  ipc::Client client() const {
    auto connection = ipc::Client::connect(socket(), long_enough);
    REQUIRE(connection);
    return std::move(*connection);
  }
  Result<Json> call(const std::string& method, const Json& params = Json::object()) const {
    return client().call(method, params, long_enough);
  }

  // Sends records of these events with these reasons.
  Result<Json> record(const std::vector<std::pair<AuditEvent, std::string>>& events) const {
    Json records = Json::array();
    for (const auto& [event, reason] : events) {
      auto record = make_record(event, {{"reason", reason}, {"remote", "10.1.0.2"}});
      record.from = "test";
      records.push_back(to_json(record));
    }
    return call("audit.record", Json{{"records", records}});
  }

  // All records of all files, in the order of their numbers.
  std::vector<AuditRecord> written() const { return written_in(log_directory()); }
  static std::vector<AuditRecord> written_in(const std::filesystem::path& directory) {
    std::vector<AuditRecord> records;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      const auto summary = read_audit_file(entry.path(), [&](const AuditRecord& record) { records.push_back(record); });
      REQUIRE(summary);
      CHECK(summary->broken == 0);
    }
    std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
    return records;
  }

  Json status() const { return call("audit.status").value_or(Json()); }
  ChildProcess& process() { return *process_; }
  const TemporaryDirectory& directory() const { return directory_; }
  std::filesystem::path socket() const { return Paths{directory_.path()}.socket("secauditd"); }
  std::filesystem::path pid_file() const { return Paths{directory_.path()}.pid_file("secauditd"); }
  std::filesystem::path log_directory() const { return Paths{directory_.path()}.log_directory(); }
  std::filesystem::path errors_file() const { return directory_ / "errors"; }
  std::string errors() const { return read_file(errors_file()).value_or(""); }

 private:
  TemporaryDirectory directory_;
  std::vector<std::string> options_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace ipsec9000::test
