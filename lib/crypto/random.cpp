#include "crypto/random.hpp"

#include <openssl/rand.h>

#include <cstdlib>

namespace ipsec9000 {

Bytes RandomSource::bytes(std::size_t count) {
  Bytes out(count);
  fill(out);
  return out;
}

std::uint32_t RandomSource::u32() { return static_cast<std::uint32_t>(u64()); }

std::uint64_t RandomSource::u64() {
  const auto raw = bytes(8);
  return *Reader(raw).u64();
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
}

}  // namespace ipsec9000
