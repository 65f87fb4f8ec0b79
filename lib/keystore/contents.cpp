#include "keystore/contents.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_fwd.hpp"

namespace ipsec9000::keystore {

namespace {
Error damaged() { return Error{ErrorCode::invalid_input, "data: the list of entries makes no sense"}; }

std::int64_t as_number(WallTime time) { return time.time_since_epoch().count(); }

Result<KeyEntry> read_entry(const Json& item, Reader& secrets) {
  if (!item.is_object() || !item.contains("kind") || !item.contains("name") || !item.contains("set_at") ||
      !item.contains("length"))
    return damaged();
  const auto* kind = item["kind"].get_ptr<const std::string*>();
  const auto* name = item["name"].get_ptr<const std::string*>();
  if (kind == nullptr || name == nullptr || !item["set_at"].is_number_integer() || !item["length"].is_number_unsigned())
    return damaged();
  if (*kind != to_string(KeyKind::psk) && *kind != to_string(KeyKind::private_key)) return damaged();
  const auto secret = secrets.take(item["length"].get<std::size_t>());
  if (!secret) return damaged();
  KeyEntry entry;
  entry.kind = *kind == to_string(KeyKind::psk) ? KeyKind::psk : KeyKind::private_key;
  entry.name = *name;
  entry.secret = Secret(*secret);
  entry.set_at = WallTime(milliseconds(item["set_at"].get<std::int64_t>()));
  return entry;
}
}  // namespace

Result<void> check_entry(const KeyEntry& entry) {
  const auto refuse = [](const char* why) { return Error{ErrorCode::invalid_input, why}; };
  if (entry.secret.empty()) return refuse("the key is empty");
  if (entry.secret.size() > secret_bytes_maximum) return refuse("the key is longer than 64 KiB");
  if (entry.kind == KeyKind::psk) {
    auto name = normal_remote_name(entry.name);
    if (!name) return name.error();
    if (*name != entry.name) return refuse("the remote host is not in its normal spelling");
    return {};
  }
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (entry.name.empty() || entry.name.size() > 255 || !std::all_of(entry.name.begin(), entry.name.end(), printable))
    return refuse("the name of a private key is 1 to 255 printable ASCII characters");
  return {};
}

Secret pack(const Entries& entries) {
  Json list = Json::array();
  std::size_t secrets = 0;
  for (const auto& [key, stored] : entries) {
    list.push_back(Json{{"kind", std::string(to_string(key.first))},
                        {"name", key.second},
                        {"set_at", as_number(stored.set_at)},
                        {"length", stored.secret.size()}});
    secrets += stored.secret.size();
  }
  const auto directory = list.dump();
  Bytes out;
  out.reserve(4 + directory.size() + secrets);  // never grows after this, so no copy of a secret is left behind
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(directory.size() >> shift));
  append(out, as_bytes(directory));
  for (const auto& [key, stored] : entries) append(out, stored.secret.view());
  return Secret::adopt(std::move(out));
}

Result<Entries> unpack(const Secret& packed) {
  Reader reader(packed.view());
  const auto size = reader.u32();
  const auto directory = size ? reader.take(*size) : std::nullopt;
  if (!directory) return damaged();
  const auto list = Json::parse(directory->begin(), directory->end(), nullptr, false);
  if (!list.is_array() || list.size() > entries_maximum) return damaged();
  Entries entries;
  for (const auto& item : list) {
    auto entry = read_entry(item, reader);
    if (!entry) return entry.error();
    if (!check_entry(*entry)) return damaged();
    const bool fresh =
        entries.try_emplace({entry->kind, entry->name}, Stored{std::move(entry->secret), entry->set_at}).second;
    if (!fresh) return damaged();
  }
  if (!reader.empty()) return damaged();
  return entries;
}

}  // namespace ipsec9000::keystore
