// A daemon that answers what a test tells it, on a real socket, in a thread of its own.
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/files.hpp"
#include "base/json_fwd.hpp"

namespace ipsec9000::test {

class FakeDaemon {
 public:
  // What goes out for a request, without its newline; nothing: silence. "\x04": the connection is closed.
  using Behaviour = std::function<std::string(const std::string& method, const Json& params, const Json& id)>;
  FakeDaemon(const std::filesystem::path& socket, Behaviour behaviour);
  ~FakeDaemon();
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  std::vector<std::string> calls();  // "method params", in order

 private:
  void serve();
  void serve_client(int fd);
  FileDescriptor listener_;
  Behaviour behaviour_;
  std::filesystem::path path_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::vector<std::string> calls_;
  std::vector<std::thread> clients_;
  std::thread thread_;
};

std::string result(const Json& id, const Json& value);
std::string error(const Json& id, const std::string& code, const std::string& text);

// Answers by method; "rpc.ping" is there; any other unknown method is an error.
FakeDaemon::Behaviour answers(std::map<std::string, std::string> results_as_json);

}  // namespace ipsec9000::test
