// IP addresses, prefixes and endpoints as values.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

struct sockaddr;
struct sockaddr_storage;

namespace ipsec9000 {

enum class Family : std::uint8_t { ipv4 = 4, ipv6 = 6 };

class IpAddress {
 public:
  IpAddress() = default;                                  // 0.0.0.0
  static Result<IpAddress> parse(std::string_view text);  // "10.1.0.1", "fd00::1"; no prefix, no zone
  static Result<IpAddress> from_bytes(ByteView bytes);    // 4 or 16 bytes, network order
  static IpAddress any(Family family);

  Family family() const { return family_; }
  bool is_ipv4() const { return family_ == Family::ipv4; }
  unsigned bits() const { return is_ipv4() ? 32 : 128; }
  ByteView bytes() const { return ByteView(bytes_).first(is_ipv4() ? 4 : 16); }
  int af() const;       // AF_INET or AF_INET6
  bool is_any() const;  // 0.0.0.0 or ::
  bool is_loopback() const;
  bool is_multicast() const;  // including 255.255.255.255
  bool is_link_local() const;
  std::string to_string() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  Family family_ = Family::ipv4;
  std::array<std::uint8_t, 16> bytes_{};  // beyond an IPv4 address: zero
};

// An address and how many of its leading bits count; the others are zero.
class Prefix {
 public:
  Prefix() = default;  // 0.0.0.0/0
  explicit Prefix(const IpAddress& address) : address_(address), length_(static_cast<std::uint8_t>(address.bits())) {}
  static Result<Prefix> make(const IpAddress& address, unsigned length);  // clears the host bits
  static Result<Prefix> parse(std::string_view text);  // "10.0.0.0/8" or one address; host bits are an error
  static Prefix any(Family family);

  const IpAddress& address() const { return address_; }
  unsigned length() const { return length_; }
  Family family() const { return address_.family(); }
  bool is_any() const { return length_ == 0; }
  bool is_host() const { return length_ == address_.bits(); }
  bool contains(const IpAddress& address) const;
  bool contains(const Prefix& narrower) const;
  bool overlaps(const Prefix& other) const { return contains(other) || other.contains(*this); }
  IpAddress netmask() const;
  IpAddress last() const;         // the highest address in it
  std::string to_string() const;  // a single address without "/32"

  auto operator<=>(const Prefix&) const = default;

 private:
  IpAddress address_;
  std::uint8_t length_ = 0;
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  static Result<Endpoint> from_sockaddr(const sockaddr* address, std::size_t size);
  std::size_t to_sockaddr(sockaddr_storage& out) const;  // returns the length to pass to the kernel
  std::string to_string() const;                         // 10.1.0.1:500, [fd00::1]:500
  auto operator<=>(const Endpoint&) const = default;
};

struct HashAddress {
  std::size_t operator()(const IpAddress& address) const noexcept;
};

}  // namespace ipsec9000
