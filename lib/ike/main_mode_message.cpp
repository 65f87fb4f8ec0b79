// From the bytes of a Main Mode message to a typed event.
#include "ike/authentication.hpp"
#include "ike/phase1_parts.hpp"
#include "wire/describe.hpp"

namespace ipsec9000::ike::main_mode {

std::variant<phase1::Event, Refusal> read_clear(const wire::Header& header, ByteView message) {
  auto read = phase1::read_chain(header, message);
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  const auto& chain = std::get<wire::DecodedChain>(read);
  if (const auto* sa = chain.only<wire::SecurityAssociation>(); sa != nullptr && !chain.payloads.empty()) {
    if (!std::holds_alternative<wire::SecurityAssociation>(chain.payloads.front().value))
      return bad_packet("the SA payload does not come first");
    return phase1::Event{SaMessage{header, *sa, *chain.body_of<wire::SecurityAssociation>(), phase1::features_of(chain),
                                   message.size(), phase1::requests_in(chain)}};
  }
  const auto* key = chain.only<wire::KeyExchange>();
  const auto* nonce = chain.only<wire::Nonce>();
  if (key == nullptr || nonce == nullptr)
    return bad_packet("neither one SA payload nor one KE and one NONCE payload: " + wire::describe(header, &chain));
  if (auto refusal = phase1::check_nonce(nonce->value)) return std::move(*refusal);
  return phase1::Event{
      KeyMessage{key->value, nonce->value, phase1::nat_discovery_in(chain), phase1::requests_in(chain)}};
}

std::variant<phase1::Event, Refusal> read_encrypted(const phase1::Agreed& agreed, const Channel& channel,
                                                    const wire::Header& header, ByteView message) {
  const auto& authentication = authentication_of(agreed.choice.authentication);
  auto opened = open(channel, header, message);
  if (!opened) return authentication.unreadable(opened.error());
  const auto& chain = opened->chain;
  const auto* id = chain.only<wire::Identification>();
  const auto* hash = chain.only<wire::Hash>();
  const auto* signature = chain.only<wire::Signature>();
  if (id == nullptr || (hash == nullptr && signature == nullptr))
    return authentication.unreadable({ErrorCode::invalid_input, "no ID, and no HASH or SIG payload in it"});
  if (auto refusal = phase1::unknown_payload(chain)) return std::move(*refusal);
  AuthMessage event{*id,
                    *chain.body_of<wire::Identification>(),
                    {},
                    {},
                    {},
                    phase1::says_initial_contact(chain),
                    std::move(opened->next),
                    phase1::requests_in(chain)};
  if (hash != nullptr) event.hash = hash->value;
  if (signature != nullptr) event.signature = signature->value;
  for (const auto* certificate : chain.all<wire::Certificate>()) event.certificates.push_back(*certificate);
  return phase1::Event{std::move(event)};
}

}  // namespace ipsec9000::ike::main_mode
