// The last failed negotiations of each peer, bounded.
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "model/reports.hpp"

namespace ipsec9000 {

class FailureLog {
 public:
  static constexpr std::size_t per_peer = 8;
  static constexpr std::size_t peers = 1024;

  void add(FailureRecord failure);
  // Newest first; of one peer (an address as text), or of all.
  std::vector<FailureRecord> list(const std::optional<std::string>& remote) const;

 private:
  std::map<std::string, std::deque<std::pair<std::uint64_t, FailureRecord>>> by_peer_;
  std::uint64_t last_ = 0;
};

}  // namespace ipsec9000
