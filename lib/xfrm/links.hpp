// The host's own addresses (rtnetlink), in the network namespace we are in.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/result.hpp"

struct nl_sock;

namespace ipsec9000 {

struct LocalAddress {
  IpAddress address;
  unsigned prefix_length = 0;
  std::string interface;
  bool up = false;  // the interface is administratively up
  auto operator<=>(const LocalAddress&) const = default;
};

// All of them, loopback and link-local ones too, sorted.
Result<std::vector<LocalAddress>> local_addresses();

// The address that packets to `remote` would leave with. Looks the route up without sending anything, so no policy is
// consulted. not_found if there is no route.
Result<IpAddress> source_address_for(const IpAddress& remote);

// Says that addresses or interfaces have changed; what they are now, local_addresses() says.
class LinkMonitor {
 public:
  static Result<LinkMonitor> open();
  int fd() const;            // readable when there is news
  Result<bool> take_news();  // true if something has changed since the last call (or may have: news got lost)

 private:
  struct Free {
    void operator()(nl_sock* socket) const;
  };
  explicit LinkMonitor(std::unique_ptr<nl_sock, Free> socket) : socket_(std::move(socket)) {}
  std::unique_ptr<nl_sock, Free> socket_;
};

}  // namespace ipsec9000
