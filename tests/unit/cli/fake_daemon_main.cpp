// secauditd, secpolicyd or ikpmd by the name it was copied to. Notes each call in ROOT/calls. ROOT/NAME.mode changes
// what it does: "fail" ends at once with words, "unready" never becomes ready, "hang" never answers, "wrong-password".
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "fake_daemon.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
std::string first_word(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string word;
  in >> word;
  return word;
}

void note(const std::filesystem::path& root, const std::string& line) {
  const FileDescriptor file(::open((root / "calls").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600));
  const auto text = line + "\n";
  if (::write(file.get(), text.data(), text.size()) < 0) std::perror("calls");
}
}  // namespace

int main(int argc, char** argv) {
  const auto name = std::filesystem::path(argv[0]).filename().string();
  std::filesystem::path root;
  std::string options;
  for (int n = 1; n < argc; ++n) {
    if (std::strcmp(argv[n], "--root") == 0 && n + 1 < argc)
      root = argv[++n];
    else
      options += std::string(" ") + argv[n];
  }
  if (root.empty()) return 2;
  const auto mode = first_word(root / (name + ".mode"));
  note(root, name + options);
  if (options == " --withdraw" || options == " --flush") return 0;
  if (mode == "fail") {
    std::fprintf(stderr, "%s: it is raining\n", name.c_str());
    return 1;
  }
  const Paths paths{root};
  std::filesystem::create_directories(paths.run_directory());
  const FileDescriptor pid_file(::open(paths.pid_file(name).c_str(), O_RDWR | O_CREAT, 0644));
  if (::flock(pid_file.get(), LOCK_EX | LOCK_NB) != 0) return 1;
  const auto pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(pid_file.get(), 0) != 0 || ::write(pid_file.get(), pid.data(), pid.size()) < 0) return 1;

  std::atomic<bool> stop = false;
  std::atomic<bool> locked = true;
  {
    FakeDaemon daemon(paths.socket(name), [&](const std::string& method, const Json&, const Json& id) -> std::string {
      if (mode == "hang") return "";
      if (method != "rpc.ping" && !method.ends_with(".status")) note(root, name + " " + method);
      if (method == "daemon.stop") stop = true;
      if (method == "keystore.unlock") {
        if (mode == "wrong-password") return error(id, "not-permitted", "wrong password");
        locked = false;
      }
      const bool ready = mode != "unready";
      if (method == "policy.status")
        return result(id, Json{{"protected", ready}, {"kernel", "up"}, {"in_step", true}, {"problems", Json::array()}});
      if (method == "ike.status")
        return result(id, Json{{"ready", ready && !locked}, {"keystore", locked ? "locked" : "open"}});
      return result(id, Json::object());
    });
    while (!stop) ::usleep(5000);
    ::usleep(20'000);  // for the answer to go out
  }
  ::unlink(paths.pid_file(name).c_str());
  return 0;
}
