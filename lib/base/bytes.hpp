// Byte strings, hexadecimal, and reading and writing in network byte order.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ipsec9000 {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

std::string to_hex(ByteView bytes);             // lower case, two digits a byte
Result<Bytes> from_hex(std::string_view text);  // an even number of hex digits, nothing else
ByteView as_bytes(std::string_view text);       // the view lives as long as the text
Bytes to_bytes(ByteView view);
Bytes concat(std::initializer_list<ByteView> parts);
void append(Bytes& to, ByteView from);

// Compares in time that depends on the lengths only.
bool equal_constant_time(ByteView a, ByteView b);

// Takes values off the front of a view. Once something was missing, every later read gives nothing too.
class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  std::optional<std::uint8_t> u8();
  std::optional<std::uint16_t> u16();
  std::optional<std::uint32_t> u32();
  std::optional<std::uint64_t> u64();
  std::optional<ByteView> take(std::size_t count);
  ByteView take_rest();

  std::size_t remaining() const { return rest_.size(); }
  bool empty() const { return rest_.empty(); }
  bool failed() const { return failed_; }

 private:
  std::optional<std::uint64_t> number(std::size_t width);
  ByteView rest_;
  bool failed_ = false;
};

// Appends values to a byte string it owns.
class Writer {
 public:
  Writer& u8(std::uint8_t value);
  Writer& u16(std::uint16_t value);
  Writer& u32(std::uint32_t value);
  Writer& u64(std::uint64_t value);
  Writer& bytes(ByteView value);
  void patch_u16(std::size_t offset, std::uint16_t value);  // offset + 2 must be within size()
  void patch_u32(std::size_t offset, std::uint32_t value);  // offset + 4 must be within size()
  std::size_t size() const { return out_.size(); }
  Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

}  // namespace ipsec9000
