#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/files.hpp"
#include "benchmarks.hpp"
#include "configurations.hpp"
#include "host.hpp"

namespace ipsec9000::bench {

namespace {
namespace fs = std::filesystem;

// The suite on a host and a directory of its own.
class Suite {
 public:
  Suite() : root_(make_directory()), sbin_(fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "sbin") {
    if (!fs::exists(sbin_ / "ipsec_admin")) {
      std::cerr << "the programs are missing in " << sbin_ << ": build them too\n";
      std::exit(1);
    }
    write("password", "a password for measuring");
    tool("ipsec_admin -newpasswd --new-password-file " + (root_ / "password").string() + " >/dev/null");
  }
  ~Suite() {
    stop();
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  Suite(const Suite&) = delete;
  Suite& operator=(const Suite&) = delete;

  void configure(const std::string& text) {
    fs::create_directories(root_ / "etc/ipsec9000");
    write("etc/ipsec9000/ipsec.json", text);
  }
  void start() { tool("ipsec_admin -start --password-file " + (root_ / "password").string() + " >/dev/null"); }
  void stop() { tool("ipsec_admin -stop >/dev/null"); }
  void tool(const std::string& words) const {
    run("IPSEC9000_ROOT=" + root_.string() + " " + (sbin_ / words).string());
  }

 private:
  static fs::path make_directory() {
    std::string name = (fs::temp_directory_path() / "ipsec9000-bench.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::exit(1);
    return name;
  }
  void write(const std::string& name, const std::string& text) const {
    if (const auto done = replace_file(root_ / name, text); !done) {
      std::cerr << done.error().text << "\n";
      std::exit(1);
    }
  }

  fs::path root_;
  fs::path sbin_;
};

// `ipsec_admin -start` until it says that the policies are in the kernel and UDP 500 is bound.
void start(benchmark::State& state) {
  Suite suite;
  suite.configure(configuration_text(Kind::exact, static_cast<std::size_t>(state.range(0))));
  for (auto _ : state) {
    suite.start();
    state.PauseTiming();
    suite.stop();
    state.ResumeTiming();
  }
}

// A whole ipsec_policy process, from the shell's fork to its answer.
void ask(benchmark::State& state) {
  Suite suite;
  suite.configure(configuration_text(Kind::exact, static_cast<std::size_t>(state.range(0))));
  suite.start();
  for (auto _ : state)
    suite.tool("ipsec_policy -sa 10.9.0.1 -sp 40000 -da 11.0.0.50 -dp 23 -p tcp -dir out >/dev/null");
}

// A whole `ipsec_admin -reload` after one policy of the file was changed.
void reload(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Suite suite;
  suite.configure(configuration_text(Kind::exact, count));
  suite.start();
  const auto one = configuration_text(Kind::exact, count);
  const auto two = configuration_text(Kind::exact, count, count / 2);
  bool second = false;
  for (auto _ : state) {
    state.PauseTiming();
    second = !second;
    suite.configure(second ? two : one);
    state.ResumeTiming();
    suite.tool("ipsec_admin -reload >/dev/null");
  }
}

void add(const char* name, void (*measure)(benchmark::State&)) {
  benchmark::RegisterBenchmark(name, measure)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->ArgsProduct({{100, 1'000, 10'000, 100'000}});
}
}  // namespace

void register_programs() {
  add("start", start);
  add("ipsec_policy", ask);
  add("reload", reload);
}

}  // namespace ipsec9000::bench
