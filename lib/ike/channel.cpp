#include "ike/channel.hpp"

#include "crypto/cipher.hpp"
#include "crypto/hash.hpp"

namespace ipsec9000::ike {

namespace {
Bytes message_id_bytes(std::uint32_t message_id) { return Writer().u32(message_id).take(); }

Channel continued(const Channel& channel, ByteView cipher_text) {
  const auto block = info(channel.keys->encryption).block_bytes;
  return {channel.keys, to_bytes(cipher_text.last(block))};
}
}  // namespace

Result<Opened> open(const Channel& channel, const wire::Header& header, ByteView message) {
  const auto cipher_text = message.subspan(wire::header_size);
  if (cipher_text.empty()) return Error{ErrorCode::truncated, "an encrypted message without content"};
  auto plain = decrypt_cbc(channel.keys->encryption, channel.keys->cipher_key.view(), channel.iv, cipher_text);
  if (!plain) return plain.error();
  auto chain = wire::decode_chain(header.next_payload, *plain);
  if (!chain) return chain.error().within("after decryption");
  if (const auto& transcript = channel.keys->transcript)
    transcript->remember(message, header, header.next_payload, ByteView(*plain).first(chain->length));
  return Opened{std::move(*chain), std::move(*plain), continued(channel, cipher_text)};
}

Result<Sealed> seal(const Channel& channel, wire::Header header, const std::vector<wire::Payload>& payloads) {
  if (payloads.empty()) return Error{ErrorCode::invalid_input, "an encrypted message without content"};
  const std::size_t block = info(channel.keys->encryption).block_bytes;
  Bytes plain = wire::encode_chain(payloads);
  const auto length = plain.size();
  plain.resize((plain.size() + block - 1) / block * block);
  auto cipher_text = encrypt_cbc(channel.keys->encryption, channel.keys->cipher_key.view(), channel.iv, plain);
  if (!cipher_text) return cipher_text.error();
  header.flags |= wire::flags::encryption;
  const auto first = wire::type_of(payloads.front());
  Sealed sealed{wire::encode_message(header, first, *cipher_text), continued(channel, *cipher_text)};
  if (const auto& transcript = channel.keys->transcript)
    transcript->remember(sealed.message, header, first, ByteView(plain).first(length));
  return sealed;
}

Bytes hash_1(const Phase1Keys& keys, std::uint32_t message_id, ByteView after_hash) {
  return prf(keys.hash, keys.skeyid_a.view(), {message_id_bytes(message_id), after_hash});
}

Bytes hash_2(const Phase1Keys& keys, std::uint32_t message_id, ByteView ni, ByteView after_hash) {
  return prf(keys.hash, keys.skeyid_a.view(), {message_id_bytes(message_id), ni, after_hash});
}

Bytes hash_3(const Phase1Keys& keys, std::uint32_t message_id, ByteView ni, ByteView nr) {
  const Bytes zero{0};
  return prf(keys.hash, keys.skeyid_a.view(), {zero, message_id_bytes(message_id), ni, nr});
}

std::optional<ByteView> after_hash(const Opened& opened) {
  const auto& payloads = opened.chain.payloads;
  if (payloads.empty() || !std::holds_alternative<wire::Hash>(payloads.front().value)) return std::nullopt;
  const auto start = payloads.size() > 1 ? opened.chain.offsets[1] : opened.chain.length;
  return ByteView(opened.plain).subspan(start, opened.chain.length - start);
}

std::vector<wire::Payload> with_hash_1(const Phase1Keys& keys, std::uint32_t message_id,
                                       std::vector<wire::Payload> payloads) {
  const auto hash = hash_1(keys, message_id, wire::encode_chain(payloads));
  payloads.insert(payloads.begin(), wire::Hash{hash});
  return payloads;
}

}  // namespace ipsec9000::ike
