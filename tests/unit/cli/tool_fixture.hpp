// A root directory of its own, tools called in this process.
#pragma once
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/common/program.hpp"
#include "fake_daemon.hpp"

namespace ipsec9000::test {

namespace fs = std::filesystem;

struct ToolFixture {
  ToolFixture() {
    std::string name = (fs::temp_directory_path() / "ipsec9000-cli-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    root = name;
    paths.root = root;
  }
  ~ToolFixture() {
    std::error_code ignored;
    fs::remove_all(root, ignored);
  }
  ToolFixture(const ToolFixture&) = delete;
  ToolFixture& operator=(const ToolFixture&) = delete;

  int run(const cli::Tool& tool, const cli::Body& body, std::vector<std::string> typed) {
    typed.insert(typed.end(), {"--root", root.string()});
    out.str("");
    err.str("");
    return cli::run_tool(tool, typed, out, err, body);
  }
  int admin(std::vector<std::string> typed) { return run(cli::ipsec_admin_tool(), cli::ipsec_admin, std::move(typed)); }
  int report(std::vector<std::string> typed) {
    return run(cli::ipsec_report_tool(), cli::ipsec_report, std::move(typed));
  }
  int policy(std::vector<std::string> typed) {
    return run(cli::ipsec_policy_tool(), cli::ipsec_policy, std::move(typed));
  }
  int mgr(std::vector<std::string> typed) { return run(cli::ipsec_mgr_tool(), cli::ipsec_mgr, std::move(typed)); }

  Json document() const { return Json::parse(out.str()); }
  bool err_has(const std::string& text) const { return err.str().find(text) != std::string::npos; }
  bool out_has(const std::string& text) const { return out.str().find(text) != std::string::npos; }

  std::string file(const std::string& name, const std::string& content, fs::perms mode = fs::perms(0600)) const {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name) << content;
    fs::permissions(root / name, mode);
    return (root / name).string();
  }

  fs::path root;
  Paths paths;
  std::ostringstream out;
  std::ostringstream err;
};

inline constexpr const char* sad_page = R"({"items": [
 {"spi": "001fe472", "protocol": "esp", "state": "mature", "source": "10.1.0.1", "destination": "10.1.0.2", "mode": "transport",
  "encryption": "AES128-CBC", "authentication": "HMAC-SHA256", "policy": "telnet_in", "direction": "out",
  "selector": {"protocol": "tcp", "source_port": 0, "destination_port": 23, "source": "10.1.0.1", "destination": "10.1.0.2"},
  "bytes": 4200, "packets": 42, "age": 17, "soft": {"seconds": 25920, "kilobytes": 0}, "hard": {"seconds": 28800, "kilobytes": 64}, "reqid": 7},
 {"spi": "0000c0de", "protocol": "esp", "state": "mature", "source": "10.1.0.2", "destination": "10.1.0.1", "mode": "transport",
  "encryption": "AES128-CBC", "authentication": "HMAC-SHA256", "policy": "telnet_in", "direction": "in",
  "selector": {"protocol": "tcp", "source_port": 23, "destination_port": 0, "source": "10.1.0.2", "destination": "10.1.0.1"},
  "bytes": 0, "packets": 0, "age": 17, "soft": {"seconds": 25920, "kilobytes": 0}, "hard": {"seconds": 28800, "kilobytes": 64}, "reqid": 7}
], "next": null})";

inline constexpr const char* empty_page = R"({"items": [], "next": null})";

}  // namespace ipsec9000::test
