#include "base/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/text.hpp"

namespace ipsec9000 {

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);
  std::array<std::uint8_t, 16> raw{};
  if (copy.find('\0') == std::string::npos) {
    if (::inet_pton(AF_INET, copy.c_str(), raw.data()) == 1) return from_bytes(ByteView(raw).first(4));
    if (::inet_pton(AF_INET6, copy.c_str(), raw.data()) == 1) return from_bytes(raw);
  }
  return Error{ErrorCode::invalid_input, "\"" + escape_control(text) + "\" is not an IPv4 or IPv6 address"};
}

Result<IpAddress> IpAddress::from_bytes(ByteView bytes) {
  if (bytes.size() != 4 && bytes.size() != 16)
    return Error{ErrorCode::invalid_input, "an address has 4 or 16 bytes, not " + std::to_string(bytes.size())};
  IpAddress address;
  address.family_ = bytes.size() == 4 ? Family::ipv4 : Family::ipv6;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::any(Family family) {
  IpAddress address;
  address.family_ = family;
  return address;
}

int IpAddress::af() const { return is_ipv4() ? AF_INET : AF_INET6; }

bool IpAddress::is_any() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](auto byte) { return byte == 0; });
}

bool IpAddress::is_loopback() const {
  if (is_ipv4()) return bytes_[0] == 127;
  return bytes_[15] == 1 && std::all_of(bytes_.begin(), bytes_.begin() + 15, [](auto byte) { return byte == 0; });
}

bool IpAddress::is_multicast() const {
  if (!is_ipv4()) return bytes_[0] == 0xff;
  const bool broadcast = std::all_of(bytes_.begin(), bytes_.begin() + 4, [](auto byte) { return byte == 255; });
  return broadcast || (bytes_[0] & 0xf0) == 0xe0;
}

bool IpAddress::is_link_local() const {
  if (is_ipv4()) return bytes_[0] == 169 && bytes_[1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(af(), bytes_.data(), text.data(), text.size());
  return text.data();
}

// Keeps the first `length` bits of `bytes`, clears the rest.
static void clear_host_bits(std::span<std::uint8_t> bytes, unsigned length) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto bit = static_cast<unsigned>(i * 8);
    if (length >= bit + 8) continue;
    const unsigned keep = length > bit ? length - bit : 0;
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00u >> keep));
  }
}

Result<Prefix> Prefix::make(const IpAddress& address, unsigned length) {
  if (length > address.bits())
    return Error{ErrorCode::invalid_input, "a prefix length of " + std::to_string(length) + " is more than the " +
                                               std::to_string(address.bits()) + " bits of the address"};
  std::array<std::uint8_t, 16> raw{};
  std::copy(address.bytes().begin(), address.bytes().end(), raw.begin());
  clear_host_bits(std::span(raw).first(address.bytes().size()), length);
  Prefix prefix;
  prefix.address_ = *IpAddress::from_bytes(ByteView(raw).first(address.bytes().size()));
  prefix.length_ = static_cast<std::uint8_t>(length);
  return prefix;
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return address.error();
  if (slash == std::string_view::npos) return Prefix(*address);
  const auto length = parse_number(text.substr(slash + 1), address->bits());
  if (!length)
    return Error{
        ErrorCode::invalid_input,
        "\"" + escape_control(text) + "\": the prefix length is a number from 0 to " + std::to_string(address->bits())};
  auto prefix = make(*address, static_cast<unsigned>(*length));
  if (prefix && prefix->address() != *address)
    return Error{
        ErrorCode::invalid_input,
        "\"" + escape_control(text) + "\" has bits set beyond its prefix; the network is " + prefix->to_string()};
  return prefix;
}

Prefix Prefix::any(Family family) { return *make(IpAddress::any(family), 0); }

bool Prefix::contains(const IpAddress& address) const {
  if (address.family() != family()) return false;
  return make(address, length_)->address_ == address_;
}

bool Prefix::contains(const Prefix& narrower) const {
  return narrower.length_ >= length_ && contains(narrower.address_);
}

IpAddress Prefix::netmask() const {
  std::array<std::uint8_t, 16> raw{};
  raw.fill(0xff);
  const auto size = address_.bytes().size();
  clear_host_bits(std::span(raw).first(size), length_);
  return *IpAddress::from_bytes(ByteView(raw).first(size));
}

IpAddress Prefix::last() const {
  std::array<std::uint8_t, 16> raw{};
  const auto size = address_.bytes().size();
  const auto mask = netmask();
  for (std::size_t i = 0; i < size; ++i)
    raw[i] = static_cast<std::uint8_t>(address_.bytes()[i] | static_cast<std::uint8_t>(~mask.bytes()[i]));
  return *IpAddress::from_bytes(ByteView(raw).first(size));
}

std::string Prefix::to_string() const {
  return is_host() ? address_.to_string() : address_.to_string() + "/" + std::to_string(length_);
}

Result<Endpoint> Endpoint::from_sockaddr(const sockaddr* address, std::size_t size) {
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    return Endpoint{*IpAddress::from_bytes({reinterpret_cast<const std::uint8_t*>(&in.sin_addr), 4}),
                    ntohs(in.sin_port)};
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, address, sizeof in6);
    return Endpoint{*IpAddress::from_bytes({reinterpret_cast<const std::uint8_t*>(&in6.sin6_addr), 16}),
                    ntohs(in6.sin6_port)};
  }
  return Error{ErrorCode::unsupported, "a socket address that is neither IPv4 nor IPv6"};
}

std::size_t Endpoint::to_sockaddr(sockaddr_storage& out) const {
  std::memset(&out, 0, sizeof out);
  if (address.is_ipv4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes().data(), 4);
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  std::memcpy(&in6.sin6_addr, address.bytes().data(), 16);
  std::memcpy(&out, &in6, sizeof in6);
  return sizeof in6;
}

std::string Endpoint::to_string() const {
  const auto host = address.is_ipv4() ? address.to_string() : "[" + address.to_string() + "]";
  return host + ":" + std::to_string(port);
}

std::size_t HashAddress::operator()(const IpAddress& address) const noexcept {
  const auto bytes = address.bytes();
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace ipsec9000
