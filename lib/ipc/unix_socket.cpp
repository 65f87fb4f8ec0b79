#include "ipc/unix_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ipsec9000::ipc {

namespace fs = std::filesystem;

namespace {

// sun_path has 108 bytes and --root may be longer: then the directory is opened and named by its descriptor.
struct Address {
  sockaddr_un value{};
  FileDescriptor directory;
  const sockaddr* pointer() const { return reinterpret_cast<const sockaddr*>(&value); }
  static constexpr socklen_t size = sizeof(sockaddr_un);
};

Result<Address> address_of(const fs::path& path) {
  Address address;
  address.value.sun_family = AF_UNIX;
  auto name = path.string();
  if (name.size() >= sizeof address.value.sun_path) {
    address.directory = FileDescriptor(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.directory) return system_error(path.parent_path().string());
    name = "/proc/self/fd/" + std::to_string(address.directory.get()) + "/" + path.filename().string();
  }
  if (name.size() >= sizeof address.value.sun_path)
    return Error{ErrorCode::invalid_input, path.string() + ": too long for the name of a socket"};
  std::memcpy(address.value.sun_path, name.c_str(), name.size() + 1);
  return address;
}

Result<FileDescriptor> new_socket() {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("making a Unix socket");
  return socket;
}

// What stands in the way of a new socket may go only when it is a socket that nobody serves.
Result<void> remove_stale(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return errno == ENOENT ? Result<void>() : system_error(path.string());
  if (!S_ISSOCK(status.st_mode))
    return Error{ErrorCode::already_exists, path.string() + " is in the way: not a socket"};
  const auto probe = connect_unix(path);
  if (probe || probe.error().code != ErrorCode::not_running)
    return Error{ErrorCode::already_exists, path.string() + ": another process answers there"};
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error(path.string());
  return {};
}

}  // namespace

Result<FileDescriptor> connect_unix(const fs::path& path) {
  const auto address = address_of(path);
  if (!address && address.error().code == ErrorCode::not_found)
    return Error{ErrorCode::not_running, "nothing listens on " + path.string()};
  if (!address) return address.error();
  auto socket = new_socket();
  if (!socket) return socket;
  if (::connect(socket->get(), address->pointer(), Address::size) == 0) return socket;
  switch (errno) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
      return Error{ErrorCode::not_running, "nothing listens on " + path.string()};
    case EAGAIN:
      return Error{ErrorCode::timed_out, path.string() + ": too many wait to be accepted"};
    default:
      return system_error(path.string());
  }
}

Result<FileDescriptor> listen_unix(const fs::path& path) {
  if (auto removed = remove_stale(path); !removed) return removed.error();
  const auto address = address_of(path);
  if (!address) return address.error();
  auto socket = new_socket();
  if (!socket) return socket;
  // The file gets the mode of the socket's inode, so that it is never there with a wider one.
  if (::fchmod(socket->get(), 0600) != 0 || ::bind(socket->get(), address->pointer(), Address::size) != 0 ||
      ::listen(socket->get(), 128) != 0)
    return system_error(path.string());
  return socket;
}

}  // namespace ipsec9000::ipc
