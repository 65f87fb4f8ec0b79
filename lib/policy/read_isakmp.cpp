#include "base/text.hpp"
#include "policy/reader.hpp"

namespace ipsec9000 {

namespace {
const ConfigurationKey& isakmp_keys() { return *configuration_root().find("isakmp_policies"); }
}  // namespace

void ConfigurationReader::read_isakmp_policy(std::size_t index, const Node& item) {
  const auto pointer = pointer_to("/isakmp_policies", index);
  bool good = check_shape(item, item_key(isakmp_keys()), pointer, messages_);
  IsakmpPolicy policy;
  policy.place = static_cast<unsigned>(index + 1);
  good &= read_name(item, isakmp_keys(), pointer, messages_, policy.name) &&
          is_new_name(policy.name, item, pointer, isakmp_lines_);
  if (const auto* remote = item.usable("remote"))
    good &=
        read_prefix(*remote, *isakmp_keys().find("remote"), pointer_to(pointer, "remote"), messages_, policy.remote);
  good &= check_isakmp_methods(item, pointer, policy);
  good &= read_proposals(item, pointer, policy);
  good &= read_identities(item, pointer, policy);
  if (const auto* lifetime = item.usable("lifetime")) {
    policy.lifetime = static_cast<std::uint32_t>(lifetime->number);
    if (policy.lifetime != 0 && policy.lifetime < lifetime_seconds_minimum)
      refuse(*lifetime, *isakmp_keys().find("lifetime"), pointer_to(pointer, "lifetime"), messages_);
    else if (policy.lifetime != 0 && policy.lifetime < lifetime_seconds_hp_minimum)
      messages_.warning(lifetime->where, pointer_to(pointer, "lifetime"),
                        "a lifetime of " + std::to_string(policy.lifetime) + " seconds is under " +
                            std::to_string(lifetime_seconds_hp_minimum) + ", the least of HP-UX IPSec");
  }
  if (const auto* count = item.usable("max_quick_modes"))
    policy.max_quick_modes = static_cast<std::uint32_t>(count->number);
  isakmp_sound_ &= good;
  configuration_.isakmp_policies.push_back(std::move(policy));
}

bool ConfigurationReader::check_isakmp_methods(const Node& item, const std::string& pointer, IsakmpPolicy& policy) {
  bool good = true;
  if (const auto* method = item.usable("authentication"))
    for (const auto each : {AuthenticationMethod::rsa_signature, AuthenticationMethod::ecdsa_signature})
      if (method->text == to_string(each)) policy.authentication = each;
  if (const auto* exchange = item.usable("exchange"); exchange != nullptr && exchange->text == "aggressive") {
    policy.aggressive = true;
    if (policy.authentication != AuthenticationMethod::psk) {
      messages_.error(exchange->where, pointer_to(pointer, "exchange"), exchange->shown(), "\"main\"",
                      "Aggressive Mode is done with pre-shared keys only");
      good = false;
    } else {
      messages_.warning(exchange->where, pointer_to(pointer, "exchange"),
                        "Aggressive Mode with a pre-shared key: whoever hears it, or asks for it, can guess the key at "
                        "leisure, and sees both identities");
    }
  }
  return good;
}

bool ConfigurationReader::read_proposals(const Node& item, const std::string& pointer, IsakmpPolicy& policy) {
  const auto* list = item.usable("proposals");
  if (list == nullptr) return false;
  const auto here = pointer_to(pointer, "proposals");
  constexpr std::size_t proposal_limit = 100;
  if (list->children.empty() || list->children.size() > proposal_limit) {
    messages_.error(list->where, here, std::to_string(list->children.size()) + " proposals",
                    "1 to " + std::to_string(proposal_limit));
    return false;
  }
  bool good = true;
  for (std::size_t index = 0; index < list->children.size(); ++index) {
    const auto& node = list->children[index];
    if (node.refused) continue;
    auto proposal = IkeProposal::parse(node.text);
    if (!proposal) {
      messages_.error(node.where, pointer_to(here, index), node.shown(),
                      "CIPHER-HASH-GROUP such as AES128-SHA256-MODP2048", proposal.error().text);
      good = false;
      continue;
    }
    if (proposal->is_legacy())
      legacy_.error(node.where, pointer_to(here, index), node.shown(),
                    "DES, 3DES, MD5, MODP768 and MODP1024 only with \"allow_legacy\": true");
    policy.proposals.push_back(*proposal);
  }
  return good;
}

bool ConfigurationReader::read_identities(const Node& item, const std::string& pointer, IsakmpPolicy& policy) {
  bool good = true;
  const auto read = [&](const char* name, std::optional<Identity>& identity) {
    const auto* node = item.usable(name);
    if (node == nullptr) return;
    auto parsed = Identity::parse(node->text);
    if (parsed) {
      identity = *parsed;
      return;
    }
    refuse(*node, *isakmp_keys().find(name), pointer_to(pointer, name), messages_, parsed.error().text);
    good = false;
  };
  read("local_id", policy.local_id);
  read("remote_id", policy.remote_id);
  return good;
}

}  // namespace ipsec9000
