#include "base/text.hpp"
#include "cli/ipsec_mgr/screen/pick_list.hpp"
#include "crypto/algorithms.hpp"
#include "model/transform.hpp"

namespace ipsec9000::screen {

namespace {
// Single ones first, then every ESP nested in every AH.
std::vector<std::string> all_transforms(bool allow_legacy) {
  std::vector<std::string> singles;
  for (const auto& name : transform_names()) {
    const auto transform = Transform::parse(name);
    if (transform && (allow_legacy || (!transform->is_legacy()))) singles.push_back(name);
  }
  std::vector<std::string> all;
  for (const auto& name : singles)
    if (const auto transform = Transform::parse(name); allow_legacy || transform->is_authenticated())
      all.push_back(name);
  for (const auto& outer : singles)
    for (const auto& inner : singles)
      if (outer.starts_with("AH-") && inner.starts_with("ESP-")) all.push_back(outer + "+" + inner);
  return all;
}

std::vector<std::string> all_proposals(bool allow_legacy) {
  std::vector<std::string> all;
  for (const auto& encryption : all_encryptions())
    for (const auto& hash : all_hashes())
      for (const auto& group : all_groups()) {
        const auto name = std::string(encryption.name) + "-" + std::string(hash.name) + "-" + std::string(group.name);
        if (!allow_legacy && (encryption.legacy || hash.legacy || group.legacy)) continue;
        if (IkeProposal::parse(name)) all.push_back(name);
      }
  return all;
}

std::vector<std::string> all_group_names(bool allow_legacy) {
  std::vector<std::string> all{""};
  for (const auto& group : all_groups())
    if (allow_legacy || !group.legacy) all.emplace_back(group.name);
  return all;
}
}  // namespace

Choices choices_for(const std::string& path, const ConfigurationKey& key, bool allow_legacy) {
  if (path == "transforms") return {all_transforms(allow_legacy), true};
  if (path == "proposals") return {all_proposals(allow_legacy), true};
  if (path == "pfs") return {all_group_names(allow_legacy), false};
  if (path == "filter.protocol") return {{"any", "tcp", "udp", "sctp", "icmp", "icmpv6"}, false};
  if (key.type == KeyType::boolean) return {{"false", "true"}, false};
  Choices choices;
  if (!key.required && !key.words().empty()) choices.words.emplace_back();
  for (const auto word : key.words()) choices.words.emplace_back(word);
  return choices;
}

}  // namespace ipsec9000::screen
