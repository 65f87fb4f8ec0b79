// What a trace says of a packet: the policy that covers it, the SA that it uses, which way it goes.
#pragma once
#include <map>

#include "base/packet.hpp"
#include "policy_set.hpp"
#include "trace/packet_source.hpp"
#include "trace/pcapng.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

class TraceComments {
 public:
  explicit TraceComments(Kernel& kernel) : kernel_(kernel) {}

  struct Comment {
    pcapng::Way way = pcapng::Way::unknown;
    std::string text;  // "outbound, before encryption: policy telnet_out, ESP SPI 0000c0de"
  };
  // The SA is the newest that fits: the kernel does not say which one it took.
  Comment of(const TracedPacket& packet, const PolicySet& set, TimePoint now);

 private:
  // A table of many SAs is not to be walked for every packet.
  static constexpr Duration fresh{1000};
  static constexpr std::size_t most_pairs = 256;
  static constexpr unsigned most_lookups = 20;  // while what is known stays fresh

  std::string sas_of(const Match& match, const PolicySet& set, const Flow& flow, Direction direction, TimePoint now);
  const std::vector<SaState>* between(const IpAddress& source, const IpAddress& destination, TimePoint now);

  Kernel& kernel_;
  std::map<std::pair<IpAddress, IpAddress>, std::vector<SaState>> known_;
  TimePoint since_{};
  unsigned lookups_ = 0;
};

}  // namespace ipsec9000
