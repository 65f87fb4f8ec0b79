#include "suite.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
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
  guard_.begin("IPSEC9000_ROOT=" + root_.string() + " " + (sbin_ / "ipsec_admin").string() + " -stop", root_.string());
  write("password", "a password for measuring");
  tool("ipsec_admin -newpasswd --new-password-file " + (root_ / "password").string() + " >/dev/null");
}

Suite::~Suite() {
  stop();
  guard_.dismiss();
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

// Its end of the pipe closes when this process ends, however it ends. A start that is under way meanwhile outlives the
// first stop, hence the second.
void Suite::Guard::begin(const std::string& stop, const std::string& directory) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::exit(1);
  const std::string words =
      "trap '' HUP INT TERM; read dismissed && exit; " + stop + "; sleep 10; " + stop + "; rm -rf " + directory;
  process_ = ::fork();
  if (process_ == 0) {
    ::setsid();
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(ends[0], STDIN_FILENO);
    ::dup2(nothing, STDOUT_FILENO);
    ::dup2(nothing, STDERR_FILENO);
    ::execl("/bin/sh", "sh", "-c", words.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[0]);
  alive_ = FileDescriptor(ends[1]);
}

void Suite::Guard::dismiss() {
  if (process_ <= 0) return;
  if (::write(alive_.get(), "\n", 1) == 1) ::waitpid(process_, nullptr, 0);
  process_ = -1;
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
fs::path Suite::log_directory() const { return Paths{root_}.log_directory(); }
fs::path Suite::pid_file(const std::string& daemon) const { return Paths{root_}.pid_file(daemon); }

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
