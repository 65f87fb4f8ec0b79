#include "xfrm/request.hpp"

#include <netinet/in.h>
// glibc's header first, see lib/xfrm/abi.hpp.
#include <linux/netlink.h>
#include <linux/xfrm.h>

#include "messages.hpp"
#include "xfrm/decode.hpp"

using namespace ipsec9000;

namespace {

// A request, read back as a message with a fixed part and attributes.
template <class Head>
struct Read {
  explicit Read(const Request& request) : message(to_bytes(request.bytes())) {
    REQUIRE(message->payload.size() >= sizeof(Head));
    head = *read_structure<Head>(message->payload);
    auto parsed = Attributes::parse(message->payload.subspan(sizeof(Head)));
    REQUIRE(parsed);
    attributes = *parsed;
  }
  std::string hex(std::uint16_t type) const {
    const auto bytes = attributes.find(type);
    return bytes ? to_hex(*bytes) : "absent";
  }
  CapturedMessage message;
  Head head{};
  Attributes attributes;
};

std::uint16_t flags_of(const Request& request) { return CapturedMessage(to_bytes(request.bytes()))->flags; }
std::uint16_t type_of(const Request& request) { return CapturedMessage(to_bytes(request.bytes()))->type; }

SaSpec full_esp() {
  SaSpec sa{ip("10.1.0.1"), ip("10.1.0.2"), Spi{0xc0de0001}, SaProtocol::esp};
  sa.reqid = 7;
  sa.encryption = SaEncryption{"cbc(aes)", Secret(Bytes(16, 0x22)), 0};
  sa.authentication = SaAuthentication{"hmac(sha256)", Secret(Bytes(32, 0x11)), 128};
  sa.soft = {5000, 0, 100, 0};
  sa.hard = {6000, 0, 200, 0};
  return sa;
}

PolicySpec policy() {
  PolicySpec spec{{prefix("10.1.0.1"), prefix("10.1.0.0/24"), IpProtocol::tcp, {0x400, 0xfc00}, PortMask::one(23)}};
  spec.priority = 0x10000100;
  spec.owner = 0x49504331;
  return spec;
}

// Name in 64 bytes, bits of the key, a further number, the key.
std::string algorithm_hex(std::string_view name, const std::string& numbers, const Bytes& key) {
  Bytes raw = to_bytes(as_bytes(name));
  raw.resize(64);
  return to_hex(raw) + numbers + to_hex(key);
}

}  // namespace

TEST_CASE("a request owns its length, its padding, its sequence number and its sender") {
  Request request(XFRM_MSG_FLUSHSA, NLM_F_ACK);
  request.body(std::uint8_t{255}).attribute(9, std::uint8_t{1}).attribute(10, std::optional<std::uint32_t>{});
  request.set_origin(0x01020304, 0x0a0b0c0d);
  CHECK(to_hex(request.bytes()) ==
        "1c0000001c000500040302010d0c0b0a"
        "ff000000"
        "0500090001000000");
}

TEST_CASE("a request that outgrows its first buffer keeps what it has") {
  Request request(1, 0);
  const Bytes block(100, 0xab);
  for (int i = 0; i < 20; ++i) request.attribute_bytes(3, block);
  const CapturedMessage message(to_bytes(request.bytes()));
  CHECK(message->payload.size() == 20 * 104);
  CHECK(Attributes::parse(message->payload));
}

TEST_CASE("adding an SA is exclusive and carries its algorithms with their keys") {
  const auto request = add_sa(full_esp());
  const Read<xfrm_usersa_info> read(request);
  CHECK(read.message->type == XFRM_MSG_NEWSA);
  CHECK(read.message->flags == (NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL));
  CHECK(read.head.id.spi == htonl(0xc0de0001));
  CHECK(read.head.id.proto == 50);
  CHECK(read.head.id.daddr.a4 == htonl(0x0a010002));
  CHECK(read.head.saddr.a4 == htonl(0x0a010001));
  CHECK(read.head.family == AF_INET);
  CHECK(read.head.reqid == 7);
  CHECK(read.head.mode == XFRM_MODE_TRANSPORT);
  CHECK(read.head.replay_window == 32);
  CHECK(read.head.flags == 0);
  CHECK(read.head.sel.family == 0);
  CHECK(read.head.lft.soft_byte_limit == 5000);
  CHECK(read.head.lft.hard_add_expires_seconds == 200);
  CHECK(read.head.lft.hard_packet_limit == XFRM_INF);  // the kernel takes 0 packets literally
  CHECK(read.head.lft.hard_use_expires_seconds == 0);
  CHECK(read.hex(XFRMA_ALG_CRYPT) == algorithm_hex("cbc(aes)", "80000000", Bytes(16, 0x22)));
  CHECK(read.hex(XFRMA_ALG_AUTH_TRUNC) == algorithm_hex("hmac(sha256)", "0001000080000000", Bytes(32, 0x11)));
  for (const std::uint16_t type :
       {XFRMA_ALG_AEAD, XFRMA_ALG_AUTH, XFRMA_ENCAP, XFRMA_REPLAY_ESN_VAL, XFRMA_MARK, XFRMA_IF_ID, XFRMA_COADDR})
    CHECK(read.hex(type) == "absent");
}

TEST_CASE("an AEAD has one attribute, with its ICV's length") {
  auto sa = full_esp();
  sa.authentication.reset();
  sa.encryption = SaEncryption{"rfc4106(gcm(aes))", Secret(Bytes(20, 0x33)), 96};
  const Read<xfrm_usersa_info> read(add_sa(sa));
  CHECK(read.hex(XFRMA_ALG_AEAD) == algorithm_hex("rfc4106(gcm(aes))", "a000000060000000", Bytes(20, 0x33)));
  CHECK(read.hex(XFRMA_ALG_CRYPT) == "absent");
}

TEST_CASE("a wide window or ESN moves the replay state to its own attribute") {
  struct Row {
    std::uint32_t window;
    bool esn;
    const char* attribute;
    int in_head;
  };
  for (const auto& row : {Row{0, false, "absent", 0}, Row{32, false, "absent", 32},
                          Row{33, false,
                              "02000000"
                              "00000000000000000000000000000000"
                              "21000000"
                              "0000000000000000",
                              0},
                          Row{1, true,
                              "01000000"
                              "00000000000000000000000000000000"
                              "01000000"
                              "00000000",
                              0}}) {
    auto sa = full_esp();
    sa.replay_window = row.window;
    sa.esn = row.esn;
    const Read<xfrm_usersa_info> read(add_sa(sa));
    CAPTURE(row.window, row.esn);
    CHECK(read.hex(XFRMA_REPLAY_ESN_VAL) == row.attribute);
    CHECK(read.head.replay_window == row.in_head);
    CHECK(((read.head.flags & XFRM_STATE_ESN) != 0) == row.esn);
  }
  auto sa = full_esp();
  sa.replay_window = maximum_replay_window;
  CHECK(Read<xfrm_usersa_info>(add_sa(sa)).attributes.find(XFRMA_REPLAY_ESN_VAL)->size() == 24 + 512);
}

TEST_CASE("the SA's flags follow from protocol, family, mode and selector") {
  auto sa = full_esp();
  sa.mode = Mode::tunnel;
  CHECK(Read<xfrm_usersa_info>(add_sa(sa)).head.flags == XFRM_STATE_AF_UNSPEC);
  sa.selector = KernelSelector::any(Family::ipv6);
  const Read<xfrm_usersa_info> tunnel(add_sa(sa));
  CHECK(tunnel.head.flags == 0);
  CHECK(tunnel.head.sel.family == AF_INET6);
  CHECK(tunnel.head.family == AF_INET);

  SaSpec ah{ip("10.1.0.1"), ip("10.1.0.2"), Spi{1}, SaProtocol::ah};
  ah.authentication = SaAuthentication{"hmac(sha256)", Secret(Bytes(32, 1)), 128};
  CHECK(Read<xfrm_usersa_info>(add_sa(ah)).head.flags == XFRM_STATE_ALIGN4);  // RFC 4302, 2.2
  ah.source = ip("fd00::1");
  ah.destination = ip("fd00::2");
  CHECK(Read<xfrm_usersa_info>(add_sa(ah)).head.flags == 0);
}

TEST_CASE("encapsulation, mark, interface and the acquire's sequence are passed on") {
  auto sa = full_esp();
  sa.encapsulation = Encapsulation{4500, 1024};
  sa.mark = Mark{3, 7};
  sa.interface_id = 9;
  sa.acquire_sequence = 77;
  const Read<xfrm_usersa_info> read(update_sa(sa));
  CHECK(read.message->type == XFRM_MSG_UPDSA);
  CHECK((read.message->flags & NLM_F_EXCL) == 0);
  CHECK(read.hex(XFRMA_ENCAP) ==
        "0200"
        "1194"
        "0400"
        "0000"
        "00000000000000000000000000000000");
  CHECK(read.hex(XFRMA_MARK) == "0300000007000000");
  CHECK(read.hex(XFRMA_IF_ID) == "09000000");
  CHECK(read.head.seq == 77);
}

TEST_CASE("an SA is named by destination, SPI, protocol and mark") {
  const SaId id{ip("fd00::2"), Spi{0xc0de0001}, SaProtocol::ah, Mark{3, 7}};
  const Read<xfrm_usersa_id> read(delete_sa(id));
  CHECK(read.message->type == XFRM_MSG_DELSA);
  CHECK(read.message->flags == (NLM_F_REQUEST | NLM_F_ACK));
  CHECK(read.head.family == AF_INET6);
  CHECK(read.head.proto == 51);
  CHECK(read.head.spi == htonl(0xc0de0001));
  CHECK(read.hex(XFRMA_MARK) == "0300000007000000");
  CHECK(type_of(get_sa(id)) == XFRM_MSG_GETSA);
}

TEST_CASE("an SPI is asked for with its range in host order") {
  SpiRequest wanted{ip("10.1.0.1"), ip("10.1.0.2"), SaProtocol::ah, Mode::tunnel, 7, 42, Spi{0x1000}, Spi{0x1fff}};
  const Read<xfrm_userspi_info> read(allocate_spi(wanted));
  CHECK(read.message->type == XFRM_MSG_ALLOCSPI);
  CHECK(read.head.min == 0x1000);
  CHECK(read.head.max == 0x1fff);
  CHECK(read.head.info.seq == 42);
  CHECK(read.head.info.reqid == 7);
  CHECK(read.head.info.mode == XFRM_MODE_TUNNEL);
  CHECK(read.head.info.id.spi == 0);
  CHECK(read.head.info.flags == 0);
}

TEST_CASE("a policy is added exclusively and updated in place") {
  const Read<xfrm_userpolicy_info> read(add_policy(policy()));
  CHECK(read.message->type == XFRM_MSG_NEWPOLICY);
  CHECK(read.message->flags == (NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL));
  CHECK(read.head.sel.family == AF_INET);
  CHECK(read.head.sel.prefixlen_s == 32);
  CHECK(read.head.sel.prefixlen_d == 24);
  CHECK(read.head.sel.sport == htons(0x400));
  CHECK(read.head.sel.sport_mask == htons(0xfc00));
  CHECK(read.head.sel.dport == htons(23));
  CHECK(read.head.sel.dport_mask == 0xffff);
  CHECK(read.head.sel.proto == 6);
  CHECK(read.head.sel.ifindex == 0);
  CHECK(read.head.sel.user == 0x49504331);
  CHECK(read.head.priority == 0x10000100);
  CHECK(read.head.index == 0);
  CHECK(read.head.dir == XFRM_POLICY_OUT);
  CHECK(read.head.action == XFRM_POLICY_ALLOW);
  CHECK(read.head.lft.hard_byte_limit == XFRM_INF);
  CHECK(read.hex(XFRMA_TMPL) == "absent");

  const auto update = update_policy(policy());
  CHECK(type_of(update) == XFRM_MSG_UPDPOLICY);
  CHECK((flags_of(update) & NLM_F_EXCL) == 0);
}

TEST_CASE("each template has the family of what it is around") {
  auto spec = policy();
  spec.templates = {{SaProtocol::esp, Mode::tunnel, 7, TunnelEndpoints{ip("fd00::1"), ip("fd00::2")}},
                    {SaProtocol::ah, Mode::transport, 8, {}, true}};
  const Read<xfrm_userpolicy_info> read(add_policy(spec));
  const auto bytes = read.attributes.find(XFRMA_TMPL);
  REQUIRE(bytes);
  REQUIRE(bytes->size() == 2 * sizeof(xfrm_user_tmpl));
  const auto tunnel = *read_structure<xfrm_user_tmpl>(*bytes);
  CHECK(tunnel.family == AF_INET6);
  CHECK(tunnel.mode == XFRM_MODE_TUNNEL);
  CHECK(tunnel.reqid == 7);
  CHECK(tunnel.optional == 0);
  CHECK(tunnel.ealgos == ~0U);
  const auto around = *read_structure<xfrm_user_tmpl>(bytes->subspan(sizeof(xfrm_user_tmpl)));
  CHECK(around.family == AF_INET6);  // AH is around the tunnel's packet, not around the inner IPv4 one
  CHECK(around.id.proto == 51);
  CHECK(around.optional == 1);
}

TEST_CASE("what a policy request says is what its decoder reads") {
  auto spec = policy();
  spec.direction = PolicyDirection::forward;
  spec.action = PolicyAction::block;
  spec.mark = Mark{5, 0xff};
  spec.interface_id = 3;
  spec.match_icmp_errors = true;
  spec.templates = {{SaProtocol::esp, Mode::tunnel, 7, TunnelEndpoints{ip("fd00::1"), ip("fd00::2")}, true},
                    {SaProtocol::ah, Mode::transport, 8}};
  const CapturedMessage message(to_bytes(add_policy(spec).bytes()));
  const auto state = decode_policy(message->payload);
  REQUIRE(state);
  CHECK(state->spec == spec);
}

TEST_CASE("what an SA request says is what its decoder reads") {
  auto sa = full_esp();
  sa.esn = true;
  sa.replay_window = 128;
  sa.mode = Mode::tunnel;
  sa.selector = KernelSelector::any(Family::ipv6);
  sa.encapsulation = Encapsulation{4500, 1024};
  sa.mark = Mark{5, 0xff};
  sa.interface_id = 3;
  const CapturedMessage message(to_bytes(add_sa(sa).bytes()));
  const auto state = decode_sa(message->payload, Keys::include);
  REQUIRE(state);
  CHECK(state->spec.id() == sa.id());
  CHECK(state->spec.source == sa.source);
  CHECK(state->spec.mode == sa.mode);
  CHECK(state->spec.selector == sa.selector);
  CHECK(state->spec.soft == sa.soft);
  CHECK(state->spec.hard == sa.hard);
  CHECK(state->spec.esn);
  CHECK(state->spec.replay_window == 128);
  CHECK(state->spec.encapsulation == sa.encapsulation);
  CHECK(state->spec.interface_id == 3);
  CHECK(to_hex(state->spec.authentication->key.view()) == to_hex(Bytes(32, 0x11)));
}

TEST_CASE("a request stays what it is when it moves, whether it is usual or too large for its own place") {
  auto large = policy();
  large.templates.assign(maximum_templates, {SaProtocol::ah, Mode::transport, 8});
  for (const auto& spec : {policy(), large}) {
    auto first = add_policy(spec);
    const auto before = to_bytes(first.bytes());
    const auto second = std::move(first);
    CHECK(to_hex(second.bytes()) == to_hex(before));
    CHECK(first.bytes().empty());  // NOLINT(bugprone-use-after-move): it has nothing any more
  }
}

TEST_CASE("a policy is deleted by its index or by what makes it one") {
  const Read<xfrm_userpolicy_id> by_index(delete_policy_by_index({PolicyDirection::in, 4104}));
  CHECK(by_index.message->type == XFRM_MSG_DELPOLICY);
  CHECK(by_index.head.index == 4104);
  CHECK(by_index.head.dir == XFRM_POLICY_IN);
  CHECK(by_index.hex(XFRMA_MARK) == "absent");
  auto spec = policy();
  spec.mark = Mark{3, 7};
  const Read<xfrm_userpolicy_id> by_selector(delete_policy_by_selector(spec.key()));
  CHECK(by_selector.head.index == 0);
  CHECK(by_selector.head.sel.user == 0x49504331);
  CHECK(by_selector.hex(XFRMA_MARK) == "0300000007000000");
  CHECK(type_of(get_policy(spec.key())) == XFRM_MSG_GETPOLICY);
}

TEST_CASE("dumps have no body, only their filter") {
  CHECK(to_hex(dump_policies().bytes()) == "10000000150001030000000000000000");
  CHECK(to_hex(dump_sas(std::nullopt).bytes()) == "10000000120001030000000000000000");
  CHECK(to_hex(dump_sas(SaProtocol::ah).bytes()) ==
        "18000000120001030000000000000000"
        "0500190033000000");
}

TEST_CASE("default actions leave alone what is not named") {
  const auto body = [](const DefaultActions& actions) {
    return to_hex(CapturedMessage(to_bytes(set_default(actions).bytes()))->payload.first(3));
  };
  CHECK(body({PolicyAction::block, PolicyAction::allow, std::nullopt}) == "010200");
  CHECK(body({std::nullopt, std::nullopt, PolicyAction::block}) == "000001");
}

TEST_CASE("hash thresholds are sent for the families that are named") {
  const Read<std::uint32_t> read(set_hash_thresholds({HashThreshold{8, 24}, std::nullopt}));
  CHECK(read.message->type == XFRM_MSG_NEWSPDINFO);
  CHECK(read.hex(XFRMA_SPD_IPV4_HTHRESH) == "0818");
  CHECK(read.hex(XFRMA_SPD_IPV6_HTHRESH) == "absent");
}
