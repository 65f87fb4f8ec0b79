// From the captured hexadecimal text to what the decoders take.
#pragma once
#include <catch2/catch.hpp>
#include <string_view>

#include "base/address.hpp"
#include "base/bytes.hpp"
#include "xfrm/message.hpp"

namespace ipsec9000 {

// Owns the bytes that its message is a view of.
class CapturedMessage {
 public:
  explicit CapturedMessage(std::string_view hex) : CapturedMessage(*from_hex(hex)) {}
  explicit CapturedMessage(Bytes bytes) : bytes_(std::move(bytes)) {
    const auto message = MessageReader(bytes_).next();
    REQUIRE(message);
    REQUIRE(*message);
    message_ = **message;
  }
  CapturedMessage(const CapturedMessage&) = delete;
  CapturedMessage& operator=(const CapturedMessage&) = delete;

  const Message& operator*() const { return message_; }
  const Message* operator->() const { return &message_; }

 private:
  Bytes bytes_;
  Message message_;
};

inline IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }
inline Prefix prefix(std::string_view text) { return *Prefix::parse(text); }

}  // namespace ipsec9000
