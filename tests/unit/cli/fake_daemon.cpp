#include "fake_daemon.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "ipc/message.hpp"
#include "ipc/unix_socket.hpp"

namespace ipsec9000::test {

namespace {
bool readable(int fd) {
  pollfd ready{fd, POLLIN, 0};
  return ::poll(&ready, 1, 20) > 0;
}

void send_all(int fd, std::string_view bytes, const std::atomic<bool>& stop) {
  while (!bytes.empty() && !stop) {
    pollfd ready{fd, POLLOUT, 0};
    if (::poll(&ready, 1, 20) <= 0) continue;
    const auto count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}
}  // namespace

FakeDaemon::FakeDaemon(const std::filesystem::path& socket, Behaviour behaviour)
    : behaviour_(std::move(behaviour)), path_(socket) {
  std::filesystem::create_directories(socket.parent_path());
  auto listener = ipc::listen_unix(socket);
  if (!listener) throw std::runtime_error(listener.error().text);
  listener_ = std::move(*listener);
  thread_ = std::thread([this] { serve(); });
}

FakeDaemon::~FakeDaemon() {
  stop_ = true;
  thread_.join();
  for (auto& client : clients_) client.join();
  ::unlink(path_.c_str());
}

std::vector<std::string> FakeDaemon::calls() {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void FakeDaemon::serve() {
  while (!stop_) {
    if (!readable(listener_.get())) continue;
    const int fd = ::accept(listener_.get(), nullptr, nullptr);
    if (fd >= 0) clients_.emplace_back([this, fd] { serve_client(fd); });
  }
}

void FakeDaemon::serve_client(int fd) {
  const FileDescriptor client(fd);
  std::string input;
  std::array<char, 4096> chunk{};
  while (!stop_) {
    if (!readable(fd)) continue;
    const auto count = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (count <= 0) return;
    input.append(chunk.data(), static_cast<std::size_t>(count));
    for (auto end = input.find('\n'); end != std::string::npos; end = input.find('\n')) {
      const auto message = ipc::decode(input.substr(0, end));
      input.erase(0, end + 1);
      const auto* request = std::get_if<ipc::Request>(&message);
      if (request == nullptr) return;
      {
        const std::lock_guard lock(mutex_);
        calls_.push_back(request->method + " " + request->params.dump());
      }
      const auto answer = behaviour_(request->method, request->params, request->id);
      if (answer == "\x04") return;
      if (!answer.empty()) send_all(fd, answer + "\n", stop_);
    }
  }
}

std::string result(const Json& id, const Json& value) { return ipc::encode_result(id, value); }

std::string error(const Json& id, const std::string& code, const std::string& text) {
  return Json{
      {"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", -32000}, {"message", text}, {"data", {{"code", code}}}}}}
      .dump();
}

FakeDaemon::Behaviour answers(std::map<std::string, std::string> results_as_json) {
  return [results = std::move(results_as_json)](const std::string& method, const Json&, const Json& id) {
    if (method == "rpc.ping") return result(id, Json::object());
    const auto found = results.find(method);
    if (found == results.end()) return error(id, "unsupported", "no method " + method);
    return result(id, Json::parse(found->second));
  };
}

}  // namespace ipsec9000::test
