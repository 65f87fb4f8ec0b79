#include "ike/fragments.hpp"

namespace ipsec9000::ike {

namespace {
constexpr std::uint8_t last_flag = 1;
constexpr std::size_t overhead = wire::header_size + 8;  // the generic header, id, number and flags

Error bad(std::string why) { return {ErrorCode::invalid_input, "a fragment " + std::move(why)}; }
}  // namespace

std::vector<Bytes> fragmented(const Bytes& message, std::uint16_t id, std::size_t largest) {
  const auto room = largest - overhead;
  const auto count = (message.size() + room - 1) / room;
  auto header = wire::decode_header(message);
  if (!header || count > 255) return {message};
  header->flags &= static_cast<std::uint8_t>(~wire::flags::encryption);  // the fragment itself is in clear
  std::vector<Bytes> fragments;
  for (std::size_t i = 0; i < count; ++i) {
    const auto part = ByteView(message).subspan(i * room, std::min(room, message.size() - i * room));
    fragments.push_back(
        wire::encode_message(*header, {wire::Fragment{id, static_cast<std::uint8_t>(i + 1),
                                                      i + 1 == count ? last_flag : std::uint8_t{0}, to_bytes(part)}}));
  }
  return fragments;
}

std::optional<Error> Reassembly::objection(const wire::Fragment& fragment) const {
  const bool last = (fragment.flags & last_flag) != 0;
  if (fragment.number == 0) return bad("with the number 0");
  if (fragment.value.empty()) return bad("without content");
  if (fragment.number > most_fragments) return bad("with the number " + std::to_string(fragment.number));
  if (last_ && (fragment.number > *last_ || (last && fragment.number != *last_))) return bad("behind the last one");
  if (last && !parts_.empty() && parts_.rbegin()->first > fragment.number) return bad("that is not the last one");
  const auto known = parts_.find(fragment.number);
  if (known != parts_.end() && known->second != fragment.value) return bad("that differs from an earlier one");
  if (known == parts_.end() && size_ + fragment.value.size() > largest_reassembled)
    return bad("that makes the message longer than " + std::to_string(largest_reassembled) + " bytes");
  return std::nullopt;
}

void Reassembly::clear() { *this = {}; }

Result<std::optional<Bytes>> Reassembly::add(const wire::Fragment& fragment) {
  if (fragment.id != id_) clear();
  id_ = fragment.id;
  if (auto error = objection(fragment)) {
    clear();
    return *error;
  }
  if ((fragment.flags & last_flag) != 0) last_ = fragment.number;
  if (parts_.emplace(fragment.number, fragment.value).second) size_ += fragment.value.size();
  if (!last_ || parts_.size() != *last_) return std::optional<Bytes>{};
  Bytes whole;
  whole.reserve(size_);
  for (const auto& [number, part] : parts_) append(whole, part);
  clear();
  return std::optional(std::move(whole));
}

}  // namespace ipsec9000::ike
