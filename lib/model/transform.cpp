#include "model/transform.hpp"

#include "base/text.hpp"

namespace ipsec9000 {

namespace {
struct NamedTransform {
  std::string name;
  std::optional<Integrity> ah;
  std::optional<EspSuite> esp;
};

// HMAC names carry "HMAC-" inside ESP, as HP wrote them; the AES MACs do not.
std::string integrity_suffix(const IntegrityInfo& integrity) {
  return std::string(integrity.shown.starts_with("HMAC-") ? "-HMAC-" : "-") + std::string(integrity.name);
}

std::vector<NamedTransform> every_transform() {
  std::vector<NamedTransform> all;
  for (const auto& integrity : all_integrities())
    if (integrity.ah_transform != 0) all.push_back({"AH-" + std::string(integrity.name), integrity.id, std::nullopt});
  for (const auto& encryption : all_encryptions()) {
    const std::string base = "ESP-" + std::string(encryption.name);
    if (encryption.id != Encryption::null)
      all.push_back({base, std::nullopt, EspSuite{encryption.id, Integrity::none}});
    if (encryption.icv_bits != 0) continue;
    for (const auto& integrity : all_integrities())
      if (integrity.authentication != 0)
        all.push_back({base + integrity_suffix(integrity), std::nullopt, EspSuite{encryption.id, integrity.id}});
  }
  return all;
}

const std::vector<NamedTransform>& known_transforms() {
  static const auto all = every_transform();
  return all;
}

const NamedTransform* find_transform(std::string_view name) {
  const auto wanted = to_lower(name);
  for (const auto& known : known_transforms())
    if (to_lower(known.name) == wanted) return &known;
  return nullptr;
}

Error unknown_transform(std::string_view name) {
  std::string message = "\"" + escape_control(name) + "\" is no transform";
  if (auto near = nearest_word(name, transform_names()))
    message += "; did you mean \"" + *near + "\"?";
  else
    message += "; examples: ESP-AES128-HMAC-SHA256, AH-SHA256, AH-SHA256+ESP-AES128, ESP-AES256-GCM16";
  return Error{ErrorCode::invalid_input, message};
}

Result<std::uint32_t> parse_limit(std::string_view text, std::uint32_t minimum, std::string_view unit) {
  const auto value = parse_number(text, lifetime_maximum);
  if (!value || (*value != 0 && *value < minimum))
    return Error{ErrorCode::invalid_input, "\"" + escape_control(text) + "\" is no lifetime in " + std::string(unit) +
                                               ": 0 (none) or " + std::to_string(minimum) + "-" +
                                               std::to_string(lifetime_maximum)};
  return static_cast<std::uint32_t>(*value);
}

Result<Transform> parse_names(std::string_view names) {
  Transform transform;
  const auto parts = split(names, '+');
  for (const auto& part : parts) {
    const auto* known = find_transform(trim(part));
    if (known == nullptr) return unknown_transform(trim(part));
    const bool twice = (known->ah && transform.ah) || (known->esp && transform.esp);
    if (twice || (known->ah && transform.esp))
      return Error{ErrorCode::invalid_input,
                   "\"" + escape_control(names) +
                       "\": a nested transform is one AH, a plus sign, one ESP (AH-SHA256+ESP-AES128)"};
    if (known->ah) transform.ah = known->ah;
    if (known->esp) transform.esp = known->esp;
  }
  return transform;
}
}  // namespace

const std::vector<std::string>& transform_names() {
  static const auto names = [] {
    std::vector<std::string> all;
    for (const auto& known : known_transforms()) all.push_back(known.name);
    return all;
  }();
  return names;
}

Result<Transform> Transform::parse(std::string_view text) {
  const auto parts = split(text, '/');
  if (parts.size() > 3)
    return Error{ErrorCode::invalid_input,
                 "\"" + escape_control(text) + "\": a transform is NAME, NAME/SECONDS or NAME/SECONDS/KILOBYTES"};
  auto transform = parse_names(parts[0]);
  if (!transform) return transform;
  if (parts.size() > 1) {
    auto limit = parse_limit(parts[1], lifetime_seconds_minimum, "seconds");
    if (!limit) return limit.error();
    transform->lifetime.seconds = *limit;
  }
  if (parts.size() > 2) {
    auto limit = parse_limit(parts[2], lifetime_kilobytes_minimum, "kilobytes");
    if (!limit) return limit.error();
    transform->lifetime.kilobytes = *limit;
  }
  return transform;
}

std::string Transform::name() const {
  std::vector<std::string> parts;
  if (ah) parts.push_back("AH-" + std::string(info(*ah).name));
  if (esp) {
    std::string part = "ESP-" + std::string(info(esp->encryption).name);
    if (esp->integrity != Integrity::none) part += integrity_suffix(info(esp->integrity));
    parts.push_back(part);
  }
  return join(parts, "+");
}

std::string Transform::to_string() const {
  return name() + "/" + std::to_string(lifetime.seconds) + "/" + std::to_string(lifetime.kilobytes);
}

bool Transform::is_legacy() const {
  return (ah && info(*ah).legacy) || (esp && (info(esp->encryption).legacy || info(esp->integrity).legacy));
}

bool Transform::is_authenticated() const {
  return ah.has_value() || (esp && (esp->integrity != Integrity::none || info(esp->encryption).icv_bits != 0));
}

Result<IkeProposal> IkeProposal::parse(std::string_view text) {
  const auto parts = split(text, '-');
  if (parts.size() != 3)
    return Error{
        ErrorCode::invalid_input,
        "\"" + escape_control(text) + "\" is no ISAKMP proposal: CIPHER-HASH-GROUP, such as AES128-SHA256-MODP2048"};
  const auto* encryption = find_encryption(parts[0]);
  const auto* hash = find_hash(parts[1]);
  const auto* group = find_group(parts[2]);
  const auto refuse = [&](const std::string& word, std::string_view what, auto table, auto usable) {
    std::vector<std::string> names;
    for (const auto& row : table)
      if (usable(row)) names.emplace_back(row.name);
    std::string message = "\"" + escape_control(word) + "\" is no " + std::string(what);
    if (auto near = nearest_word(word, names)) message += "; did you mean \"" + *near + "\"?";
    return Error{ErrorCode::invalid_input, message + " (known: " + join(names, ", ") + ")"};
  };
  if (encryption == nullptr || encryption->oakley == 0)
    return refuse(parts[0], "cipher for an ISAKMP SA", all_encryptions(),
                  [](const auto& row) { return row.oakley != 0; });
  if (hash == nullptr) return refuse(parts[1], "hash", all_hashes(), [](const auto&) { return true; });
  if (group == nullptr) return refuse(parts[2], "Oakley group", all_groups(), [](const auto&) { return true; });
  return IkeProposal{encryption->id, hash->id, group->id};
}

std::string IkeProposal::to_string() const {
  return std::string(info(encryption).name) + "-" + std::string(info(hash).name) + "-" + std::string(info(group).name);
}

bool IkeProposal::is_legacy() const { return info(encryption).legacy || info(hash).legacy || info(group).legacy; }

}  // namespace ipsec9000
