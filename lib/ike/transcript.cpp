#include "ike/transcript.hpp"

#include <algorithm>

namespace ipsec9000::ike {

void Transcript::turn(bool on) {
  on_ = on;
  pairs_.clear();
}

void Transcript::remember(ByteView message, const wire::Header& header, wire::PayloadType first, ByteView chain) {
  if (!on_) return;
  if (pairs_.size() == remembered) pairs_.pop_front();
  auto in_clear = header;
  in_clear.flags = static_cast<std::uint8_t>(in_clear.flags & ~wire::flags::encryption);
  pairs_.push_back({to_bytes(message), wire::encode_message(in_clear, first, chain)});
}

std::optional<Bytes> Transcript::clear_of(ByteView message) const {
  const auto found = std::find_if(pairs_.rbegin(), pairs_.rend(), [&](const Pair& pair) {
    return std::equal(message.begin(), message.end(), pair.encrypted.begin(), pair.encrypted.end());
  });
  if (found == pairs_.rend()) return std::nullopt;
  return found->clear;
}

}  // namespace ipsec9000::ike
