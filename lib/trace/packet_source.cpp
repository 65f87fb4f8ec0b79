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

namespace {
template <class Nft, class Iptables>
Result<std::unique_ptr<PacketSource>> open_with(const Nft& by_nft, const Iptables& by_iptables) {
  auto socket = nflog::Socket::open();
  if (!socket) return socket.error();
  const auto group = socket->group();
  std::string_view kind = "nftables";
  auto rules = by_nft(group);
  if (!rules) {
    kind = "iptables";
    auto others = by_iptables(group);
    if (!others) return Error{ErrorCode::unsupported, rules.error().text + "; " + others.error().text};
    rules = std::move(others);
  }
  return std::unique_ptr<PacketSource>(std::make_unique<NflogSource>(std::move(*socket), std::move(*rules), kind));
}
}  // namespace

Result<std::unique_ptr<PacketSource>> PacketSource::open(TracedProtocols protocols) {
  return open_with([&](std::uint16_t group) { return install_nft_rules(group, protocols); },
                   [&](std::uint16_t group) { return install_iptables_rules(group, protocols); });
}

Result<std::unique_ptr<PacketSource>> PacketSource::open_clear(std::span<const TunnelPath> paths) {
  if (paths.size() > most_paths) return Error{ErrorCode::invalid_input, "more paths than can be watched"};
  return open_with([&](std::uint16_t group) { return install_nft_clear_rules(group, paths); },
                   [&](std::uint16_t group) { return install_iptables_clear_rules(group, paths); });
}

}  // namespace ipsec9000
