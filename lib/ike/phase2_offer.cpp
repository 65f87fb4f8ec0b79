#include "ike/phase2_offer.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.hpp"
#include "ike/difference.hpp"

namespace ipsec9000::ike {

namespace {
using wire::Attribute;
namespace attribute = wire::ipsec;

Bytes spi_bytes(Spi spi) { return Writer().u32(static_cast<std::uint32_t>(spi)).take(); }

std::uint16_t encapsulation_number(Mode mode, Path path) {
  if (path == Path::udp)
    return mode == Mode::tunnel ? attribute::encapsulation_udp_tunnel : attribute::encapsulation_udp_transport;
  return mode == Mode::tunnel ? attribute::encapsulation_tunnel : attribute::encapsulation_transport;
}

void add_common(wire::TransformPayload& transform, const Protection& protection, const Lifetime& lifetime,
                const Terms& terms) {
  const auto add = [&](std::uint16_t type, std::uint32_t value) {
    transform.attributes.push_back(Attribute::of(type, value));
  };
  if (lifetime.seconds != 0) {
    add(attribute::life_type, attribute::life_seconds);
    add(attribute::life_duration, lifetime.seconds);
  }
  if (lifetime.kilobytes != 0) {
    add(attribute::life_type, attribute::life_kilobytes);
    add(attribute::life_duration, lifetime.kilobytes);
  }
  if (protection.pfs) add(attribute::group, static_cast<std::uint32_t>(*protection.pfs));
  add(attribute::encapsulation, encapsulation_number(protection.mode, terms.path));
  if (terms.extended_sequence) add(attribute::extended_sequence, attribute::extended_sequence_64);
}

wire::TransformPayload encode_ah(const Protection& protection, const Transform& ours, const Terms& terms) {
  const auto& integrity = info(*ours.ah);
  wire::TransformPayload transform{1, integrity.ah_transform, {}};
  add_common(transform, protection, ours.lifetime, terms);
  transform.attributes.push_back(Attribute::of(attribute::authentication, integrity.authentication));
  return transform;
}

wire::TransformPayload encode_esp(const Protection& protection, const Transform& ours, const Terms& terms) {
  const auto& cipher = info(ours.esp->encryption);
  const auto& integrity = info(ours.esp->integrity);
  wire::TransformPayload transform{1, cipher.esp_transform, {}};
  add_common(transform, protection, ours.lifetime, terms);
  if (cipher.key_length_bits != 0)
    transform.attributes.push_back(Attribute::of(attribute::key_length, cipher.key_length_bits));
  if (ours.esp->integrity != Integrity::none)
    transform.attributes.push_back(Attribute::of(attribute::authentication, integrity.authentication));
  return transform;
}

// A transform of either protocol as values. Unknown algorithms are absent.
struct Read {
  std::optional<Integrity> integrity;    // absent: unknown number
  std::optional<Encryption> encryption;  // ESP; absent: unknown number
  std::optional<Mode> mode;
  Path path = Path::direct;
  std::uint64_t extended_sequence = 0;
  std::uint64_t group = 0;
  Lifetime lifetime{0, 0};
};

Lifetime read_lifetime(const std::vector<Attribute>& attributes) {
  Lifetime lifetime{0, 0};
  std::uint64_t unit = 0;
  for (const auto& each : attributes) {
    if (each.type == attribute::life_type) unit = each.number().value_or(0);
    if (each.type != attribute::life_duration) continue;
    const auto value = static_cast<std::uint32_t>(std::min<std::uint64_t>(each.number().value_or(0), lifetime_maximum));
    if (unit == attribute::life_seconds) lifetime.seconds = value;
    if (unit == attribute::life_kilobytes) lifetime.kilobytes = value;
  }
  return lifetime;
}

Read read(std::uint8_t protocol, const wire::TransformPayload& transform) {
  Read result;
  result.lifetime = read_lifetime(transform.attributes);
  result.group = transform.value_of(attribute::group);
  result.extended_sequence = transform.value_of(attribute::extended_sequence);
  const auto encapsulation = transform.value_of(attribute::encapsulation);
  for (const auto path : {Path::direct, Path::udp})
    for (const auto mode : {Mode::tunnel, Mode::transport})
      if (encapsulation == encapsulation_number(mode, path)) std::tie(result.mode, result.path) = std::tie(mode, path);
  const auto authentication = transform.value_of(attribute::authentication);
  if (protocol == wire::protocol::ah) {
    const auto* integrity = find_authentication(static_cast<unsigned>(authentication));
    if (integrity != nullptr && integrity->ah_transform == transform.id) result.integrity = integrity->id;
    return result;
  }
  const auto bits = static_cast<unsigned>(transform.value_of(attribute::key_length));
  const auto* cipher = find_esp_encryption(transform.id, bits);
  if (cipher == nullptr && bits == 0)
    cipher = find_esp_encryption(transform.id, 128);  // RFC 3602: AES without a length is 128
  if (cipher != nullptr) result.encryption = cipher->id;
  const auto* integrity = find_authentication(static_cast<unsigned>(authentication));
  if (authentication == 0)
    result.integrity = Integrity::none;
  else if (integrity != nullptr)
    result.integrity = integrity->id;
  return result;
}

// Nothing but the key length tells them apart.
bool same_cipher(const std::optional<Encryption>& offered, Encryption ours) {
  return offered && info(*offered).esp_transform == info(ours).esp_transform;
}

std::vector<Difference> differences(std::uint8_t protocol, const Read& offered, const Transform& ours,
                                    const Protection& protection, const Terms& terms) {
  std::vector<Difference> found;
  const auto shown = [](const auto& id) { return id ? std::string(info(*id).shown) : std::string("unknown"); };
  if (protocol == wire::protocol::esp && offered.encryption != ours.esp->encryption)
    found.push_back({same_cipher(offered.encryption, ours.esp->encryption) ? "key length" : "encryption",
                     shown(offered.encryption), std::string(info(ours.esp->encryption).shown)});
  const auto wanted_integrity = protocol == wire::protocol::ah ? *ours.ah : ours.esp->integrity;
  if (offered.integrity != wanted_integrity)
    found.push_back({"authentication", shown(offered.integrity), std::string(info(wanted_integrity).shown)});
  if (offered.mode != protection.mode)
    found.push_back({"mode", offered.mode ? std::string(to_string(*offered.mode)) : "unknown",
                     std::string(to_string(protection.mode))});
  if (offered.mode && offered.path != terms.path)
    found.push_back({"encapsulation", offered.path == Path::udp ? "in UDP" : "direct",
                     terms.path == Path::udp ? "in UDP (addresses are translated)" : "direct"});
  const std::uint64_t wanted_sequence = terms.extended_sequence ? attribute::extended_sequence_64 : 0;
  if (offered.extended_sequence != wanted_sequence)
    found.push_back({"sequence numbers", std::to_string(offered.extended_sequence), std::to_string(wanted_sequence)});
  const auto wanted_group = protection.pfs ? static_cast<std::uint64_t>(*protection.pfs) : 0;
  const auto* known = find_group_number(static_cast<unsigned>(offered.group));
  // A peer that wants PFS where our policy does not care gets it, as long as the group is worth something.
  const bool harmless = wanted_group == 0 && known != nullptr && !known->legacy;
  if (offered.group != wanted_group && !harmless)
    found.push_back({"pfs",
                     known != nullptr     ? std::string(known->name)
                     : offered.group == 0 ? "none"
                                          : std::to_string(offered.group),
                     protection.pfs ? std::string(info(*protection.pfs).name) : "none"});
  return found;
}

// The proposals of one number: all of them or none.
struct Offer {
  std::uint8_t number = 0;
  const wire::ProposalPayload* ah = nullptr;
  const wire::ProposalPayload* esp = nullptr;
  bool odd = false;  // a protocol that we do not do, one twice, or a bad SPI
};

std::vector<Offer> by_number(const wire::SecurityAssociation& sa) {
  std::vector<Offer> offers;
  for (const auto& proposal : sa.proposals) {
    auto at =
        std::find_if(offers.begin(), offers.end(), [&](const Offer& offer) { return offer.number == proposal.number; });
    if (at == offers.end()) at = offers.insert(offers.end(), Offer{proposal.number});
    auto** slot = proposal.protocol == wire::protocol::ah    ? &at->ah
                  : proposal.protocol == wire::protocol::esp ? &at->esp
                                                             : nullptr;
    if (slot == nullptr || *slot != nullptr || proposal.spi.size() != 4)
      at->odd = true;
    else
      *slot = &proposal;
  }
  return offers;
}

std::optional<Spi> spi_of(const wire::ProposalPayload* proposal) {
  if (proposal == nullptr) return std::nullopt;
  return static_cast<Spi>(*Reader(proposal->spi).u32());
}

// The first transform of the proposal that does what ours wants; null when none does.
const wire::TransformPayload* matching(const wire::ProposalPayload& proposal, const Transform& ours,
                                       const Protection& protection, const Terms& terms) {
  for (const auto& transform : proposal.transforms)
    if (differences(proposal.protocol, read(proposal.protocol, transform), ours, protection, terms).empty())
      return &transform;
  return nullptr;
}

std::uint32_t shorter(std::uint32_t a, std::uint32_t b) { return a == 0 ? b : b == 0 ? a : std::min(a, b); }

std::optional<Phase2Answer> match(const Protection& protection, const Offer& offer, const Transform& ours,
                                  const Terms& terms) {
  if (terms.path == Path::udp && offer.ah != nullptr) return std::nullopt;
  if (offer.odd || (offer.ah != nullptr) != ours.ah.has_value() || (offer.esp != nullptr) != ours.esp.has_value())
    return std::nullopt;
  const auto* ah = offer.ah != nullptr ? matching(*offer.ah, ours, protection, terms) : nullptr;
  const auto* esp = offer.esp != nullptr ? matching(*offer.esp, ours, protection, terms) : nullptr;
  if ((offer.ah != nullptr && ah == nullptr) || (offer.esp != nullptr && esp == nullptr)) return std::nullopt;
  Phase2Answer answer{{ours, {spi_of(offer.ah), spi_of(offer.esp)}, terms.extended_sequence, false}, offer.number, {}};
  for (const auto* transform : {ah, esp}) {
    if (transform == nullptr) continue;
    const auto theirs = read_lifetime(transform->attributes);
    auto& lifetime = answer.choice.transform.lifetime;
    const Lifetime agreed{shorter(lifetime.seconds, theirs.seconds), shorter(lifetime.kilobytes, theirs.kilobytes)};
    if (agreed != theirs && (theirs.seconds != 0 || agreed.kilobytes != theirs.kilobytes))
      answer.choice.tell_lifetime = true;
    lifetime = agreed;
    answer.chosen.push_back(*transform);
  }
  return answer;
}

std::string name_of(std::uint8_t protocol, const Read& offered) {
  const auto shown = [](const auto& id) { return id ? std::string(info(*id).shown) : std::string("unknown"); };
  if (protocol == wire::protocol::ah) return "AH " + shown(offered.integrity);
  return "ESP " + shown(offered.encryption) + " " + shown(offered.integrity);
}

// The transform of the proposal that comes nearest to ours, by its differences.
std::vector<Difference> nearest_of(const wire::ProposalPayload& proposal, const Transform& ours,
                                   const Protection& protection, const Terms& terms) {
  std::vector<Difference> nearest;
  for (const auto& transform : proposal.transforms) {
    auto apart = differences(proposal.protocol, read(proposal.protocol, transform), ours, protection, terms);
    if (&transform == proposal.transforms.data() || apart.size() < nearest.size()) nearest = std::move(apart);
  }
  return nearest;
}

std::string protocols(bool ah, bool esp) {
  return ah && esp ? "AH+ESP" : ah ? "AH" : esp ? "ESP" : "neither AH nor ESP";
}

// AH and ESP of one proposal may both miss, and say it of what they have in common once.
std::vector<Difference> differences(const Offer& offer, const Transform& ours, const Protection& protection,
                                    const Terms& terms) {
  if ((offer.ah != nullptr) != ours.ah.has_value() || (offer.esp != nullptr) != ours.esp.has_value())
    return {{"protocol", protocols(offer.ah != nullptr, offer.esp != nullptr),
             protocols(ours.ah.has_value(), ours.esp.has_value())}};
  std::vector<Difference> found;
  for (const auto* proposal : {offer.ah, offer.esp}) {
    if (proposal == nullptr) continue;
    for (auto& each : nearest_of(*proposal, ours, protection, terms))
      if (std::find(found.begin(), found.end(), each) == found.end()) found.push_back(std::move(each));
  }
  return found;
}

// What keeps the nearest two apart; several when it is not one attribute. Another protocol is further away than
// anything else.
std::vector<Difference> nearest_differences(const Protection& protection, const std::vector<Offer>& offers,
                                            const Terms& terms) {
  std::vector<Difference> nearest;
  const auto distance = [](const std::vector<Difference>& apart) {
    return apart.empty() || apart.front().attribute == "protocol" ? std::size_t{100} : apart.size();
  };
  for (const auto& offer : offers) {
    for (const auto& ours : protection.transforms) {
      auto apart = differences(offer, ours, protection, terms);
      if (nearest.empty() || distance(apart) < distance(nearest)) nearest = std::move(apart);
    }
  }
  return nearest;
}

Refusal no_proposal_chosen(const Protection& protection, const wire::SecurityAssociation& sa, const Terms& terms) {
  std::vector<std::string> offered, wanted;
  for (const auto& proposal : sa.proposals)
    for (const auto& transform : proposal.transforms)
      if (offered.size() < 16) offered.push_back(name_of(proposal.protocol, read(proposal.protocol, transform)));
  for (const auto& ours : protection.transforms) wanted.push_back(ours.name());
  const auto nearest = nearest_differences(protection, by_number(sa), terms);
  Refusal refusal;
  refusal.event = &audit::no_proposal_chosen;
  refusal.reason = "no-proposal-chosen";
  refusal.notify = wire::notify::no_proposal_chosen;
  refusal.fatal = true;
  if (nearest.size() == 1)
    refusal.difference = nearest.front();
  else
    refusal.difference = {"", join(offered, ", "), join(wanted, ", ")};
  refusal.fields = {{"phase", "Quick Mode"},
                    {"differs", refusal.difference.attribute},
                    {"offered", refusal.difference.offered},
                    {"wanted", refusal.difference.wanted},
                    {"policy", protection.policy}};
  return refusal;
}
}  // namespace

wire::SecurityAssociation offer_phase2(const Protection& protection, const Spis& ours, const Terms& terms) {
  wire::SecurityAssociation sa;
  for (const auto& transform : protection.transforms) {
    if (terms.path == Path::udp && transform.ah) continue;
    const auto number = static_cast<std::uint8_t>(&transform - protection.transforms.data() + 1);
    if (transform.ah)
      sa.proposals.push_back(
          {number, wire::protocol::ah, spi_bytes(*ours.ah), {encode_ah(protection, transform, terms)}});
    if (transform.esp)
      sa.proposals.push_back(
          {number, wire::protocol::esp, spi_bytes(*ours.esp), {encode_esp(protection, transform, terms)}});
  }
  return sa;
}

std::optional<Mode> offered_mode(const wire::SecurityAssociation& offered) {
  for (const auto& proposal : offered.proposals)
    for (const auto& transform : proposal.transforms) return read(proposal.protocol, transform).mode;
  return std::nullopt;
}

Terms offered_terms(const wire::SecurityAssociation& offered) {
  for (const auto& proposal : offered.proposals) {
    for (const auto& transform : proposal.transforms) {
      const auto values = read(proposal.protocol, transform);
      return {values.path, values.extended_sequence == attribute::extended_sequence_64};
    }
  }
  return {};
}

namespace {
// As a policy could name it: a lifetime below what one may say counts as the least.
Lifetime comparable(const Lifetime& offered) {
  const auto at_least = [](std::uint32_t value, std::uint32_t least) {
    return value == 0 ? 0 : std::max(value, least);
  };
  return {at_least(offered.seconds, lifetime_seconds_minimum), at_least(offered.kilobytes, lifetime_kilobytes_minimum)};
}
}  // namespace

std::vector<Transform> offered_transforms(const wire::SecurityAssociation& offered, std::size_t limit) {
  std::vector<Transform> understood;
  for (const auto& offer : by_number(offered)) {
    if (offer.odd) continue;
    const auto ah_count = offer.ah != nullptr ? offer.ah->transforms.size() : 1;
    const auto esp_count = offer.esp != nullptr ? offer.esp->transforms.size() : 1;
    for (std::size_t i = 0; i < ah_count * esp_count && understood.size() < limit; ++i) {
      Transform transform;
      bool known = true;
      if (offer.ah != nullptr) {
        const auto values = read(wire::protocol::ah, offer.ah->transforms[i / esp_count]);
        known = values.integrity.has_value();
        transform.ah = values.integrity;
        transform.lifetime = comparable(values.lifetime);
      }
      if (offer.esp != nullptr) {
        const auto values = read(wire::protocol::esp, offer.esp->transforms[i % esp_count]);
        known = known && values.integrity && values.encryption;
        transform.lifetime = comparable(values.lifetime);
        if (known) transform.esp = EspSuite{*values.encryption, *values.integrity};
      }
      if (known) understood.push_back(transform);
    }
  }
  return understood;
}

std::optional<Group> offered_group(const wire::SecurityAssociation& offered) {
  for (const auto& proposal : offered.proposals)
    for (const auto& transform : proposal.transforms)
      if (const auto* known = find_group_number(static_cast<unsigned>(read(proposal.protocol, transform).group)))
        return known->id;
  return std::nullopt;
}

wire::SecurityAssociation Phase2Answer::reply(const Spis& ours) const {
  wire::SecurityAssociation sa;
  std::size_t next = 0;
  if (choice.transform.ah) sa.proposals.push_back({number, wire::protocol::ah, spi_bytes(*ours.ah), {chosen[next++]}});
  if (choice.transform.esp)
    sa.proposals.push_back({number, wire::protocol::esp, spi_bytes(*ours.esp), {chosen[next++]}});
  return sa;
}

std::variant<Phase2Answer, Refusal> choose_phase2(const Protection& protection,
                                                  const wire::SecurityAssociation& offered, const Terms& terms) {
  for (const auto& offer : by_number(offered))
    for (const auto& ours : protection.transforms)
      if (auto answer = match(protection, offer, ours, terms)) return std::move(*answer);
  return no_proposal_chosen(protection, offered, terms);
}

std::variant<Phase2Choice, Refusal> accept_phase2(const Protection& protection, const wire::SecurityAssociation& reply,
                                                  const Terms& terms) {
  const auto offers = by_number(reply);
  const bool single =
      offers.size() == 1 && std::all_of(reply.proposals.begin(), reply.proposals.end(),
                                        [](const auto& proposal) { return proposal.transforms.size() == 1; });
  if (!single)
    return bad_packet("a security association reply that does not hold exactly one proposal with one transform");
  for (const auto& ours : protection.transforms)
    if (auto answer = match(protection, offers.front(), ours, terms)) return answer->choice;
  auto refusal = no_proposal_chosen(protection, reply, terms);
  refusal.notify = 0;
  return refusal;
}

wire::Notification lifetime_notification(const Phase2Choice& choice, const Spis& ours) {
  wire::Notification notification;
  notification.protocol = ours.esp ? wire::protocol::esp : wire::protocol::ah;
  notification.notify_type = wire::notify::responder_lifetime;
  notification.spi = spi_bytes(ours.esp ? *ours.esp : *ours.ah);
  Writer data;
  const auto add = [&](std::uint16_t unit, std::uint32_t value) {
    if (value == 0) return;
    data.u16(static_cast<std::uint16_t>(0x8000 | attribute::life_type)).u16(unit);
    data.u16(attribute::life_duration).u16(4).u32(value);
  };
  add(attribute::life_seconds, choice.transform.lifetime.seconds);
  add(attribute::life_kilobytes, choice.transform.lifetime.kilobytes);
  notification.data = data.take();
  return notification;
}

void apply_lifetime_notification(const wire::Notification& notification, Lifetime& lifetime) {
  Reader reader(notification.data);
  std::vector<Attribute> attributes;
  while (!reader.empty()) {
    const auto type = reader.u16();
    const auto value = reader.u16();
    if (!value) return;
    if ((*type & 0x8000) != 0) {
      attributes.push_back({static_cast<std::uint16_t>(*type & 0x7fff), *value});
    } else {
      const auto bytes = reader.take(*value);
      if (!bytes) return;
      attributes.push_back({*type, to_bytes(*bytes)});
    }
  }
  const auto told = read_lifetime(attributes);
  lifetime = {shorter(lifetime.seconds, told.seconds), shorter(lifetime.kilobytes, told.kilobytes)};
}

}  // namespace ipsec9000::ike
