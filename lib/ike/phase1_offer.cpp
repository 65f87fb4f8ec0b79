#include "ike/phase1_offer.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ike/difference.hpp"
#include "ike/methods.hpp"

namespace ipsec9000::ike {

namespace {
using wire::Attribute;
namespace oakley = wire::oakley;

wire::TransformPayload encode(const IsakmpPolicy& policy, std::uint16_t method, const IkeProposal& proposal,
                              std::uint8_t number) {
  const auto& cipher = info(proposal.encryption);
  wire::TransformPayload transform{number, oakley::key_ike, {}};
  const auto add = [&](std::uint16_t type, std::uint32_t value) {
    transform.attributes.push_back(Attribute::of(type, value));
  };
  add(oakley::encryption, cipher.oakley);
  if (cipher.key_length_bits != 0) add(oakley::key_length, cipher.key_length_bits);
  add(oakley::hash, info(proposal.hash).oakley);
  add(oakley::group, static_cast<std::uint32_t>(proposal.group));
  add(oakley::authentication, method);
  if (policy.lifetime != 0) {
    add(oakley::life_type, oakley::life_seconds);
    add(oakley::life_duration, policy.lifetime);
  }
  return transform;
}

// A transform as numbers; unknown algorithms stay numbers so that they can be named in a record.
struct Numbers {
  std::uint64_t encryption = 0;
  std::uint64_t key_length = 0;
  std::uint64_t hash = 0;
  std::uint64_t group = 0;
  std::uint64_t authentication = 0;
  std::uint32_t lifetime = 0;  // seconds; 0: not said
};

Numbers read(const wire::TransformPayload& transform) {
  Numbers numbers{transform.value_of(oakley::encryption),     transform.value_of(oakley::key_length),
                  transform.value_of(oakley::hash),           transform.value_of(oakley::group),
                  transform.value_of(oakley::authentication), 0};
  std::uint64_t unit = 0;  // a duration belongs to the life type before it
  for (const auto& attribute : transform.attributes) {
    if (attribute.type == oakley::life_type) unit = attribute.number().value_or(0);
    if (attribute.type == oakley::life_duration && unit == oakley::life_seconds)
      numbers.lifetime =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(attribute.number().value_or(0), lifetime_maximum));
  }
  return numbers;
}

std::string name_or_number(const auto* known, std::uint64_t number) {
  return known != nullptr ? std::string(known->name) : std::to_string(number);
}

const EncryptionInfo* cipher_of(const Numbers& numbers) {
  return find_oakley_encryption(static_cast<unsigned>(numbers.encryption), static_cast<unsigned>(numbers.key_length));
}

std::string describe(const Numbers& numbers) {
  const auto* cipher = cipher_of(numbers);
  const std::string encryption =
      cipher != nullptr ? std::string(cipher->name)
                        : "cipher " + std::to_string(numbers.encryption) + "/" + std::to_string(numbers.key_length);
  return encryption + "-" + name_or_number(find_oakley_hash(static_cast<unsigned>(numbers.hash)), numbers.hash) + "-" +
         name_or_number(find_group_number(static_cast<unsigned>(numbers.group)), numbers.group);
}

std::vector<Difference> differences(const Numbers& offered, const IkeProposal& ours, std::uint16_t method) {
  std::vector<Difference> found;
  const auto& cipher = info(ours.encryption);
  const auto* theirs = cipher_of(offered);
  if (theirs != nullptr && theirs->id != ours.encryption && theirs->oakley == cipher.oakley)
    found.push_back({"key length", std::string(theirs->name), std::string(cipher.name)});
  else if (theirs == nullptr || theirs->id != ours.encryption)
    found.push_back({"encryption", theirs != nullptr ? std::string(theirs->name) : std::to_string(offered.encryption),
                     std::string(cipher.name)});
  const auto* hash = find_oakley_hash(static_cast<unsigned>(offered.hash));
  if (hash == nullptr || hash->id != ours.hash)
    found.push_back({"hash", name_or_number(hash, offered.hash), std::string(info(ours.hash).name)});
  const auto* group = find_group_number(static_cast<unsigned>(offered.group));
  if (group == nullptr || group->id != ours.group)
    found.push_back({"group", name_or_number(group, offered.group), std::string(info(ours.group).name)});
  if (offered.authentication != method)
    found.push_back({"authentication", method_name(offered.authentication), method_name(method)});
  return found;
}

Refusal no_proposal_chosen(const IsakmpPolicy& policy, std::uint16_t method, const wire::SecurityAssociation& sa) {
  std::vector<Difference> nearest;
  std::vector<std::string> offered;
  for (const auto& proposal : sa.proposals) {
    for (const auto& transform : proposal.transforms) {
      const auto numbers = read(transform);
      if (offered.size() < 16) offered.push_back(describe(numbers));
      for (const auto& ours : policy.proposals) {
        auto apart = differences(numbers, ours, method);
        if (nearest.empty() || apart.size() < nearest.size()) nearest = std::move(apart);
      }
    }
  }
  std::vector<std::string> wanted;
  for (const auto& ours : policy.proposals) wanted.push_back(ours.to_string());
  Refusal refusal;
  refusal.event = &audit::no_proposal_chosen;
  refusal.reason = "no-proposal-chosen";
  refusal.notify = wire::notify::no_proposal_chosen;
  refusal.fatal = true;
  if (nearest.size() == 1)
    refusal.difference = nearest.front();
  else
    refusal.difference = {"", join(offered, ", "), join(wanted, ", ")};
  refusal.fields = {{"phase", "Main Mode"},
                    {"differs", refusal.difference.attribute},
                    {"offered", refusal.difference.offered},
                    {"wanted", refusal.difference.wanted},
                    {"policy", policy.name}};
  return refusal;
}

std::optional<Phase1Choice> match(const IsakmpPolicy& policy, std::uint16_t method,
                                  const wire::TransformPayload& transform) {
  if (transform.id != oakley::key_ike) return std::nullopt;
  const auto numbers = read(transform);
  for (const auto& ours : policy.proposals) {
    if (!differences(numbers, ours, method).empty()) continue;
    std::uint32_t lifetime = policy.lifetime;
    if (numbers.lifetime != 0 && (lifetime == 0 || numbers.lifetime < lifetime)) lifetime = numbers.lifetime;
    return Phase1Choice{ours, policy.authentication, lifetime};
  }
  return std::nullopt;
}
}  // namespace

wire::SecurityAssociation offer_phase1(const IsakmpPolicy& policy, std::uint16_t method) {
  wire::ProposalPayload proposal{1, wire::protocol::isakmp, {}, {}};
  for (const auto& ours : policy.proposals)
    proposal.transforms.push_back(
        encode(policy, method, ours, static_cast<std::uint8_t>(proposal.transforms.size() + 1)));
  return {1, 1, {std::move(proposal)}};
}

std::variant<Phase1Answer, Refusal> choose_phase1(const IsakmpPolicy& policy, std::uint16_t method,
                                                  const wire::SecurityAssociation& offered) {
  if (offered.doi != 1 || offered.situation != 1)
    return bad_packet("a security association for DOI " + std::to_string(offered.doi) +
                      ", not IPSec with identity only");
  for (const auto& proposal : offered.proposals) {
    if (proposal.protocol != wire::protocol::isakmp) continue;
    for (const auto& transform : proposal.transforms) {
      const auto choice = match(policy, method, transform);
      if (!choice) continue;
      return Phase1Answer{
          *choice, {1, 1, {wire::ProposalPayload{proposal.number, proposal.protocol, proposal.spi, {transform}}}}};
    }
  }
  return no_proposal_chosen(policy, method, offered);
}

std::variant<Phase1Choice, Refusal> accept_phase1(const IsakmpPolicy& policy, std::uint16_t method,
                                                  const wire::SecurityAssociation& reply) {
  if (reply.doi != 1 || reply.situation != 1 || reply.proposals.size() != 1 ||
      reply.proposals.front().transforms.size() != 1)
    return bad_packet(
        "a security association reply that does not hold exactly one transform for IPSec with identity only");
  if (reply.proposals.front().protocol == wire::protocol::isakmp)
    if (auto choice = match(policy, method, reply.proposals.front().transforms.front())) return *choice;
  auto refusal = no_proposal_chosen(policy, method, reply);
  refusal.fatal = false;  // a forged answer must not end the negotiation
  refusal.notify = 0;
  return refusal;
}

}  // namespace ipsec9000::ike
