// Randomness as something that is passed in, so that the protocol core can be replayed in a test.
#pragma once
#include <span>

#include "base/bytes.hpp"

namespace ipsec9000 {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
  Bytes bytes(std::size_t count);
  std::uint32_t u32();
  std::uint64_t u64();
};

// OpenSSL's generator. Ends the process when the generator fails: going on would mean guessable keys.
class SystemRandom final : public RandomSource {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace ipsec9000
