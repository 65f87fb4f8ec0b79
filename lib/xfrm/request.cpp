#include "xfrm/request.hpp"

#include <linux/netlink.h>
#include <netinet/udp.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "xfrm/abi.hpp"
#include "xfrm/message.hpp"

namespace ipsec9000 {

// `near_` stays as it is until written to: nobody reads beyond `size_`.
// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
Request::Request(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  append_padded(view_of(header));
}

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
Request::Request(Request&& other) noexcept : size_(other.size_), far_(std::move(other.far_)) {
  if (far_.empty()) {
    std::copy_n(other.near_.begin(), size_, near_.begin());
    other.wipe();
  }
  other.size_ = 0;
}

Request::~Request() { wipe(); }

void Request::wipe() {
  wipe_memory(data(), size_);
  size_ = 0;
}

// Growing by hand: what a vector leaves behind when it moves to a larger place could be a key.
void Request::reserve(std::size_t more) {
  const std::size_t room = far_.empty() ? near_.size() : far_.size();
  if (room - size_ >= more) return;
  Bytes larger(std::max(size_ + more, 2 * room));
  std::copy_n(data(), size_, larger.begin());
  wipe_memory(data(), size_);
  far_ = std::move(larger);
}

void Request::append(ByteView value) {
  std::copy(value.begin(), value.end(), data() + size_);
  size_ += value.size();
}

void Request::append_padded(ByteView value) {
  reserve(aligned(value.size()));
  append(value);
  const auto padded = aligned(size_);
  std::fill(data() + size_, data() + padded, std::uint8_t{0});
  size_ = padded;
  const auto length = static_cast<std::uint32_t>(size_);
  std::memcpy(data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
}

Request& Request::attribute_parts(std::uint16_t attribute_type, ByteView head, ByteView tail) {
  const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + head.size() + tail.size()), attribute_type};
  reserve(aligned(header.nla_len));
  append(view_of(header));
  append(head);
  append_padded(tail);
  return *this;
}

void Request::set_origin(std::uint32_t sequence, std::uint32_t port) {
  std::memcpy(data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
  std::memcpy(data() + offsetof(nlmsghdr, nlmsg_pid), &port, sizeof port);
}

void Request::leave_out_acknowledgement() {
  nlmsghdr header{};
  std::memcpy(&header, data(), sizeof header);
  header.nlmsg_flags &= static_cast<std::uint16_t>(~NLM_F_ACK);
  std::memcpy(data(), &header, sizeof header);
}

namespace {

// ---- what SAs and policies share --------------------------------------------------------------------------------

std::optional<xfrm_mark> raw_mark(const std::optional<Mark>& mark) {
  if (!mark) return std::nullopt;
  return xfrm_mark{mark->value, mark->mask};
}

std::optional<std::uint32_t> raw_interface(std::uint32_t interface_id) {
  return interface_id == 0 ? std::nullopt : std::optional(interface_id);
}

// ---- SAs --------------------------------------------------------------------------------------------------------

// Up to 32 packets, and without ESN, the window fits into the SA itself; else it has an attribute of its own.
bool has_replay_attribute(const SaSpec& sa) { return sa.esn || sa.replay_window > 32; }

std::uint8_t sa_flags(const SaSpec& sa) {
  unsigned flags = 0;
  if (sa.esn) flags |= XFRM_STATE_ESN;
  // Without a selector the SA shall carry whatever comes through the tunnel, of either family.
  if (!sa.selector && sa.mode == Mode::tunnel) flags |= XFRM_STATE_AF_UNSPEC;
  // RFC 4302, 2.2: AH is padded to 32 bits over IPv4. The kernel pads to 64, which is right for IPv6 only, and drops
  // what is padded otherwise.
  if (sa.protocol == SaProtocol::ah && sa.source.is_ipv4()) flags |= XFRM_STATE_ALIGN4;
  return static_cast<std::uint8_t>(flags);
}

xfrm_usersa_info sa_info(const SaSpec& sa) {
  xfrm_usersa_info info{};
  if (sa.selector) info.sel = abi::selector(*sa.selector);
  info.id = {abi::address(sa.destination), abi::spi(sa.spi), static_cast<std::uint8_t>(sa.protocol)};
  info.saddr = abi::address(sa.source);
  info.lft = abi::lifetimes(sa.soft, sa.hard);
  info.seq = sa.acquire_sequence;
  info.reqid = sa.reqid;
  info.family = abi::address_family(sa.source.family());
  info.mode = static_cast<std::uint8_t>(sa.mode);
  info.replay_window = has_replay_attribute(sa) ? std::uint8_t{0} : static_cast<std::uint8_t>(sa.replay_window);
  info.flags = sa_flags(sa);
  return info;
}

// The three algorithm structures end in a flexible array, which C++ cannot embed; hence their heads by size.
void put_algorithm(Request& request, std::uint16_t type, const std::string& name, const Secret& key,
                   std::optional<std::uint32_t> third) {
  struct Head {
    std::array<char, 64> name;
    std::uint32_t key_bits;
    std::uint32_t third;
  } head{};
  static_assert(sizeof(Head) == sizeof(xfrm_algo_auth) && sizeof(Head) == sizeof(xfrm_algo_aead));
  static_assert(sizeof(xfrm_algo) == offsetof(Head, third));
  std::copy_n(name.data(), std::min(name.size(), head.name.size() - 1), head.name.data());
  head.key_bits = static_cast<std::uint32_t>(key.size() * 8);
  head.third = third.value_or(0);
  const std::size_t size = third ? sizeof head : offsetof(Head, third);
  request.attribute_parts(type, ByteView(reinterpret_cast<const std::uint8_t*>(&head), size), key.view());
}

void put_replay_window(Request& request, const SaSpec& sa) {
  if (!has_replay_attribute(sa)) return;
  xfrm_replay_state_esn head{};
  head.bmp_len = (sa.replay_window + 31) / 32;
  head.replay_window = sa.replay_window;
  const Bytes bitmap(head.bmp_len * sizeof(std::uint32_t));
  request.attribute_parts(XFRMA_REPLAY_ESN_VAL, {reinterpret_cast<const std::uint8_t*>(&head), sizeof head}, bitmap);
}

Request sa_request(std::uint16_t type, std::uint16_t flags, const SaSpec& sa) {
  Request request(type, flags);
  request.body(sa_info(sa));
  if (sa.encryption) {
    const auto& [name, key, icv_bits] = *sa.encryption;
    if (icv_bits != 0)
      put_algorithm(request, XFRMA_ALG_AEAD, name, key, icv_bits);
    else
      put_algorithm(request, XFRMA_ALG_CRYPT, name, key, std::nullopt);
  }
  if (sa.authentication) {
    const auto& [name, key, truncation_bits] = *sa.authentication;
    put_algorithm(request, XFRMA_ALG_AUTH_TRUNC, name, key, truncation_bits);
  }
  if (sa.encapsulation) {
    xfrm_encap_tmpl encapsulation{};
    encapsulation.encap_type = UDP_ENCAP_ESPINUDP;
    encapsulation.encap_sport = htons(sa.encapsulation->source_port);
    encapsulation.encap_dport = htons(sa.encapsulation->destination_port);
    request.attribute(XFRMA_ENCAP, encapsulation);
  }
  put_replay_window(request, sa);
  request.attribute(XFRMA_MARK, raw_mark(sa.mark)).attribute(XFRMA_IF_ID, raw_interface(sa.interface_id));
  return request;
}

Request sa_id_request(std::uint16_t type, const SaId& sa) {
  xfrm_usersa_id id{};
  id.daddr = abi::address(sa.destination);
  id.spi = abi::spi(sa.spi);
  id.family = abi::address_family(sa.destination.family());
  id.proto = static_cast<std::uint8_t>(sa.protocol);
  Request request(type, NLM_F_ACK);
  request.body(id).attribute(XFRMA_MARK, raw_mark(sa.mark));
  return request;
}

// ---- policies ---------------------------------------------------------------------------------------------------

void put_templates(Request& request, const PolicySpec& policy) {
  if (policy.templates.empty()) return;
  std::array<xfrm_user_tmpl, maximum_templates> raw;  // cleared one by one: mostly it is one
  const std::size_t count = std::min(policy.templates.size(), raw.size());
  auto family = policy.selector.family();  // a tunnel changes it for the layers around it
  for (std::size_t i = 0; i < count; ++i) {
    const auto& layer = policy.templates[i];
    raw[i] = {};
    if (layer.endpoints) {
      raw[i].id.daddr = abi::address(layer.endpoints->destination);
      raw[i].saddr = abi::address(layer.endpoints->source);
      family = layer.endpoints->source.family();
    }
    raw[i].id.proto = static_cast<std::uint8_t>(layer.protocol);
    raw[i].family = abi::address_family(family);
    raw[i].reqid = layer.reqid;
    raw[i].mode = static_cast<std::uint8_t>(layer.mode);
    raw[i].optional = layer.optional ? 1 : 0;
    raw[i].aalgos = raw[i].ealgos = raw[i].calgos = ~0U;  // which algorithms is for the negotiation to say
  }
  request.attribute_bytes(XFRMA_TMPL, {reinterpret_cast<const std::uint8_t*>(raw.data()), count * sizeof raw[0]});
}

Request policy_request(std::uint16_t type, std::uint16_t flags, const PolicySpec& policy) {
  Request request(type, flags);
  request.body(abi::policy_info(policy));
  put_templates(request, policy);
  request.attribute(XFRMA_MARK, raw_mark(policy.mark)).attribute(XFRMA_IF_ID, raw_interface(policy.interface_id));
  return request;
}

Request policy_id_request(std::uint16_t type, const PolicyKey& key) {
  xfrm_userpolicy_id id{};
  id.sel = abi::selector(key.selector, key.owner);
  id.dir = static_cast<std::uint8_t>(key.direction);
  Request request(type, NLM_F_ACK);
  request.body(id).attribute(XFRMA_MARK, raw_mark(key.mark)).attribute(XFRMA_IF_ID, raw_interface(key.interface_id));
  return request;
}

std::uint8_t raw_default(const std::optional<PolicyAction>& action) {
  if (!action) return XFRM_USERPOLICY_UNSPEC;
  return *action == PolicyAction::block ? XFRM_USERPOLICY_BLOCK : XFRM_USERPOLICY_ACCEPT;
}

std::optional<xfrmu_spdhthresh> raw_threshold(const std::optional<HashThreshold>& threshold) {
  if (!threshold) return std::nullopt;
  return xfrmu_spdhthresh{threshold->local_bits, threshold->remote_bits};
}

}  // namespace

Request add_sa(const SaSpec& sa) { return sa_request(XFRM_MSG_NEWSA, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sa); }
Request update_sa(const SaSpec& sa) { return sa_request(XFRM_MSG_UPDSA, NLM_F_ACK | NLM_F_REPLACE, sa); }
Request delete_sa(const SaId& sa) { return sa_id_request(XFRM_MSG_DELSA, sa); }
Request get_sa(const SaId& sa) { return sa_id_request(XFRM_MSG_GETSA, sa); }

Request dump_sas(std::optional<SaProtocol> protocol) {
  // A dump has no body: its attributes follow the netlink header directly.
  Request request(XFRM_MSG_GETSA, NLM_F_DUMP);
  if (protocol) request.attribute(XFRMA_PROTO, static_cast<std::uint8_t>(*protocol));
  return request;
}

Request dump_sas_between(const IpAddress& source, const IpAddress& destination) {
  Request request(XFRM_MSG_GETSA, NLM_F_DUMP);
  xfrm_address_filter filter{};
  filter.saddr = abi::address(source);
  filter.daddr = abi::address(destination);
  filter.family = static_cast<std::uint16_t>(source.af());
  filter.splen = static_cast<std::uint8_t>(source.bits());
  filter.dplen = static_cast<std::uint8_t>(destination.bits());
  request.attribute(XFRMA_ADDRESS_FILTER, filter);
  return request;
}

Request flush_sas() {
  Request request(XFRM_MSG_FLUSHSA, NLM_F_ACK);
  request.body(xfrm_usersa_flush{IPPROTO_RAW});  // XFRM's word for "AH, ESP, whatever"
  return request;
}

Request allocate_spi(const SpiRequest& wanted) {
  SaSpec larval{wanted.source, wanted.destination, Spi{0}, wanted.protocol, wanted.mode, wanted.reqid};
  larval.acquire_sequence = wanted.acquire_sequence;
  xfrm_userspi_info info{};
  info.info = sa_info(larval);
  info.info.flags = 0;  // the kernel wants the SA's own flags later, with its algorithms
  info.min = static_cast<std::uint32_t>(wanted.first);
  info.max = static_cast<std::uint32_t>(wanted.last);
  Request request(XFRM_MSG_ALLOCSPI, NLM_F_ACK);
  request.body(info);
  return request;
}

Request add_policy(const PolicySpec& policy) {
  return policy_request(XFRM_MSG_NEWPOLICY, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, policy);
}
Request update_policy(const PolicySpec& policy) {
  return policy_request(XFRM_MSG_UPDPOLICY, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, policy);
}
Request delete_policy_by_selector(const PolicyKey& key) { return policy_id_request(XFRM_MSG_DELPOLICY, key); }
Request get_policy(const PolicyKey& key) { return policy_id_request(XFRM_MSG_GETPOLICY, key); }

Request delete_policy_by_index(const PolicyHandle& policy) {
  xfrm_userpolicy_id id{};
  id.index = policy.index;
  id.dir = static_cast<std::uint8_t>(policy.direction);
  Request request(XFRM_MSG_DELPOLICY, NLM_F_ACK);
  request.body(id)
      .attribute(XFRMA_MARK, raw_mark(policy.mark))
      .attribute(XFRMA_IF_ID, raw_interface(policy.interface_id));
  return request;
}

Request dump_policies() { return {XFRM_MSG_GETPOLICY, NLM_F_DUMP}; }
Request flush_policies() { return {XFRM_MSG_FLUSHPOLICY, NLM_F_ACK}; }

Request set_default(const DefaultActions& actions) {
  Request request(XFRM_MSG_SETDEFAULT, NLM_F_ACK);
  request.body(
      xfrm_userpolicy_default{raw_default(actions.in), raw_default(actions.forward), raw_default(actions.out)});
  return request;
}

namespace {
Request request_with_flags_word(std::uint16_t type) {
  Request request(type, NLM_F_ACK);
  request.body(std::uint32_t{0});
  return request;
}
}  // namespace

Request get_default() {
  Request request(XFRM_MSG_GETDEFAULT, NLM_F_ACK);
  request.body(xfrm_userpolicy_default{});
  return request;
}

Request set_hash_thresholds(const HashThresholds& thresholds) {
  Request request = request_with_flags_word(XFRM_MSG_NEWSPDINFO);
  request.attribute(XFRMA_SPD_IPV4_HTHRESH, raw_threshold(thresholds.ipv4))
      .attribute(XFRMA_SPD_IPV6_HTHRESH, raw_threshold(thresholds.ipv6));
  return request;
}

Request get_spd_info() { return request_with_flags_word(XFRM_MSG_GETSPDINFO); }
Request get_sad_info() { return request_with_flags_word(XFRM_MSG_GETSADINFO); }

}  // namespace ipsec9000
