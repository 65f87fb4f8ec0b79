#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <memory>

#include "base/files.hpp"
#include "base/free_by.hpp"
#include "fetch/fetch.hpp"
#include "fetch/reasons.hpp"

namespace ipsec9000::fetch {

namespace {
constexpr int connect_milliseconds = 2000;

Result<void> connect_to(const addrinfo& address) {
  const FileDescriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_error("a socket");
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return system_error("connecting");
  pollfd waiting{socket.get(), POLLOUT, 0};
  if (::poll(&waiting, 1, connect_milliseconds) == 0) return Error{ErrorCode::timed_out, "connecting: no answer"};
  int code = 0;
  socklen_t size = sizeof code;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0) return system_error("connecting");
  return code == 0 ? Result<void>() : system_error("connecting", code);
}

Result<void> check_reachable(const std::string& url) {
  const auto server = server_of(url);
  if (!server) return server.error();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(server->host.c_str(), std::to_string(server->port).c_str(), &hints, &found);
  if (code != 0) return Error{ErrorCode::io, server->host + ": " + ::gai_strerror(code)};
  const std::unique_ptr<addrinfo, FreeBy<freeaddrinfo>> addresses(found);
  Result<void> last = Error{ErrorCode::io, "no address"};
  for (const auto* each = found; each != nullptr && !last; each = each->ai_next) last = connect_to(*each);
  return last;
}
}  // namespace

Error explained(Error error, const std::string& url) {
  if (error.code != ErrorCode::io) return error;
  const auto reachable = check_reachable(url);
  return reachable ? error : reachable.error();
}

}  // namespace ipsec9000::fetch
