#include "suite.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "base/files.hpp"
#include "host.hpp"

namespace ipsec9000::bench {

namespace fs = std::filesystem;

Suite::Suite()
    : root_(make_directory()), sbin_(fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "sbin") {
  if (!fs::exists(sbin_ / "ipsec_admin")) {
    std::cerr << "the programs are missing in " << sbin_ << ": build them too\n";
    std::exit(1);
  }
  write("password", "a password for measuring");
  tool("ipsec_admin -newpasswd --new-password-file " + (root_ / "password").string() + " >/dev/null");
}

Suite::~Suite() {
  stop();
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

void Suite::configure(const std::string& text) {
  fs::create_directories(root_ / "etc/ipsec9000");
  write("etc/ipsec9000/ipsec.json", text);
}

void Suite::start() { tool("ipsec_admin -start --password-file " + (root_ / "password").string() + " >/dev/null"); }
void Suite::stop() { tool("ipsec_admin -stop >/dev/null"); }

void Suite::tool(const std::string& words) const {
  run("IPSEC9000_ROOT=" + root_.string() + " " + (sbin_ / words).string());
}

fs::path Suite::socket(const std::string& daemon) const { return Paths{root_}.socket(daemon); }

fs::path Suite::make_directory() {
  std::string name = (fs::temp_directory_path() / "ipsec9000-bench.XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::exit(1);
  return name;
}

void Suite::write(const std::string& name, const std::string& text) const {
  if (const auto done = replace_file(root_ / name, text); !done) {
    std::cerr << done.error().text << "\n";
    std::exit(1);
  }
}

}  // namespace ipsec9000::bench
