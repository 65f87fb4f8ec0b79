// strongSwan: connections and their children become ISAKMP policies and policies.
#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "import/proposal_words.hpp"
#include "import/swanctl_sections.hpp"
#include "policy/services.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t selectors_maximum = 100;  // of one child: local times remote

// Settings that are looked at below, and those whose absence changes nothing that matters here. All others are warned
// of.
constexpr std::array carried{"version",      "local_addrs", "remote_addrs", "proposals", "aggressive",
                             "rekey_time",   "reauth_time", "local_ts",     "remote_ts", "esp_proposals",
                             "ah_proposals", "mode",        "start_action", "life_time", "rekey_bytes",
                             "life_bytes",   "auth",        "id",           "secret",    "certs"};
constexpr std::array harmless{
    "dpd_delay",    "dpd_timeout",  "dpd_action", "close_action", "fragmentation", "encap",      "mobike",
    "unique",       "keyingtries",  "over_time",  "rand_time",    "rekey_packets", "rand_bytes", "rand_packets",
    "life_packets", "send_certreq", "send_cert",  "round",        "replay_window", "hw_offload", "policies_fwd_out"};

struct Ends {
  std::optional<IpAddress> local;
  std::optional<IpAddress> remote;
};

struct TrafficEnd {
  std::optional<Prefix> prefix;  // absent: any; the connection's own address where `dynamic`
  bool dynamic = false;
  IpProtocol protocol = IpProtocol::any;
  PortRange ports;
};

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> items;
  for (const auto& item : split(text, ','))
    if (!trim(item).empty()) items.emplace_back(trim(item));
  return items;
}

bool is_one_of(std::string_view word, std::span<const char* const> words) {
  return std::any_of(words.begin(), words.end(), [&](const char* each) { return word == each; });
}

class SwanctlImport {
 public:
  SwanctlImport(std::string_view text, std::string file_name)
      : draft_(std::move(file_name)), root_(read_swanctl_sections(text, draft_)) {}

  Import run() {
    for (const auto& section : root_.sections)
      if (section.name != "connections" && section.name != "secrets")
        draft_.warn(section.where, "the section " + escape_control(section.name) + " is not carried over");
    if (const auto* connections = root_.section("connections"))
      for (const auto& connection : connections->sections) add_connection(connection);
    if (const auto* secrets = root_.section("secrets"))
      for (const auto& secret : secrets->sections) add_secret(secret);
    return draft_.finish();
  }

 private:
  void warn_about_the_rest(const SwanctlSection& section) {
    for (const auto& setting : section.settings)
      if (!is_one_of(setting.key, carried) && !is_one_of(setting.key, harmless))
        draft_.warn(setting.where, escape_control(setting.key) + " is not carried over");
  }

  // One address, or nothing for any. False: it cannot be carried over, which has been said.
  bool read_end(const SwanctlSection& connection, const char* key, std::optional<IpAddress>& end) {
    const auto* setting = connection.setting(key);
    if (setting == nullptr || setting->value.starts_with("%any")) return true;
    const auto items = list_of(setting->value);
    const auto address = items.size() == 1 ? IpAddress::parse(items[0]) : Error{ErrorCode::invalid_input, ""};
    if (!address) {
      draft_.warn(setting->where, std::string(key) + " is not one address: the connection is not carried over");
      return false;
    }
    if (!address->is_any()) end = *address;
    return true;
  }

  // "4h", "28800", "30m"
  std::optional<std::uint32_t> seconds_of(const SwanctlSetting& setting) {
    std::string_view text = setting.value;
    std::uint64_t factor = 1;
    if (!text.empty()) {
      constexpr std::pair<char, std::uint64_t> units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
      for (const auto& [unit, seconds] : units)
        if (text.back() == unit) factor = seconds;
      if (text.back() < '0' || text.back() > '9') text.remove_suffix(1);
    }
    const auto number = parse_number(text, lifetime_maximum / factor);
    if (!number) {
      draft_.error(setting.where, setting.key + " is a number of seconds, or one with s, m, h or d behind it");
      return std::nullopt;
    }
    return static_cast<std::uint32_t>(*number * factor);
  }

  void read_identity(const SwanctlSection* side, std::optional<Identity>& identity, IsakmpPolicy& policy) {
    if (side == nullptr) return;
    warn_about_the_rest(*side);
    if (const auto* auth = side->setting("auth"); auth != nullptr && auth->value != "psk") {
      if (auth->value.starts_with("pubkey") || auth->value.starts_with("rsa"))
        policy.authentication = AuthenticationMethod::rsa_signature;
      else
        draft_.warn(auth->where, "auth = " + escape_control(auth->value) + " is not known here: taken as psk");
    }
    const auto* id = side->setting("id");
    if (id == nullptr || id->value == "%any") return;
    const auto text = id->value.starts_with("@") ? id->value.substr(1) : id->value;
    if (const auto parsed = Identity::parse(text))
      identity = *parsed;
    else
      draft_.warn(id->where, "id is not carried over: " + parsed.error().text);
  }

  const SwanctlSection* side(const SwanctlSection& connection, std::string_view name) {
    const SwanctlSection* found = nullptr;
    for (const auto& section : connection.sections) {
      if (section.name != name && !section.name.starts_with(std::string(name) + "-")) continue;
      if (found != nullptr)
        draft_.warn(section.where, "a second round of authentication is not carried over");
      else
        found = &section;
    }
    return found;
  }

  void add_isakmp_policy(const SwanctlSection& connection, const Ends& ends) {
    IsakmpPolicy policy;
    policy.name = connection.name;
    if (ends.remote) policy.remote = Prefix(*ends.remote);
    read_identity(side(connection, "local"), policy.local_id, policy);
    read_identity(side(connection, "remote"), policy.remote_id, policy);
    if (const auto* aggressive = connection.setting("aggressive")) policy.aggressive = aggressive->value == "yes";
    for (const char* key : {"rekey_time", "reauth_time"})  // the second counts, as with version 1 it does there
      if (const auto* setting = connection.setting(key))
        if (const auto seconds = seconds_of(*setting); seconds && *seconds != 0) policy.lifetime = *seconds;
    const auto* proposals = connection.setting("proposals");
    for (const auto& text : list_of(proposals == nullptr ? "default" : proposals->value)) {
      const auto words = read_proposal(text);
      if (words.encryption && words.hash && words.group && words.unknown.empty() &&
          info(*words.encryption).oakley != 0) {
        policy.proposals.push_back({*words.encryption, *words.hash, *words.group});
        continue;
      }
      draft_.warn(proposals == nullptr ? connection.where : proposals->where,
                  "the proposal " + escape_control(text) + " is not carried over");
    }
    if (policy.proposals.empty()) {
      policy.proposals.push_back({});
      draft_.warn(connection.where, "no proposal is left: " + policy.proposals[0].to_string() + " is taken");
    }
    if (policy.authentication == AuthenticationMethod::psk && ends.remote) draft_.want_key(ends.remote->to_string());
    draft_.add(std::move(policy), connection.where);
  }

  void add_connection(const SwanctlSection& connection) {
    const auto* version = connection.setting("version");
    if (version != nullptr && version->value == "2")
      return draft_.warn(version->where, "IKE version 2 is not spoken here: the connection " +
                                             escape_control(connection.name) + " is not carried over");
    if (version == nullptr || version->value != "1")
      draft_.warn(connection.where,
                  "the connection takes both versions of IKE: here it is version 1, and the peer must "
                  "agree to that");
    Ends ends;
    if (!read_end(connection, "local_addrs", ends.local) || !read_end(connection, "remote_addrs", ends.remote)) return;
    warn_about_the_rest(connection);
    add_isakmp_policy(connection, ends);
    const auto* children = connection.section("children");
    if (children == nullptr) return;
    for (const auto& child : children->sections) add_child(connection, child, ends);
  }

  // "10.1.0.0/16[tcp/23]", "dynamic[udp/1024-65535]"
  std::optional<TrafficEnd> traffic_end(const std::string& text, Position where) {
    TrafficEnd end;
    const auto bracket = text.find('[');
    const auto address = std::string(trim(std::string_view(text).substr(0, bracket)));
    if (address.empty() || address == "dynamic") {
      end.dynamic = true;
    } else {
      const auto parts = split(address, '/');
      const auto parsed = IpAddress::parse(parts[0]);
      const auto length = !parsed             ? std::nullopt
                          : parts.size() == 1 ? std::optional<std::uint64_t>(parsed->bits())
                                              : parse_number(parts[1], parsed->bits());
      if (!parsed || !length || parts.size() > 2) {
        draft_.warn(where, escape_control(text) + " is no address and no prefix: not carried over");
        return std::nullopt;
      }
      end.prefix = *Prefix::make(*parsed, static_cast<unsigned>(*length));
    }
    if (bracket == std::string::npos) return end;
    if (text.back() != ']') {
      draft_.error(where, "\"[\" without \"]\" in " + escape_control(text));
      return std::nullopt;
    }
    if (!read_ports(text.substr(bracket + 1, text.size() - bracket - 2), end)) {
      draft_.warn(where, escape_control(text) + " cannot be written here: not carried over");
      return std::nullopt;
    }
    return end;
  }

  // "tcp/23", "udp", "/1024-2048"
  static bool read_ports(const std::string& text, TrafficEnd& end) {
    const auto parts = split(text, '/');
    if (parts.size() > 2) return false;
    if (!parts[0].empty()) {
      const auto protocol = parse_protocol(to_lower(parts[0]));
      if (!protocol) return false;
      end.protocol = *protocol;
    }
    if (parts.size() == 1 || parts[1].empty() || parts[1] == "any") return true;
    if (!has_ports(end.protocol)) return false;
    const auto range = split(parts[1], '-');
    const auto first = parse_number(range[0], 65535);
    const auto last = parse_number(range.back(), 65535);
    if (first && last && *first <= *last && range.size() <= 2) {
      end.ports = {static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
      return true;
    }
    const auto service = find_service(to_lower(parts[1]) + "/" + to_string(end.protocol));
    if (service) end.ports = PortRange::one(service->port);
    return service.has_value();
  }

  std::vector<TrafficEnd> traffic_ends(const SwanctlSection& child, const char* key) {
    const auto* setting = child.setting(key);
    std::vector<TrafficEnd> ends;
    for (const auto& text : list_of(setting == nullptr ? "dynamic" : setting->value))
      if (const auto end = traffic_end(text, setting == nullptr ? child.where : setting->where)) ends.push_back(*end);
    return ends;
  }

  static std::optional<Prefix> prefix_of(const TrafficEnd& end, const std::optional<IpAddress>& own) {
    if (!end.dynamic) return end.prefix;
    return own ? std::optional(Prefix(*own)) : std::nullopt;
  }

  Lifetime lifetime_of(const SwanctlSection& child) {
    Lifetime lifetime;
    lifetime.seconds = 3600 * 11 / 10;  // there an SA is renewed after an hour and ends a tenth later
    const auto* life = child.setting("life_time");
    const auto* rekey = child.setting("rekey_time");
    if (rekey != nullptr)
      if (const auto seconds = seconds_of(*rekey)) lifetime.seconds = *seconds + *seconds / 10;
    if (life != nullptr)
      if (const auto seconds = seconds_of(*life)) lifetime.seconds = *seconds;
    for (const char* key : {"rekey_bytes", "life_bytes"})
      if (const auto* setting = child.setting(key)) {
        const auto bytes = parse_number(setting->value);
        if (bytes)
          lifetime.kilobytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(*bytes / 1024, lifetime_maximum));
        else
          draft_.error(setting->where, setting->key + " is a number of bytes");
      }
    return lifetime;
  }

  // ESP or AH proposals as transforms; the group of the first one is the policy's.
  void read_transforms(const SwanctlSection& child, const char* key, Policy& policy) {
    const auto* setting = child.setting(key);
    if (setting == nullptr) return;
    const bool ah = std::string_view(key) == "ah_proposals";
    const auto lifetime = lifetime_of(child);
    for (const auto& text : list_of(setting->value)) {
      const auto words = read_proposal(text);
      Transform transform;
      transform.lifetime = lifetime;
      if (ah && words.integrity) transform.ah = *words.integrity;
      if (!ah && words.encryption)
        transform.esp = EspSuite{*words.encryption, words.integrity.value_or(Integrity::none)};
      if (!words.unknown.empty() || (!transform.ah && !transform.esp) || !Transform::parse(transform.to_string())) {
        draft_.warn(setting->where, "the proposal " + escape_control(text) + " is not carried over");
        continue;
      }
      if (policy.transforms.empty()) policy.pfs = words.group;
      if (policy.pfs != words.group)
        draft_.warn(setting->where, "a policy has one group for all its transforms: " + escape_control(text) +
                                        " gets that of the first");
      if (std::find(policy.transforms.begin(), policy.transforms.end(), transform) == policy.transforms.end())
        policy.transforms.push_back(transform);
    }
  }

  // What happens to the packets; false when that has no counterpart here, which has been said.
  bool read_treatment(const SwanctlSection& child, const Ends& ends, Policy& policy) {
    const auto* setting = child.setting("mode");
    const auto mode = setting == nullptr ? std::string("tunnel") : to_lower(setting->value);
    const auto where = setting == nullptr ? child.where : setting->where;
    policy.action = mode == "pass" ? Decision::pass : mode == "drop" ? Decision::discard : Decision::secure;
    if (policy.action != Decision::secure) return true;
    if (mode != "tunnel" && mode != "transport") {
      draft_.warn(where, "mode " + escape_control(mode) + " has no counterpart here: the child is not carried over");
      return false;
    }
    if (mode == "tunnel") {
      if (!ends.local || !ends.remote) {
        draft_.warn(where, "a tunnel needs local_addrs and remote_addrs here: the child is not carried over");
        return false;
      }
      policy.tunnel = TunnelEnds{*ends.local, *ends.remote};
    }
    read_transforms(child, "esp_proposals", policy);
    read_transforms(child, "ah_proposals", policy);
    if (policy.transforms.empty()) {
      policy.transforms.push_back(
          {std::nullopt, EspSuite{Encryption::aes128_cbc, Integrity::hmac_sha256}, lifetime_of(child)});
      draft_.warn(child.where, "no proposal for the child is left: " + policy.transforms[0].name() + " is taken");
    }
    const auto* start = child.setting("start_action");
    if (start == nullptr || start->value != "trap")
      draft_.warn(start == nullptr ? child.where : start->where,
                  "start_action: here the first packet always starts a negotiation, as with trap");
    return true;
  }

  void add_child(const SwanctlSection& connection, const SwanctlSection& child, const Ends& ends) {
    warn_about_the_rest(child);
    Policy policy;
    policy.name = child.name;
    if (!read_treatment(child, ends, policy)) return;
    const auto locals = traffic_ends(child, "local_ts");
    const auto remotes = traffic_ends(child, "remote_ts");
    if (locals.size() * remotes.size() > selectors_maximum)
      return draft_.error(child.where, "more than 100 combinations of local_ts and remote_ts");
    for (const auto& local : locals)
      for (const auto& remote : remotes) {
        policy.filter = {};
        policy.filter.local = prefix_of(local, ends.local);
        policy.filter.remote = prefix_of(remote, ends.remote);
        policy.filter.protocol = local.protocol != IpProtocol::any ? local.protocol : remote.protocol;
        policy.filter.local_port = local.ports;
        policy.filter.remote_port = remote.ports;
        const bool families = policy.filter.local && policy.filter.remote &&
                              policy.filter.local->family() != policy.filter.remote->family();
        if (families) continue;  // no packet has both
        if (remote.protocol != IpProtocol::any && remote.protocol != policy.filter.protocol) {
          draft_.warn(child.where, "local_ts and remote_ts of " + escape_control(connection.name) +
                                       " name different protocols: not carried over");
          continue;
        }
        draft_.add(policy, child.where);
      }
  }

  void add_secret(const SwanctlSection& secret) {
    if (secret.name != "ike" && !secret.name.starts_with("ike-")) {
      draft_.warn(secret.where, "the secret " + escape_control(secret.name) + " is not carried over");
      return;
    }
    bool anybody = false;
    for (const auto& setting : secret.settings) {
      if (setting.key != "id" && !setting.key.starts_with("id-")) continue;
      const auto text = setting.value.starts_with("@") ? setting.value.substr(1) : setting.value;
      if (!Identity::parse(text)) {
        draft_.warn(setting.where,
                    "the key for " + escape_control(setting.value) + " cannot be stored under that name");
        continue;
      }
      anybody = true;
      draft_.warn(setting.where, "the key is not carried over: ipsec_mgr key set " + text + ", if that is the peer");
    }
    if (!anybody)
      draft_.warn(secret.where, "the key is not carried over: ipsec_mgr key set for each peer that uses it");
  }

  Draft draft_;
  SwanctlSection root_;
};
}  // namespace

Import import_swanctl(std::string_view text, std::string file_name) {
  return SwanctlImport(text, std::move(file_name)).run();
}

}  // namespace ipsec9000
