#include "base/bytes.hpp"

#include <cassert>

namespace ipsec9000 {

std::string to_hex(ByteView bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (auto byte : bytes) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
  }
  return text;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return Error{ErrorCode::invalid_input, "an odd number of hexadecimal digits"};
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return Error{ErrorCode::invalid_input, "not a hexadecimal digit"};
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

ByteView as_bytes(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

Bytes to_bytes(ByteView view) { return {view.begin(), view.end()}; }

Bytes concat(std::initializer_list<ByteView> parts) {
  Bytes all;
  for (auto part : parts) append(all, part);
  return all;
}

void append(Bytes& to, ByteView from) { to.insert(to.end(), from.begin(), from.end()); }

bool equal_constant_time(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

std::optional<std::uint64_t> Reader::number(std::size_t width) {
  auto field = take(width);
  if (!field) return std::nullopt;
  std::uint64_t value = 0;
  for (auto byte : *field) value = (value << 8) | byte;
  return value;
}

template <class Narrow>
static std::optional<Narrow> narrow(std::optional<std::uint64_t> value) {
  if (!value) return std::nullopt;
  return static_cast<Narrow>(*value);
}

std::optional<std::uint8_t> Reader::u8() { return narrow<std::uint8_t>(number(1)); }
std::optional<std::uint16_t> Reader::u16() { return narrow<std::uint16_t>(number(2)); }
std::optional<std::uint32_t> Reader::u32() { return narrow<std::uint32_t>(number(4)); }
std::optional<std::uint64_t> Reader::u64() { return number(8); }

std::optional<ByteView> Reader::take(std::size_t count) {
  if (failed_ || count > rest_.size()) {
    failed_ = true;
    return std::nullopt;
  }
  auto front = rest_.first(count);
  rest_ = rest_.subspan(count);
  return front;
}

ByteView Reader::take_rest() {
  auto all = failed_ ? ByteView{} : rest_;
  rest_ = {};
  return all;
}

static void put(Bytes& out, std::uint64_t value, unsigned width) {
  for (unsigned i = width; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

Writer& Writer::u8(std::uint8_t value) {
  put(out_, value, 1);
  return *this;
}
Writer& Writer::u16(std::uint16_t value) {
  put(out_, value, 2);
  return *this;
}
Writer& Writer::u32(std::uint32_t value) {
  put(out_, value, 4);
  return *this;
}
Writer& Writer::u64(std::uint64_t value) {
  put(out_, value, 8);
  return *this;
}
Writer& Writer::bytes(ByteView value) {
  append(out_, value);
  return *this;
}

void Writer::patch_u16(std::size_t offset, std::uint16_t value) {
  assert(offset + 2 <= out_.size());
  out_[offset] = static_cast<std::uint8_t>(value >> 8);
  out_[offset + 1] = static_cast<std::uint8_t>(value);
}

void Writer::patch_u32(std::size_t offset, std::uint32_t value) {
  patch_u16(offset, static_cast<std::uint16_t>(value >> 16));
  patch_u16(offset + 2, static_cast<std::uint16_t>(value));
}

}  // namespace ipsec9000
