#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <iostream>
#include <thread>

#include "base/files.hpp"
#include "benchmarks.hpp"
#include "configurations.hpp"
#include "host.hpp"
#include "policy/compile.hpp"
#include "suite.hpp"

namespace ipsec9000::bench {

namespace {
using Clock = std::chrono::steady_clock;
double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// Asks secpolicyd again and again which policy is for a packet: the longest wait is how long it was held up at most.
class Asker {
 public:
  explicit Asker(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    socket_ = FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail();
    thread_ = std::thread([this] {
      while (!ended_) {
        const auto begin = Clock::now();
        ask();
        longest_ = std::max(longest_, milliseconds_since(begin));
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    });
  }
  ~Asker() { (void)end(); }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  double end() {  // the longest wait, in milliseconds
    ended_ = true;
    if (thread_.joinable()) thread_.join();
    return longest_;
  }

 private:
  void ask() const {
    const std::string request =
        R"({"jsonrpc":"2.0","id":1,"method":"policy.query","params":{"source":"10.9.0.1","source_port":40000,)"
        R"("destination":"11.0.0.50","destination_port":23,"protocol":"tcp","direction":"out"}})"
        "\n";
    if (::write(socket_.get(), request.data(), request.size()) != static_cast<ssize_t>(request.size())) fail();
    std::array<char, 4096> answer{};
    while (true) {
      const auto size = ::read(socket_.get(), answer.data(), answer.size());
      if (size <= 0) fail();
      if (answer[static_cast<std::size_t>(size) - 1] == '\n') return;
    }
  }
  [[noreturn]] static void fail() {
    std::cerr << "secpolicyd cannot be asked\n";
    std::exit(1);
  }

  FileDescriptor socket_;
  std::atomic<bool> ended_ = false;
  double longest_ = 0;
  std::thread thread_;
};

std::size_t policies_in(Kernel& kernel) {
  const auto info = kernel.spd_info();
  return info ? std::size_t{info->in} + info->out + info->forward : 0;
}

// From the disturbance by another program until the kernel holds as many policies as before.
template <class Disturb>
void repair(benchmark::State& state, Disturb disturb) {
  Suite suite;
  suite.configure(configuration_text(Kind::exact, static_cast<std::size_t>(state.range(0))));
  suite.start();
  const auto kernel = open_kernel();
  const auto all = policies_in(*kernel);
  double longest = 0;
  for (auto _ : state) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));  // what followed the last one is over
    Asker asker(suite.socket("secpolicyd"));
    disturb(*kernel);
    const auto begin = Clock::now();
    while (policies_in(*kernel) < all) {
      if (milliseconds_since(begin) > 60'000) return state.SkipWithError("not repaired");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    state.SetIterationTime(milliseconds_since(begin) / 1000);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    longest = std::max(longest, asker.end());
  }
  state.counters["entries"] = static_cast<double>(all);
  state.counters["longest_wait_ms"] = longest;
}

void repair_one(benchmark::State& state) {
  repair(state, [](Kernel& kernel) {
    const PolicyKey key{
        {*Prefix::parse("10.9.0.1/32"), *Prefix::parse("11.0.0.50/32"), IpProtocol::tcp, {}, PortMask::one(23)},
        PolicyDirection::out,
        policy_owner};
    if (!kernel.delete_policy(key)) std::exit(1);
  });
}

void repair_flush(benchmark::State& state) {
  repair(state, [](Kernel&) { run("ip xfrm policy flush"); });
}

void add(const char* name, void (*measure)(benchmark::State&)) {
  benchmark::RegisterBenchmark(name, measure)
      ->Unit(benchmark::kMillisecond)
      ->UseManualTime()
      ->Iterations(5)
      ->ArgsProduct({{100, 1'000, 10'000, 100'000}});
}
}  // namespace

void register_repairs() {
  add("repair_one", repair_one);
  add("repair_flush", repair_flush);
}

}  // namespace ipsec9000::bench
