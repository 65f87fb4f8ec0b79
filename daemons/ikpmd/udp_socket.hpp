// The UDP sockets that IKE runs on: one a family, bound to every local address, each datagram with both its ends.
#pragma once
#include <functional>
#include <vector>

#include "base/files.hpp"
#include "daemon/event_loop.hpp"
#include "ike/types.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

class UdpSocket {
 public:
  // Binds, and exempts the socket from every policy (kernel.set_socket_bypass): IKE must not wait for itself. On port
  // 4500 the kernel takes ESP off UDP before we see it.
  static Result<UdpSocket> open(Family family, std::uint16_t port, Kernel& kernel);

  int fd() const { return socket_.get(); }
  // Whether datagrams with this local end go through here.
  bool serves(const Endpoint& local) const { return local.address.family() == family_ && local.port == port_; }
  // Reads what is there, up to a bounded number, without waiting. Datagrams whose ends are not known are left out.
  std::vector<ike::Datagram> receive();
  // Sends from datagram.local.address. An error is the system's word; nothing is retried.
  Result<void> send(const ike::Datagram& datagram);

 private:
  UdpSocket(FileDescriptor socket, Family family, std::uint16_t port)
      : socket_(std::move(socket)), family_(family), port_(port) {}
  FileDescriptor socket_;
  Family family_ = Family::ipv4;
  std::uint16_t port_ = 0;
};

}  // namespace ipsec9000
