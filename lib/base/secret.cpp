#include "base/secret.hpp"

#include <cstring>

namespace ipsec9000 {

void wipe_memory(void* data, std::size_t size) {
  if (size != 0) ::explicit_bzero(data, size);
}

Secret Secret::adopt(Bytes&& bytes) {
  Secret secret;
  secret.bytes_ = std::move(bytes);
  return secret;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    bytes_ = std::move(other.bytes_);
    other.bytes_.clear();
  }
  return *this;
}

void Secret::wipe() {
  wipe_memory(bytes_.data(), bytes_.size());
  bytes_.clear();
}

}  // namespace ipsec9000
