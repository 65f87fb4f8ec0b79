// What a program with nothing but libmnl needs for the same messages: the yardstick for ours.
#pragma once
#include <span>

#include "xfrm/types.hpp"

struct mnl_socket;

namespace ipsec9000::bench {

class BareBatch {
 public:
  BareBatch();
  ~BareBatch();
  BareBatch(const BareBatch&) = delete;
  BareBatch& operator=(const BareBatch&) = delete;

  // NEWPOLICY for each, 128 in a datagram of which the last asks for an acknowledgement. Ends the program on an error.
  void add(std::span<const PolicySpec> policies);

 private:
  void confirm();
  mnl_socket* socket_;
};

}  // namespace ipsec9000::bench
