// Somebody else who wants something of secpolicyd while it is busy.
#pragma once
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>

#include "base/files.hpp"

namespace ipsec9000::bench {

using Clock = std::chrono::steady_clock;
inline double milliseconds_since(Clock::time_point begin) {
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

}  // namespace ipsec9000::bench
