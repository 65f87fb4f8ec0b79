#include <netinet/udp.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "xfrm/decode.hpp"
#include "xfrm/decode_parts.hpp"

namespace ipsec9000 {

namespace {

// A kernel algorithm with its key; `number` is the ICV's or the truncated length, where the structure has one.
struct Algorithm {
  std::string name;
  Secret key;
  std::uint32_t number = 0;
};

// xfrm_algo, xfrm_algo_auth and xfrm_algo_aead: a name of 64 bytes, the key's bits, in the latter two another number,
// the key.
Result<std::optional<Algorithm>> algorithm(const Attributes& attributes, std::uint16_t type, Keys keys) {
  const auto bytes = attributes.find(type);
  if (!bytes) return std::optional<Algorithm>{};
  const auto invalid = [](const char* why) {
    return Error{ErrorCode::invalid_input, std::string("an SA's algorithm ") + why};
  };
  Reader reader(*bytes);
  const auto name = reader.take(sizeof xfrm_algo_auth::alg_name);
  const auto key_bits = reader.take(4);
  const bool numbered = type != XFRMA_ALG_CRYPT && type != XFRMA_ALG_AUTH;
  const auto number = numbered ? reader.take(4) : std::nullopt;
  if (reader.failed()) return decode_parts::too_short("an SA's algorithm", bytes->size(), sizeof(xfrm_algo));

  const auto end = std::find(name->begin(), name->end(), 0);
  if (end == name->end()) return invalid("has a name without an end");
  const std::uint64_t wanted = (std::uint64_t{*read_structure<std::uint32_t>(*key_bits)} + 7) / 8;
  const auto key = reader.take_rest();
  if (key.size() != wanted) return invalid("has a key of another length than it says");

  Algorithm found{std::string(name->begin(), end), {}, number ? *read_structure<std::uint32_t>(*number) : 0};
  if (keys == Keys::include) found.key = Secret(key);
  return std::optional(std::move(found));
}

// The kernel describes authentication twice, the second time with the length of the ICV.
Result<std::optional<Algorithm>> authentication(const Attributes& attributes, Keys keys) {
  auto found = algorithm(attributes, XFRMA_ALG_AUTH_TRUNC, keys);
  if (!found || *found) return found;
  return algorithm(attributes, XFRMA_ALG_AUTH, keys);
}

Result<void> read_algorithms(const Attributes& attributes, Keys keys, SaSpec& sa) {
  auto cipher = algorithm(attributes, XFRMA_ALG_CRYPT, keys);
  if (!cipher) return cipher.error();
  auto aead = algorithm(attributes, XFRMA_ALG_AEAD, keys);
  if (!aead) return aead.error();
  auto hash = authentication(attributes, keys);
  if (!hash) return hash.error();
  auto& chosen = *aead ? *aead : *cipher;
  if (chosen) sa.encryption = SaEncryption{std::move(chosen->name), std::move(chosen->key), chosen->number};
  if (*hash) sa.authentication = SaAuthentication{std::move((*hash)->name), std::move((*hash)->key), (*hash)->number};
  return {};
}

Result<void> read_replay(const xfrm_usersa_info& info, const Attributes& attributes, SaState& state) {
  state.spec.replay_window = info.replay_window;
  state.spec.esn = (info.flags & XFRM_STATE_ESN) != 0;
  const auto plain = attributes.get<xfrm_replay_state>(XFRMA_REPLAY_VAL);
  if (!plain) return plain.error();
  if (*plain) state.replay = {(*plain)->oseq, (*plain)->seq};

  const auto bytes = attributes.find(XFRMA_REPLAY_ESN_VAL);
  if (!bytes) return {};
  xfrm_replay_state_esn wide{};  // ends in a flexible array, so it cannot be inside a std::optional
  if (bytes->size() < sizeof wide) return decode_parts::too_short("an SA's replay state", bytes->size(), sizeof wide);
  std::memcpy(&wide, bytes->data(), sizeof wide);
  if (bytes->size() != sizeof wide + std::uint64_t{wide.bmp_len} * sizeof(std::uint32_t))
    return Error{ErrorCode::invalid_input, "an SA's replay state does not fit its own length"};
  state.spec.replay_window = wide.replay_window;
  state.replay = {std::uint64_t{wide.oseq_hi} << 32 | wide.oseq, std::uint64_t{wide.seq_hi} << 32 | wide.seq};
  return {};
}

// The kernel gives an SA without a selector an any-any one of the SA's own family.
Result<std::optional<KernelSelector>> read_selector(const xfrm_usersa_info& info, Family family) {
  if (info.sel.family == AF_UNSPEC) return std::optional<KernelSelector>{};
  auto selector = abi::selector(info.sel);
  if (!selector) return selector.error().within("an SA's selector");
  if (info.mode == XFRM_MODE_TRANSPORT && *selector == KernelSelector::any(family))
    return std::optional<KernelSelector>{};
  return std::optional(*selector);
}

Result<void> read_encapsulation(const Attributes& attributes, SaSpec& sa) {
  const auto raw = attributes.get<xfrm_encap_tmpl>(XFRMA_ENCAP);
  if (!raw) return raw.error();
  if (*raw && (*raw)->encap_type == UDP_ENCAP_ESPINUDP)
    sa.encapsulation = Encapsulation{ntohs((*raw)->encap_sport), ntohs((*raw)->encap_dport)};
  return {};
}

// What does not depend on attributes.
SaSpec plain_fields(const xfrm_usersa_info& info, Family family) {
  SaSpec sa;
  sa.source = abi::address(info.saddr, family);
  sa.destination = abi::address(info.id.daddr, family);
  sa.spi = abi::spi(info.id.spi);
  sa.protocol = static_cast<SaProtocol>(info.id.proto);
  sa.mode = static_cast<Mode>(info.mode);
  sa.reqid = info.reqid;
  sa.soft = abi::soft_limits(info.lft);
  sa.hard = abi::hard_limits(info.lft);
  return sa;
}

}  // namespace

Result<SaState> decode_parts::sa(const xfrm_usersa_info& info, const Attributes& attributes, Keys keys) {
  const auto family = abi::family(info.family);
  if (!family) return family.error().within("an SA");
  SaState state;
  state.spec = plain_fields(info, *family);
  auto selector = read_selector(info, *family);
  if (!selector) return selector.error();
  state.spec.selector = *selector;
  if (auto done = read_algorithms(attributes, keys, state.spec); !done) return done.error();
  if (auto done = read_replay(info, attributes, state); !done) return done.error();
  if (auto done = read_encapsulation(attributes, state.spec); !done) return done.error();
  auto sa_mark = mark(attributes);
  if (!sa_mark) return sa_mark.error();
  state.spec.mark = *sa_mark;
  const auto interface_id = attributes.get<std::uint32_t>(XFRMA_IF_ID);
  if (!interface_id) return interface_id.error();
  state.spec.interface_id = interface_id->value_or(0);
  const auto last_used = attributes.get<std::uint64_t>(XFRMA_LASTUSED);
  if (!last_used) return last_used.error();
  state.last_used = last_used->value_or(0);
  state.sequence = info.seq;
  state.current = abi::current(info.curlft);
  state.replayed_packets = info.stats.replay;
  state.integrity_failures = info.stats.integrity_failed;
  const bool keyed = state.spec.encryption || state.spec.authentication;
  state.condition = keyed && state.spec.spi != Spi{0} ? SaCondition::mature : SaCondition::larval;
  return state;
}

Result<SaState> decode_sa(ByteView payload, Keys keys) {
  const auto message = decode_parts::split_message<xfrm_usersa_info>(payload, "an SA");
  if (!message) return message.error();
  return decode_parts::sa(message->head, message->attributes, keys);
}

Result<SadInfo> decode_sad_info(ByteView payload) {
  const auto message = decode_parts::split_message<std::uint32_t>(payload, "the SA database's figures");
  if (!message) return message.error();
  const auto count = message->attributes.get<std::uint32_t>(XFRMA_SAD_CNT);
  if (!count) return count.error();
  if (!*count) return Error{ErrorCode::truncated, "the SA database's figures are missing in the kernel's answer"};
  const auto hash = message->attributes.get<xfrmu_sadhinfo>(XFRMA_SAD_HINFO);
  if (!hash) return hash.error();
  return SadInfo{**count, *hash ? (*hash)->sadhcnt : 0};
}

}  // namespace ipsec9000
