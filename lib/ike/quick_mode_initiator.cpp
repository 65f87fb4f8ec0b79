#include <algorithm>

#include "ike/quick_mode_parts.hpp"
#include "ike/traffic_identity.hpp"

namespace ipsec9000::ike::quick_mode {

namespace {
Outcome send_offer(std::shared_ptr<const Protection> protection, std::shared_ptr<const DhKeyPair> dh,
                   const Channel& channel, const Context& context) {
  const auto ours = needed_spis(protection->transforms, context.fresh);
  auto ni = fresh_nonce(context.random);
  std::vector<wire::Payload> payloads{offer_phase2(*protection, ours, terms_for(context)), wire::Nonce{ni}};
  if (dh) payloads.push_back(wire::KeyExchange{dh->public_value});
  for (auto& identity : identities_of(protection->selector, Role::initiator)) payloads.push_back(std::move(identity));
  for (auto& address : original_addresses(protection->mode, Role::initiator, context))
    payloads.push_back(std::move(address));
  auto sealed = seal(channel, header_of(context), with_hash_1(context.keys, context.message_id, std::move(payloads)));
  if (!sealed) return crypto_failed(sealed.error());
  Step step;
  step.send = std::move(sealed->message);
  step.next = Offered{std::move(protection), std::move(sealed->next), ours, std::move(ni), std::move(dh)};
  return step;
}

// What a Quick Mode reply must hold, besides its hash.
struct Reply {
  Phase2Choice choice;
  Bytes nr;
  std::optional<Bytes> public_value;
};

// The identities come back as they were sent, or not at all. Some return the addresses that they see where those are
// translated; which hosts are meant is clear in transport mode.
bool returns_identities(const Offered& state, const wire::DecodedChain& chain, Path path) {
  const auto returned = chain.all<wire::Identification>();
  if (returned.empty()) return true;
  if (returned.size() != 2) return false;
  const bool any_address = path == Path::udp && state.protection->mode == Mode::transport;
  const auto sent = identities_of(state.protection->selector, Role::initiator);
  for (std::size_t i = 0; i < 2; ++i) {
    auto id = *returned[i];
    const auto& ours = std::get<wire::Identification>(sent[i]);
    if (any_address && id.id_type == ours.id_type && id.value.size() == ours.value.size()) id.value = ours.value;
    if (id != ours) return false;
  }
  return true;
}

std::variant<Reply, Refusal> read_reply(const Offered& state, const wire::DecodedChain& chain, const Terms& terms) {
  if (auto refusal = unknown_payload(chain)) return std::move(*refusal);
  const auto* sa = chain.only<wire::SecurityAssociation>();
  const auto* nonce = chain.only<wire::Nonce>();
  const auto* key = chain.only<wire::KeyExchange>();
  if (sa == nullptr || sa->doi != 1 || sa->situation != 1 || nonce == nullptr || nonce->value.size() < 8 ||
      nonce->value.size() > 256)
    return bad_packet("a Quick Mode reply without one SA and one NONCE payload");
  if ((key != nullptr) != (state.dh != nullptr))
    return bad_packet("a Quick Mode reply whose KE payload does not fit what was offered");
  if (key != nullptr)
    if (auto checked = check_public_value(state.dh->group, key->value); !checked)
      return bad_packet(checked.error().text);
  if (!returns_identities(state, chain, terms.path))
    return bad_packet("a Quick Mode reply with other identities than were offered");
  auto accepted = accept_phase2(*state.protection, *sa, terms);
  if (auto* refusal = std::get_if<Refusal>(&accepted)) return std::move(*refusal);
  Reply reply{std::get<Phase2Choice>(accepted), nonce->value,
              key != nullptr ? std::optional(key->value) : std::nullopt};
  for (const auto* notification : chain.all<wire::Notification>())
    if (notification->notify_type == wire::notify::responder_lifetime)
      apply_lifetime_notification(*notification, reply.choice.transform.lifetime);
  return reply;
}

Refusal ah_through_nat() {
  Refusal refusal;
  refusal.event = &audit::qm_failed;
  refusal.fields = {{"reason", "addresses are translated on the way, and AH cannot pass that: use ESP"}};
  refusal.reason = "ah-through-nat";
  refusal.difference = {"protocol", "AH", "ESP"};
  refusal.fatal = true;
  return refusal;
}

Outcome finish(const Deriving& state, const Secret* shared, const Context& context) {
  auto pair = std::make_shared<Pair>(
      Pair{*state.protection, state.choice.transform, spis_for(state.choice.transform, state.ours), state.choice.peer,
           Role::initiator, udp_path_of(terms_for(context).path, context), state.choice.extended_sequence});
  auto sealed = seal(state.channel, header_of(context),
                     {wire::Hash{hash_3(context.keys, context.message_id, state.ni, state.nr)}});
  if (!sealed) return crypto_failed(sealed.error());
  Step step;
  step.next = Done{};
  step.send = std::move(sealed->message);
  for (const auto direction : {Direction::in, Direction::out})
    for (auto& sa : make_sas(*pair, direction, context.keys, shared, state.ni, state.nr, context.random))
      step.install.push_back(std::move(sa));
  step.complete = std::move(pair);
  return step;
}
}  // namespace

Outcome start(const Protection& protection, const Channel& channel, const Context& context) {
  if (context.nat.any() && std::all_of(protection.transforms.begin(), protection.transforms.end(),
                                       [](const auto& transform) { return transform.ah.has_value(); }))
    return ah_through_nat();
  auto shared = std::make_shared<const Protection>(protection);
  if (!protection.pfs) return send_offer(std::move(shared), nullptr, channel, context);
  Step step;
  step.next = GeneratingKey{std::move(shared)};
  step.job = DhJob{*protection.pfs, nullptr, std::nullopt};
  return step;
}

Outcome on(const GeneratingKey& state, const DhOutcome& event, const Context& context, const Channel& channel) {
  return send_offer(state.protection, event.ours, channel, context);
}

Outcome on(const Offered& state, const Message& event, const Context& context) {
  const auto& opened = event.opened;
  const auto covered = after_hash(opened);
  const auto* hash = opened.chain.only<wire::Hash>();
  if (!covered || hash == nullptr ||
      !equal_constant_time(hash->value, hash_2(context.keys, context.message_id, state.ni, *covered)))
    return bad_hash();
  auto read = read_reply(state, opened.chain, terms_for(context));
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  auto& reply = std::get<Reply>(read);
  Deriving deriving{state.protection, opened.next, state.ours, state.ni, std::move(reply.nr), reply.choice};
  if (!reply.public_value) return finish(deriving, nullptr, context);
  Step step;
  step.job = DhJob{state.dh->group, state.dh, std::move(reply.public_value)};
  step.next = std::move(deriving);
  return step;
}

Outcome on(const Deriving& state, const DhOutcome& event, const Context& context) {
  return finish(state, event.shared.get(), context);
}

}  // namespace ipsec9000::ike::quick_mode
