#include "trace/packet_source.hpp"

#include <netinet/in.h>

#include <array>

#include "base/text.hpp"
#include "trace/nflog.hpp"
#include "trace/rules.hpp"

namespace ipsec9000 {

namespace {
struct Named {
  TracedProtocols protocols;
  std::string_view name;
  std::uint8_t number;
};
constexpr std::array names{Named{TracedProtocols::all, "all", 0}, Named{TracedProtocols::tcp, "tcp", IPPROTO_TCP},
                           Named{TracedProtocols::udp, "udp", IPPROTO_UDP},
                           Named{TracedProtocols::igmp, "igmp", IPPROTO_IGMP}};

class NflogSource final : public PacketSource {
 public:
  NflogSource(nflog::Socket socket, std::unique_ptr<TraceRules> rules, std::string_view kind)
      : socket_(std::move(socket)), rules_(std::move(rules)), kind_(kind) {}
  std::string_view kind() const override { return kind_; }
  int fd() const override { return socket_.fd(); }
  std::vector<TracedPacket> read() override { return socket_.read(); }
  std::uint64_t lost() const override { return socket_.lost(); }

 private:
  nflog::Socket socket_;
  std::unique_ptr<TraceRules> rules_;
  std::string_view kind_;
};
}  // namespace

std::string_view to_string(TracedProtocols protocols) {
  for (const auto& each : names)
    if (each.protocols == protocols) return each.name;
  return "all";
}

Result<TracedProtocols> parse_traced_protocols(std::string_view text) {
  for (const auto& each : names)
    if (each.name == text) return each.protocols;
  return Error{ErrorCode::invalid_input,
               "\"" + escape_control(text) + "\" cannot be traced: expected tcp, udp, igmp or all"};
}

std::uint8_t protocol_number(TracedProtocols protocols) {
  for (const auto& each : names)
    if (each.protocols == protocols) return each.number;
  return 0;
}

Result<std::unique_ptr<PacketSource>> PacketSource::open(TracedProtocols protocols) {
  auto socket = nflog::Socket::open();
  if (!socket) return socket.error();
  const auto group = socket->group();
  std::string_view kind = "nftables";
  auto rules = install_nft_rules(group, protocols);
  if (!rules) {
    kind = "iptables";
    auto others = install_iptables_rules(group, protocols);
    if (!others) return Error{ErrorCode::unsupported, rules.error().text + "; " + others.error().text};
    rules = std::move(others);
  }
  return std::unique_ptr<PacketSource>(std::make_unique<NflogSource>(std::move(*socket), std::move(*rules), kind));
}

}  // namespace ipsec9000
