// Netlink's framing, read strictly: a datagram is a run of messages, a message ends in a run of attributes.
// Everything here are views of the caller's bytes.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ipsec9000 {

// Where what follows begins: messages and attributes are padded to four bytes.
constexpr std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

struct Message {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  std::uint32_t sender = 0;  // of an event: what its causer wrote into the request as his port
  ByteView payload;          // what follows the netlink header
};

// Takes the messages off a datagram one by one. After an error there is nothing more to take.
class MessageReader {
 public:
  explicit MessageReader(ByteView datagram) : rest_(datagram) {}
  Result<std::optional<Message>> next();  // nothing at the end; an error when a length does not fit

 private:
  ByteView rest_;
};

// A plain structure from the front of the bytes, or nothing if they are too short.
template <class T>
std::optional<T> read_structure(ByteView bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// The attributes of one message. Of a repeated one the last counts, as in the kernel; numbers beyond those that are
// known here are passed over.
class Attributes {
 public:
  static Result<Attributes> parse(ByteView bytes);
  std::optional<ByteView> find(std::uint16_t type) const;

  // Nothing if it is absent; an error if it is shorter than the structure.
  template <class T>
  Result<std::optional<T>> get(std::uint16_t type) const {
    const auto bytes = find(type);
    if (!bytes) return std::optional<T>{};
    const auto value = read_structure<T>(*bytes);
    if (!value) return too_short(type, bytes->size(), sizeof(T));
    return value;
  }

 private:
  static Error too_short(std::uint16_t type, std::size_t size, std::size_t wanted);
  std::array<ByteView, 48> values_{};  // an absent one has no data()
};

// The outcome in an NLMSG_ERROR or NLMSG_DONE message.
struct Acknowledgement {
  int number = 0;           // an errno, or 0 for success
  std::string kernel_text;  // the extended acknowledgement's, made safe to show; often empty
};
Result<Acknowledgement> read_acknowledgement(const Message& message);

// The kernel's refusal as an Error: code from the errno, text "Invalid argument (Unsupported mode)".
Error kernel_error(const Acknowledgement& answer);

}  // namespace ipsec9000
