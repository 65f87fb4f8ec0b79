#include "base/text.hpp"
#include "policy/parse.hpp"
#include "policy/reader.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t transform_limit = 100;  // of one policy; a Quick Mode message holds no more

const ConfigurationKey& policy_keys() { return *configuration_root().find("policies"); }

std::vector<std::string> group_names() {
  std::vector<std::string> names;
  for (const auto& group : all_groups()) names.emplace_back(group.name);
  return names;
}
}  // namespace

void ConfigurationReader::read_policy(std::size_t index, const Node& item) {
  const auto pointer = pointer_to("/policies", index);
  if (index >= maximum_policies) {
    if (index == maximum_policies)
      messages_.error(item.where, pointer, "more than " + std::to_string(maximum_policies) + " policies");
    return;
  }
  PolicyPositions positions{item.where, item.where, true};
  positions.sound = check_shape(item, item_key(policy_keys()), pointer, messages_);
  Policy policy;
  policy.place = static_cast<unsigned>(index + 1);
  if (item.type == Node::Type::object) {
    bool good = read_name(item, policy_keys(), pointer, messages_, policy.name) &&
                is_new_name(policy.name, item, pointer, policy_lines_);
    if (const auto* filter = item.usable("filter")) {
      good &= FilterReader(*filter, pointer_to(pointer, "filter"), messages_, services_).read(policy.filter);
      if (const auto* remote = filter->find("remote")) positions.peer = remote->where;
    }
    good &= read_action(item, pointer, policy);
    good &= read_transforms(item, pointer, policy);
    good &= read_group(item, pointer, policy);
    good &= read_tunnel(item, pointer, policy);
    if (const auto* exclusive = item.usable("exclusive")) policy.exclusive = exclusive->truth;
    if (const auto* name = item.find("name")) positions.name = name->where;
    if (const auto* tunnel = item.find("tunnel")) positions.peer = tunnel->where;
    positions.sound &= good;
  }
  configuration_.policies.push_back(std::move(policy));
  positions_.push_back(positions);
}

bool ConfigurationReader::read_action(const Node& item, const std::string& pointer, Policy& policy) {
  const auto* action = item.usable("action");
  if (action == nullptr) return false;
  if (action->text == "secure") {
    policy.action = Decision::secure;
    const auto* transforms = item.find("transforms");
    if (transforms != nullptr && (transforms->type != Node::Type::array || !transforms->children.empty())) return true;
    messages_.error(transforms == nullptr ? action->where : transforms->where, pointer_to(pointer, "transforms"), "",
                    "", "a policy that secures needs at least one transform, such as \"ESP-AES128-HMAC-SHA256\"");
    return false;
  }
  policy.action = action->text == "pass" ? Decision::pass : Decision::discard;
  return check_only_for_secure(item, pointer);
}

bool ConfigurationReader::check_only_for_secure(const Node& item, const std::string& pointer) {
  bool good = true;
  for (const auto name : {"transforms", "exclusive", "pfs", "tunnel"}) {
    const auto* node = item.find(name);
    if (node == nullptr || (node->type == Node::Type::boolean && !node->truth)) continue;
    messages_.error(node->key_where, pointer_to(pointer, name), "\"" + std::string(name) + "\"",
                    "only with \"action\": \"secure\"", "the action is \"" + item.find("action")->text + "\"");
    good = false;
  }
  return good;
}

bool ConfigurationReader::read_transforms(const Node& item, const std::string& pointer, Policy& policy) {
  const auto* list = item.usable("transforms");
  // Where the action itself is a mistake, the transforms are read all the same: every mistake in one pass.
  const bool out_of_place = item.usable("action") != nullptr && policy.action != Decision::secure;
  if (list == nullptr || out_of_place) return true;
  const auto here = pointer_to(pointer, "transforms");
  if (list->children.size() > transform_limit) {
    messages_.error(list->where, here, std::to_string(list->children.size()) + " transforms",
                    "at most " + std::to_string(transform_limit));
    return false;
  }
  bool good = true;
  for (std::size_t index = 0; index < list->children.size(); ++index)
    if (!list->children[index].refused) good &= read_transform(list->children[index], pointer_to(here, index), policy);
  return good;
}

bool ConfigurationReader::read_transform(const Node& node, const std::string& pointer, Policy& policy) {
  auto transform = Transform::parse(node.text);
  if (!transform) {
    messages_.error(node.where, pointer, node.shown(),
                    "AH or ESP, or AH+ESP, with /SECONDS/KILOBYTES where wanted: ESP-AES128-HMAC-SHA256/28800/0",
                    transform.error().text);
    return false;
  }
  if (transform->is_legacy())
    legacy_.error(node.where, pointer, node.shown(), "DES, 3DES and MD5 only with \"allow_legacy\": true");
  else if (!transform->is_authenticated())
    legacy_.error(node.where, pointer, node.shown(), "ESP with authentication, or nested in AH",
                  "encryption alone can be altered on the way; \"allow_legacy\": true allows it");
  warn_about(*transform, node, pointer, policy);
  policy.transforms.push_back(*transform);
  return true;
}

void ConfigurationReader::warn_about(const Transform& transform, const Node& node, const std::string& pointer,
                                     const Policy& policy) {
  const auto& lifetime = transform.lifetime;
  if (lifetime.seconds != 0 && lifetime.seconds < lifetime_seconds_hp_minimum)
    messages_.warning(node.where, pointer,
                      "a lifetime of " + std::to_string(lifetime.seconds) + " seconds is under " +
                          std::to_string(lifetime_seconds_hp_minimum) + ", the least of HP-UX IPSec");
  if (lifetime.seconds == 0 && lifetime.kilobytes != 0)
    messages_.warning(node.where, pointer,
                      "no limit in seconds beside one in kilobytes: a quiet SA would live for ever");
  if (!policy.transforms.empty()) {
    const auto& first = policy.transforms.front();
    if (first.ah.has_value() != transform.ah.has_value() || first.esp.has_value() != transform.esp.has_value())
      messages_.warning(node.where, pointer,
                        "never proposed: it needs other protocols than the first transform, " + first.name() +
                            ", and a policy of the kernel names its protocols beforehand");
  }
}

bool ConfigurationReader::read_group(const Node& item, const std::string& pointer, Policy& policy) {
  const auto* node = item.usable("pfs");
  if (node == nullptr) return true;
  const auto* group = find_group(node->text);
  if (group == nullptr) {
    messages_.error(node->where, pointer_to(pointer, "pfs"), node->shown(), join(group_names(), ", "),
                    did_you_mean(node->text, group_names()));
    return false;
  }
  if (group->legacy)
    legacy_.error(node->where, pointer_to(pointer, "pfs"), node->shown(),
                  "MODP768 and MODP1024 only with \"allow_legacy\": true");
  policy.pfs = group->id;
  return true;
}

bool ConfigurationReader::read_tunnel(const Node& item, const std::string& pointer, Policy& policy) {
  const auto* node = item.usable("tunnel");
  if (node == nullptr) return true;
  const auto here = pointer_to(pointer, "tunnel");
  const auto& keys = *policy_keys().find("tunnel");
  TunnelEnds ends;
  const auto* local = node->usable("local");
  const auto* remote = node->usable("remote");
  const bool good_local =
      local != nullptr && read_address(*local, *keys.find("local"), pointer_to(here, "local"), messages_, ends.local);
  const bool good_remote = remote != nullptr && read_address(*remote, *keys.find("remote"), pointer_to(here, "remote"),
                                                             messages_, ends.remote);
  if (!good_local || !good_remote) return false;
  if (ends.local.family() != ends.remote.family() || ends.local == ends.remote) {
    messages_.error(remote->where, pointer_to(here, "remote"), remote->shown(),
                    "an address of the same family as \"local\", and another one",
                    "\"local\" is " + ends.local.to_string());
    return false;
  }
  policy.tunnel = ends;
  return true;
}

}  // namespace ipsec9000
