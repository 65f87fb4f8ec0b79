// What encrypted messages say, for a trace: while it is on, the last ones that were opened or sealed are remembered in
// clear. Holds messages only, never a key.
#pragma once
#include <deque>
#include <optional>

#include "base/bytes.hpp"
#include "wire/message.hpp"

namespace ipsec9000::ike {

class Transcript {
 public:
  static constexpr std::size_t remembered = 64;  // messages that are sent again are found meanwhile

  bool on() const { return on_; }
  void turn(bool on);
  // `chain` is what `message` held, without its padding. `first`: the type of its first payload.
  void remember(ByteView message, const wire::Header& header, wire::PayloadType first, ByteView chain);
  // The message as it would be without encryption: its flag cleared, its length without padding.
  std::optional<Bytes> clear_of(ByteView message) const;

 private:
  struct Pair {
    Bytes encrypted;
    Bytes clear;
  };
  bool on_ = false;
  std::deque<Pair> pairs_;
};

}  // namespace ipsec9000::ike
