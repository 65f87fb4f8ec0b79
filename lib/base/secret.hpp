// Secret: bytes that wipe themselves and cannot be printed, compared by accident or copied by accident.
#pragma once
#include <string_view>

#include "base/bytes.hpp"

namespace ipsec9000 {

class Secret {
 public:
  Secret() = default;
  explicit Secret(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  explicit Secret(std::string_view text) : Secret(as_bytes(text)) {}
  // Takes the bytes over; the vector's own buffer is the one that is wiped later.
  static Secret adopt(Bytes&& bytes);

  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  Secret clone() const { return Secret(view()); }  // a copy, asked for in so many words
  ByteView view() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  void wipe();

 private:
  Bytes bytes_;
};

// Overwrites memory in a way the compiler may not drop.
void wipe_memory(void* data, std::size_t size);

}  // namespace ipsec9000
