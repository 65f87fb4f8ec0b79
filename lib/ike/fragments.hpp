// IKEv1 fragmentation as deployed daemons speak it: the whole ISAKMP message, header and all, cut into payloads of type
// 132, each in a message of its own. There is no RFC; the vendor ID announces it. Fragments are not authenticated, only
// the message that they make is.
#pragma once
#include <map>
#include <optional>
#include <vector>

#include "wire/message.hpp"

namespace ipsec9000::ike {

inline constexpr std::size_t largest_unfragmented = 1200;                   // bytes of an ISAKMP message
inline constexpr std::size_t largest_reassembled = std::size_t{16} * 1024;  // enough for chains of certificates
inline constexpr std::size_t most_fragments = 64;

// The fragments of a message, each an ISAKMP message of at most `largest` bytes (at least 128). A message that would
// need more than 255 is given back whole.
std::vector<Bytes> fragmented(const Bytes& message, std::uint16_t id, std::size_t largest = largest_unfragmented);

// Collects the fragments of one message at a time; never holds more than largest_reassembled bytes.
class Reassembly {
 public:
  // The message, once all of it is there. In any order; a repeated fragment is ignored. An error (a bad number, one
  // that contradicts another, too much) forgets what was collected. A fragment with another id begins anew.
  Result<std::optional<Bytes>> add(const wire::Fragment& fragment);
  std::size_t size() const { return size_; }

 private:
  std::optional<Error> objection(const wire::Fragment& fragment) const;
  void clear();

  std::uint16_t id_ = 0;
  std::map<std::uint8_t, Bytes> parts_;
  std::optional<std::uint8_t> last_;
  std::size_t size_ = 0;
};

}  // namespace ipsec9000::ike
