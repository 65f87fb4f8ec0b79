#include <arpa/inet.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

extern "C" {
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
}

#include "base/files.hpp"
#include "base/free_by.hpp"
#include "trace/nflog.hpp"
#include "trace/rules.hpp"

namespace ipsec9000 {

namespace {
constexpr std::uint32_t owned_by_socket = 0x2;  // NFT_TABLE_F_OWNER
constexpr std::int32_t before_filters = -200, behind_filters = 300;

using Handle = std::unique_ptr<mnl_socket, FreeBy<mnl_socket_close>>;

class NftRules final : public TraceRules {
 public:
  explicit NftRules(Handle socket) : socket_(std::move(socket)) {}

 private:
  Handle socket_;  // whose table it is
};

// The expressions of one rule, each in turn.
class Rule {
 public:
  Rule(const std::string& table, const char* chain) : rule_(nftnl_rule_alloc()) {
    nftnl_rule_set_str(rule_, NFTNL_RULE_TABLE, table.c_str());
    nftnl_rule_set_str(rule_, NFTNL_RULE_CHAIN, chain);
    nftnl_rule_set_u32(rule_, NFTNL_RULE_FAMILY, NFPROTO_INET);
  }
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;
  ~Rule() { nftnl_rule_free(rule_); }

  template <class T>
  Rule& meta_is(std::uint32_t key, T value) {
    auto* load = nftnl_expr_alloc("meta");
    nftnl_expr_set_u32(load, NFTNL_EXPR_META_KEY, key);
    nftnl_expr_set_u32(load, NFTNL_EXPR_META_DREG, NFT_REG_1);
    nftnl_rule_add_expr(rule_, load);
    return compare(&value, sizeof value);
  }
  Rule& port_is(std::uint32_t offset, std::uint16_t port) {
    auto* load = nftnl_expr_alloc("payload");
    nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
    nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
    nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_LEN, sizeof port);
    nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
    nftnl_rule_add_expr(rule_, load);
    const std::uint16_t wire = htons(port);
    return compare(&wire, sizeof wire);
  }
  // `offset`: of the address in the IP header.
  Rule& address_in(std::uint32_t offset, const Prefix& prefix) {
    if (prefix.is_any()) return *this;
    const auto netmask = prefix.netmask();
    const auto bytes = prefix.address().bytes(), mask = netmask.bytes();
    const auto size = static_cast<std::uint32_t>(bytes.size());
    auto* load = nftnl_expr_alloc("payload");
    nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
    nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
    nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_LEN, size);
    nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
    nftnl_rule_add_expr(rule_, load);
    constexpr std::array<std::uint8_t, 16> nothing{};
    auto* masked = nftnl_expr_alloc("bitwise");
    nftnl_expr_set_u32(masked, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
    nftnl_expr_set_u32(masked, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
    nftnl_expr_set_u32(masked, NFTNL_EXPR_BITWISE_LEN, size);
    nftnl_expr_set(masked, NFTNL_EXPR_BITWISE_MASK, mask.data(), size);
    nftnl_expr_set(masked, NFTNL_EXPR_BITWISE_XOR, nothing.data(), size);
    nftnl_rule_add_expr(rule_, masked);
    return compare(bytes.data(), size);
  }
  Rule& at_most(std::uint64_t packets_a_second) {
    auto* limit = nftnl_expr_alloc("limit");
    nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_RATE, packets_a_second);
    nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_UNIT, 1);
    nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_BURST, static_cast<std::uint32_t>(packets_a_second));
    nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
    nftnl_rule_add_expr(rule_, limit);
    return *this;
  }
  Rule& leave() {
    auto* verdict = nftnl_expr_alloc("immediate");
    nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
    nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(NFT_RETURN));
    nftnl_rule_add_expr(rule_, verdict);
    return *this;
  }
  // `size`: how much of each packet; 0 for all.
  Rule& log(std::uint16_t group, TracedAt at, std::uint32_t size = 0) {
    auto* log = nftnl_expr_alloc("log");
    nftnl_expr_set_u16(log, NFTNL_EXPR_LOG_GROUP, group);
    nftnl_expr_set_str(log, NFTNL_EXPR_LOG_PREFIX, std::string(nflog::prefix_of(at)).c_str());
    if (size != 0) nftnl_expr_set_u32(log, NFTNL_EXPR_LOG_SNAPLEN, size);
    nftnl_rule_add_expr(rule_, log);
    return *this;
  }
  nftnl_rule* get() const { return rule_; }

 private:
  Rule& compare(const void* value, std::uint32_t size) {
    auto* compare = nftnl_expr_alloc("cmp");
    nftnl_expr_set_u32(compare, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
    nftnl_expr_set_u32(compare, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
    nftnl_expr_set(compare, NFTNL_EXPR_CMP_DATA, value, size);
    nftnl_rule_add_expr(rule_, compare);
    return *this;
  }
  nftnl_rule* rule_;
};

// All messages in one transaction: either the whole table comes to be, or nothing.
class Transaction {
 public:
  explicit Transaction(std::string table)
      : table_(std::move(table)), batch_(mnl_nlmsg_batch_start(buffer_.data(), half)) {
    nftnl_batch_begin(at(), sequence_++);
    mnl_nlmsg_batch_next(batch_);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() { mnl_nlmsg_batch_stop(batch_); }

  void add_table() {
    auto* table = nftnl_table_alloc();
    nftnl_table_set_str(table, NFTNL_TABLE_NAME, table_.c_str());
    nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, owned_by_socket);
    nftnl_table_nlmsg_build_payload(header(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL), table);
    nftnl_table_free(table);
    mnl_nlmsg_batch_next(batch_);
  }
  void add_chain(const char* name, std::uint32_t hook, std::int32_t priority) {
    auto* chain = nftnl_chain_alloc();
    nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, table_.c_str());
    nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
    nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
    nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook);
    nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, priority);
    nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
    nftnl_chain_nlmsg_build_payload(header(NFT_MSG_NEWCHAIN, NLM_F_CREATE), chain);
    nftnl_chain_free(chain);
    mnl_nlmsg_batch_next(batch_);
  }
  void add_rule(const Rule& rule) {
    nftnl_rule_nlmsg_build_payload(header(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND), rule.get());
    mnl_nlmsg_batch_next(batch_);
  }
  Result<void> commit(mnl_socket* socket) {
    nftnl_batch_end(at(), sequence_++);
    mnl_nlmsg_batch_next(batch_);
    if (mnl_socket_sendto(socket, mnl_nlmsg_batch_head(batch_), mnl_nlmsg_batch_size(batch_)) < 0)
      return system_error("asking nftables for a table");
    alignas(nlmsghdr) std::array<char, 16384> answer{};
    for (unsigned left = acknowledgements_; left > 0;) {
      const auto size = mnl_socket_recvfrom(socket, answer.data(), answer.size());
      if (size < 0) return system_error("asking nftables for a table");
      auto rest = static_cast<int>(size);
      for (const auto* message = reinterpret_cast<const nlmsghdr*>(answer.data()); mnl_nlmsg_ok(message, rest);
           message = mnl_nlmsg_next(message, &rest)) {
        if (message->nlmsg_type != NLMSG_ERROR) continue;
        const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
        if (error->error != 0) return system_error("asking nftables for a table", -error->error);
        if (left > 0) --left;
      }
    }
    return {};
  }
  const std::string& table() const { return table_; }

 private:
  static constexpr std::size_t half = std::size_t{128} * 1024;
  char* at() { return static_cast<char*>(mnl_nlmsg_batch_current(batch_)); }
  nlmsghdr* header(std::uint16_t type, std::uint16_t flags) {
    ++acknowledgements_;
    return nftnl_nlmsg_build_hdr(at(), type, NFPROTO_INET, static_cast<std::uint16_t>(flags | NLM_F_ACK), sequence_++);
  }
  std::string table_;
  alignas(nlmsghdr) std::array<char, 2 * half> buffer_{};  // libmnl wants room for one message beyond the limit
  mnl_nlmsg_batch* batch_;
  std::uint32_t sequence_ = 1;
  unsigned acknowledgements_ = 0;
};

void add_exceptions(Transaction& batch, const char* chain, TracedProtocols protocols) {
  for (const auto port : untraced_ports)
    for (const std::uint32_t offset : {0U, 2U})  // source, destination
      batch.add_rule(Rule(batch.table(), chain)
                         .meta_is(NFT_META_L4PROTO, std::uint8_t{IPPROTO_UDP})
                         .port_is(offset, port)
                         .leave());
  if (protocols != TracedProtocols::all) return;
  for (const std::uint8_t protocol : {std::uint8_t{IPPROTO_ESP}, std::uint8_t{IPPROTO_AH}})
    batch.add_rule(Rule(batch.table(), chain).meta_is(NFT_META_L4PROTO, protocol).leave());
}

void add_log(Transaction& batch, const char* chain, std::uint16_t group, TracedProtocols protocols, TracedAt at,
             std::optional<bool> through_sa) {
  Rule rule(batch.table(), chain);
  if (const auto number = protocol_number(protocols); number != 0) rule.meta_is(NFT_META_L4PROTO, number);
  if (through_sa) rule.meta_is(NFT_META_SECPATH, static_cast<std::uint8_t>(*through_sa ? 1 : 0));
  batch.add_rule(rule.log(group, at));
}
}  // namespace

namespace {
Result<Handle> open_socket() {
  Handle socket(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
  if (!socket) return system_error("opening a socket to nftables");
  if (mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) return system_error("binding a netlink socket");
  return socket;
}

Result<std::unique_ptr<TraceRules>> install(Transaction& batch) {
  auto socket = open_socket();
  if (!socket) return socket.error();
  if (auto done = batch.commit(socket->get()); !done) return done.error();
  return std::unique_ptr<TraceRules>(std::make_unique<NftRules>(std::move(*socket)));
}
}  // namespace

Result<std::unique_ptr<TraceRules>> install_nft_rules(std::uint16_t group, TracedProtocols protocols) {
  constexpr std::uint16_t loopback = ARPHRD_LOOPBACK;
  Transaction batch("ipsec9000-trace");
  batch.add_table();
  batch.add_chain("out", NF_INET_LOCAL_OUT, behind_filters);
  batch.add_chain("in", NF_INET_LOCAL_IN, before_filters);
  batch.add_chain("forward", NF_INET_FORWARD, before_filters);
  batch.add_rule(Rule(batch.table(), "out").meta_is(NFT_META_OIFTYPE, loopback).leave());
  batch.add_rule(Rule(batch.table(), "in").meta_is(NFT_META_IIFTYPE, loopback).leave());
  for (const char* chain : {"out", "in", "forward"}) add_exceptions(batch, chain, protocols);
  add_log(batch, "out", group, protocols, TracedAt::out, std::nullopt);
  add_log(batch, "in", group, protocols, TracedAt::in_ipsec, true);
  add_log(batch, "in", group, protocols, TracedAt::in_clear, false);
  add_log(batch, "forward", group, protocols, TracedAt::forward_ipsec, true);
  add_log(batch, "forward", group, protocols, TracedAt::forward_clear, false);
  return install(batch);
}

Result<std::unique_ptr<TraceRules>> install_nft_clear_rules(std::uint16_t group, std::span<const TunnelPath> paths) {
  constexpr const char* chain = "in";
  constexpr std::uint32_t ipv4_source = 12, ipv4_destination = 16, ipv6_source = 8, ipv6_destination = 24;
  Transaction batch("ipsec9000-clear");
  batch.add_table();
  batch.add_chain(chain, NF_INET_PRE_ROUTING, before_filters);
  batch.add_rule(Rule(batch.table(), chain).meta_is(NFT_META_IIFTYPE, std::uint16_t{ARPHRD_LOOPBACK}).leave());
  batch.add_rule(Rule(batch.table(), chain).meta_is(NFT_META_SECPATH, std::uint8_t{1}).leave());
  add_exceptions(batch, chain, TracedProtocols::all);
  for (const auto& path : paths) {
    const bool wide = path.source.family() == Family::ipv6;
    Rule rule(batch.table(), chain);
    rule.meta_is(NFT_META_NFPROTO, static_cast<std::uint8_t>(wide ? NFPROTO_IPV6 : NFPROTO_IPV4))
        .address_in(wide ? ipv6_source : ipv4_source, path.source)
        .address_in(wide ? ipv6_destination : ipv4_destination, path.destination)
        .at_most(clear_packets_a_second)
        .log(group, TracedAt::in_clear, clear_packet_bytes);
    batch.add_rule(rule);
  }
  return install(batch);
}

}  // namespace ipsec9000
