#include "fetch/child.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/free_by.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"
#include "fetch/cmp.hpp"
#include "fetch/fetch.hpp"

namespace ipsec9000::fetch {

namespace {
constexpr std::size_t ocsp_maximum = std::size_t{64} * 1024;
constexpr std::size_t reason_maximum = 300;

std::string numeric(const sockaddr* address, socklen_t length) {
  char text[INET6_ADDRSTRLEN + 16] = {};
  return ::getnameinfo(address, length, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0 ? text : "";
}

// Which way packets to that server would take; nothing is sent for it.
void add_route(Json& out, const std::string& url) {
  const auto server = server_of(url);
  if (!server) return;
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(server->host.c_str(), std::to_string(server->port).c_str(), &hints, &found) != 0) return;
  const std::unique_ptr<addrinfo, FreeBy<freeaddrinfo>> addresses(found);
  out["remote"] = numeric(found->ai_addr, found->ai_addrlen);
  out["port"] = server->port;
  const FileDescriptor socket(::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage local{};
  socklen_t length = sizeof local;
  if (socket && ::connect(socket.get(), found->ai_addr, found->ai_addrlen) == 0 &&
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&local), &length) == 0)
    out["local"] = numeric(reinterpret_cast<const sockaddr*>(&local), length);
}

void write_all(const void* data, std::size_t size) {
  const auto* at = static_cast<const char*>(data);
  while (size > 0) {
    const auto written = ::write(STDOUT_FILENO, at, size);
    if (written <= 0) return;
    at += written;
    size -= static_cast<std::size_t>(written);
  }
}

Secret read_request() {
  Bytes bytes(request_maximum);
  std::size_t size = 0;
  while (size < bytes.size()) {
    const auto length = ::read(STDIN_FILENO, bytes.data() + size, bytes.size() - size);
    if (length <= 0) break;
    size += static_cast<std::size_t>(length);
  }
  bytes.resize(size);
  return Secret::adopt(std::move(bytes));
}

std::string text_in(const Json& request, const char* name) {
  const auto found = request.find(name);
  return found != request.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<Bytes> do_task(const Json& request) {
  const auto task = text_in(request, "task");
  const auto url = text_in(request, "url");
  if (task == "crl") return fetch_crl(url);
  if (task == "ca") return fetch_authorities(url);
  if (task == "renew") return renew(request);
  if (task != "ocsp") return Error{ErrorCode::unsupported, "no such task"};
  const auto body = from_hex(text_in(request, "request_hex"));
  if (!body) return Error{ErrorCode::invalid_input, "no request"};
  return http_post(url, *body, "application/ocsp-request", "application/ocsp-response", ocsp_maximum);
}

std::string field(const Json& from, const char* name) {
  return escape_control(text_in(from, name).substr(0, reason_maximum));
}
}  // namespace

Failure failure_from(ByteView answer) {
  Failure failure;
  const auto read = Json::parse(answer.begin(), answer.end(), nullptr, false);
  if (!read.is_object()) return {"no answer in " + std::to_string(fetch_seconds) + " s", true, "", "", 0};
  failure.reason = field(read, "reason");
  failure.local = field(read, "local");
  failure.remote = field(read, "remote");
  const auto unreachable = read.find("unreachable");
  failure.unreachable = unreachable != read.end() && *unreachable == true;
  if (const auto port = read.find("port"); port != read.end() && port->is_number_unsigned())
    failure.port = static_cast<std::uint16_t>(port->get<std::uint64_t>());
  return failure;
}

int child_main() {
  ::alarm(fetch_seconds + 5);
  const rlimit memory{512UL << 20, 512UL << 20};
#ifndef IPSEC9000_SANITIZED
  ::setrlimit(RLIMIT_AS, &memory);
#endif
  static_cast<void>(memory);
  const auto given = read_request();
  const auto request = Json::parse(given.view().begin(), given.view().end(), nullptr, false);
  if (!request.is_object()) return 2;
  const auto answer = do_task(request);
  if (answer) {
    write_all("A", 1);
    write_all(answer->data(), answer->size());
    return 0;
  }
  const bool unreachable = answer.error().code == ErrorCode::io || answer.error().code == ErrorCode::timed_out;
  Json failure{{"reason", answer.error().text.substr(0, reason_maximum)}, {"unreachable", unreachable}};
  if (unreachable) add_route(failure, text_in(request, "url"));
  const auto text = "E" + failure.dump(-1, ' ', true, Json::error_handler_t::replace);
  write_all(text.data(), text.size());
  return 1;
}

}  // namespace ipsec9000::fetch
