// HP-UX IPSec: objects of ipsec_config become policies.
#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "import/hpux_lines.hpp"
#include "policy/services.hpp"

namespace ipsec9000 {

namespace {
constexpr std::uint64_t priority_maximum = 2147483647;
constexpr std::uint64_t priority_step = 10;

struct End {
  Prefix prefix;
  PortRange ports;
  IpProtocol protocol = IpProtocol::any;  // of a service by name
};

std::string upper_case(std::string text) {
  for (auto& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

class HpuxImport {
 public:
  HpuxImport(std::string_view text, std::string file_name)
      : draft_(std::move(file_name)), commands_(read_hpux_lines(text, draft_)) {}

  Import run() {
    add_policies();
    add_isakmp_policies();
    for (const auto& command : commands_) {
      if (command.object == "bypass") add_bypass(command);
      if (command.object == "startup") add_startup(command);
    }
    return draft_.finish();
  }

 private:
  // ---- parts of a command

  std::optional<Prefix> prefix_of(std::string_view address, std::string_view length, Position where) {
    const auto parsed = IpAddress::parse(address);
    if (!parsed) {
      if (address.find('-') != std::string_view::npos)
        draft_.warn(where, "a range of addresses cannot be carried over: write prefixes");
      else
        draft_.error(where, parsed.error().text);
      return std::nullopt;
    }
    const auto bits = length.empty() ? (parsed->is_any() ? 0 : parsed->bits()) : parse_number(length, parsed->bits());
    if (!bits) {
      draft_.error(where, "the prefix length must be 0 to " + std::to_string(parsed->bits()));
      return std::nullopt;
    }
    return *Prefix::make(*parsed, static_cast<unsigned>(*bits));
  }

  // "10.1.0.0/16/23", "10.1.0.1/32/telnet"
  std::optional<End> end_of(const HpuxCommand& command, const char* option) {
    const auto found = command.options.find(option);
    if (found == command.options.end()) return End{};
    if (found->second.size() > 1) {
      draft_.warn(found->second[1].where, "more than one -" + std::string(option) +
                                              ": only the first is carried over; add a policy for each of the others");
    }
    const auto& word = found->second.front();
    const auto parts = split(word.text, '/');
    if (parts.size() > 3) {
      draft_.error(word.where, "an address, a prefix length and a port make three parts at most");
      return std::nullopt;
    }
    const auto prefix = prefix_of(parts[0], parts.size() > 1 ? parts[1] : "", word.where);
    if (!prefix) return std::nullopt;
    End end{*prefix, {}, IpProtocol::any};
    if (parts.size() < 3 || parts[2] == "0") return end;
    if (const auto port = parse_number(parts[2], 65535)) {
      end.ports = PortRange::one(static_cast<std::uint16_t>(*port));
    } else if (const auto service = find_service(to_lower(parts[2]))) {
      end.ports = PortRange::one(service->port);
      end.protocol = service->protocol;
    } else {
      draft_.error(word.where,
                   "\"" + escape_control(parts[2]) + "\" is neither a port nor a service that is known here");
      return std::nullopt;
    }
    return end;
  }

  std::optional<Filter> filter_of(const HpuxCommand& command) {
    const auto local = end_of(command, "source");
    const auto remote = end_of(command, "destination");
    if (!local || !remote) return std::nullopt;
    Filter filter;
    // 0.0.0.0 is every IPv4 address. Where the other side names the family already, nothing needs to be said.
    const auto family = local->prefix.is_any() ? remote->prefix.family() : local->prefix.family();
    if (!local->prefix.is_any()) filter.local = local->prefix;
    if (!remote->prefix.is_any()) filter.remote = remote->prefix;
    if (!filter.local && !filter.remote) filter.remote = Prefix::any(family);
    filter.local_port = local->ports;
    filter.remote_port = remote->ports;
    filter.protocol = local->protocol != IpProtocol::any ? local->protocol : remote->protocol;
    if (const auto* word = command.option("protocol"); word != nullptr && upper_case(word->text) != "ALL") {
      const auto protocol = parse_protocol(to_lower(word->text));
      if (!protocol) {
        draft_.error(word->where, protocol.error().text);
        return std::nullopt;
      }
      filter.protocol = *protocol;
    }
    if (!has_ports(filter.protocol) && (!filter.local_port.is_any() || !filter.remote_port.is_any())) {
      if (filter.protocol != IpProtocol::any) {
        draft_.error(command.name.where, "a port goes with TCP or UDP only");
        return std::nullopt;
      }
      draft_.warn(command.name.where, "a port without -protocol: taken as TCP");
      filter.protocol = IpProtocol::tcp;
    }
    return filter;
  }

  // "ESP_AES128_HMAC_SHA1/28800/0,AH_SHA1"
  std::optional<std::vector<Transform>> transforms_of(const HpuxWord& word) {
    std::vector<Transform> transforms;
    auto names = upper_case(word.text);
    std::replace(names.begin(), names.end(), '_', '-');
    for (const auto& name : split(names, ',')) {
      const auto transform = Transform::parse(name);
      if (!transform) {
        draft_.error(word.where, transform.error().text);
        return std::nullopt;
      }
      transforms.push_back(*transform);
    }
    return transforms;
  }

  // True when all is well; a missing action is HP-UX's own default.
  bool read_action(const HpuxCommand& command, const char* missing, Policy& policy) {
    const HpuxWord usual{missing, command.name.where};
    const auto* given = command.option("action");
    const auto& word = given == nullptr ? usual : *given;
    const auto name = upper_case(word.text);
    if (name == "PASS" || name == "DISCARD" || name == "FORWARD") {
      policy.action = name == "DISCARD" ? Decision::discard : Decision::pass;
      return true;
    }
    auto transforms = transforms_of(word);
    if (!transforms) return false;
    policy.action = Decision::secure;
    policy.transforms = std::move(*transforms);
    return true;
  }

  void read_flags(const HpuxCommand& command, Policy& policy) {
    const auto* word = command.option("flags");
    if (word == nullptr) return;
    for (const auto& flag : split(upper_case(word->text), '+')) {
      if (flag == "EXCLUSIVE")
        policy.exclusive = policy.action == Decision::secure;
      else if (flag == "FALLBACK_TO_CLEAR")
        draft_.warn(word->where,
                    "FALLBACK_TO_CLEAR is not carried over: what is to be secured never goes in clear here");
      else if (flag != "NONE")
        draft_.warn(word->where, "the flag " + escape_control(flag) + " is not carried over");
    }
  }

  const HpuxCommand* tunnel_named(std::string_view name) const {
    for (const auto& command : commands_)
      if (command.object == "tunnel" && command.name.text == name) return &command;
    return nullptr;
  }

  // The tunnel's ends and transforms; its own addresses, where it has some, are what is negotiated.
  bool read_tunnel(const HpuxCommand& tunnel, Policy& policy) {
    const auto* local = tunnel.option("tsource");
    const auto* remote = tunnel.option("tdestination");
    if (local == nullptr || remote == nullptr) {
      draft_.warn(tunnel.name.where,
                  "a tunnel without -tsource and -tdestination is not carried over: both ends must "
                  "be named here");
      return false;
    }
    const auto local_end = IpAddress::parse(local->text);
    const auto remote_end = IpAddress::parse(remote->text);
    if (!local_end) draft_.error(local->where, local_end.error().text);
    if (!remote_end) draft_.error(remote->where, remote_end.error().text);
    if (!local_end || !remote_end) return false;
    if (!read_action(tunnel, "ESP_AES128_HMAC_SHA1", policy)) return false;
    policy.tunnel = TunnelEnds{*local_end, *remote_end};
    if (!tunnel.options.contains("source") && !tunnel.options.contains("destination")) return true;
    const auto filter = filter_of(tunnel);
    if (filter) policy.filter = *filter;
    return filter.has_value();
  }

  // ---- objects

  struct Placed {
    std::uint64_t priority;
    Policy policy;
    Position where;
  };

  // The number given, else the highest so far and a step, as ipsec_config did.
  std::uint64_t priority_of(const HpuxCommand& command, std::uint64_t& highest) {
    std::uint64_t priority = highest + priority_step;
    if (const auto* word = command.option("priority")) {
      if (const auto number = parse_number(word->text, priority_maximum))
        priority = *number;
      else
        draft_.error(word->where, "a priority is 1 to 2147483647");
    }
    highest = std::max(highest, priority);
    return priority;
  }

  void add_host(const HpuxCommand& command, std::uint64_t& highest, std::vector<Placed>& placed) {
    Policy policy;
    policy.name = command.name.text;
    if (policy.name == "default" && command.object == "host") {
      if (!read_action(command, "PASS", policy)) return;
      if (policy.action == Decision::secure)
        draft_.error(command.name.where, "the default policy passes or discards");
      else
        draft_.configuration().default_action = policy.action;
      return;
    }
    const auto priority = priority_of(command, highest);
    const auto filter = filter_of(command);
    if (!filter || !read_action(command, "DISCARD", policy)) return;
    policy.filter = *filter;
    if (const auto* name = command.option("tunnel")) {
      const auto* tunnel = tunnel_named(name->text);
      if (tunnel == nullptr)
        return draft_.error(name->where, "there is no tunnel \"" + escape_control(name->text) + "\" in this file");
      used_tunnels_.insert(tunnel->name.text);
      if (policy.action == Decision::secure)
        draft_.warn(command.name.where, "protected end to end and by a tunnel: only the tunnel is carried over");
      if (policy.action == Decision::discard && command.options.contains("action"))
        draft_.warn(command.name.where, "a tunnel for what is discarded: the tunnel is not carried over");
      else if (!read_tunnel(*tunnel, policy))
        return;
    } else if (command.object == "gateway") {
      return draft_.warn(command.name.where,
                         "a gateway policy without a tunnel is not carried over: what is only "
                         "forwarded needs no policy here");
    }
    read_flags(command, policy);
    placed.push_back({priority, std::move(policy), command.name.where});
  }

  void add_policies() {
    std::vector<Placed> placed;
    std::uint64_t highest = 0;
    for (const auto& command : commands_)
      if (command.object == "host" || command.object == "gateway") add_host(command, highest, placed);
    for (const auto& command : commands_) {
      if (command.object != "tunnel" || used_tunnels_.contains(command.name.text)) continue;
      Policy policy;
      policy.name = command.name.text;
      draft_.warn(command.name.where, "no policy uses this tunnel: it becomes a policy of its own");
      if (const auto filter = filter_of(command); filter && read_tunnel(command, policy)) {
        policy.filter = *filter;
        placed.push_back({highest += priority_step, std::move(policy), command.name.where});
      }
    }
    std::stable_sort(placed.begin(), placed.end(),
                     [](const Placed& one, const Placed& other) { return one.priority < other.priority; });
    for (auto& each : placed) draft_.add(std::move(each.policy), each.where);
  }

  struct PlacedIsakmp {
    std::uint64_t priority;
    IsakmpPolicy policy;
    Position where;
  };

  // A value that must be one of ours; HP-UX's default where none is given.
  template <class Find>
  auto one_of(const HpuxCommand& command, const char* option, const char* missing, Find find) -> decltype(find("")) {
    const auto* word = command.option(option);
    const auto found = find(word == nullptr ? std::string_view(missing) : std::string_view(word->text));
    if (found == nullptr) draft_.error(word->where, "-" + std::string(option) + " is not known here");
    return found;
  }

  std::optional<Prefix> remote_of(const HpuxCommand& command) {
    const auto* word = command.option("remote");
    if (word == nullptr) {
      draft_.error(command.name.where, "-remote is missing");
      return std::nullopt;
    }
    const auto parts = split(word->text, '/');
    return prefix_of(parts[0], parts.size() > 1 ? parts[1] : "", word->where);
  }

  std::optional<IsakmpPolicy> ike_policy(const HpuxCommand& command) {
    IsakmpPolicy policy;
    policy.name = command.name.text;
    const auto remote = remote_of(command);
    const auto* group = one_of(command, "group", "2", [](std::string_view text) {
      const auto number = parse_number(text, 100);
      return number ? find_group_number(static_cast<unsigned>(*number)) : nullptr;
    });
    const auto* hash = one_of(command, "hash", "MD5", [](std::string_view text) {
      return find_hash(text.starts_with("SHA2-") ? "SHA" + std::string(text.substr(5)) : std::string(text));
    });
    const auto* encryption = one_of(command, "encryption", "3DES", [](std::string_view text) {
      const auto* found = find_encryption(text);
      return found != nullptr && found->oakley != 0 ? found : nullptr;
    });
    if (!remote || group == nullptr || hash == nullptr || encryption == nullptr) return std::nullopt;
    if (!remote->is_any()) policy.remote = *remote;
    policy.proposals = {{encryption->id, hash->id, group->id}};
    if (const auto* word = command.option("authentication"))
      if (upper_case(word->text) == "RSASIG") policy.authentication = AuthenticationMethod::rsa_signature;
    for (const auto& [option, value] :
         {std::pair{"life", &policy.lifetime}, std::pair{"maxqm", &policy.max_quick_modes}}) {
      const auto* word = command.option(option);
      const auto number = word == nullptr ? std::nullopt : parse_number(word->text, lifetime_maximum);
      if (number) *value = static_cast<std::uint32_t>(*number);
      if (word != nullptr && !number) draft_.error(word->where, "-" + std::string(option) + " is a number");
    }
    if (const auto* pfs = command.option("pfs"); pfs != nullptr && upper_case(pfs->text) == "ON")
      draft_.warn(pfs->where, "PFS belongs to the policies here: set \"pfs\" in each that uses " + policy.name);
    return policy;
  }

  // An authentication record makes an ISAKMP policy more exact: its identities, its exchange.
  void apply(const HpuxCommand& auth, IsakmpPolicy& policy) {
    if (const auto* word = auth.option("exchange")) policy.aggressive = upper_case(word->text) == "AM";
    for (const auto& [option, identity] : {std::pair{"lid", &policy.local_id}, std::pair{"rid", &policy.remote_id}}) {
      const auto* word = auth.option(option);
      if (word == nullptr) continue;
      const auto parsed = Identity::parse(word->text);
      if (parsed)
        *identity = *parsed;
      else
        draft_.warn(word->where, "-" + std::string(option) + " is not carried over: " + parsed.error().text);
    }
    for (const char* option : {"local_method", "remote_method"})
      if (const auto* word = auth.option(option); word != nullptr && upper_case(word->text) == "RSASIG")
        policy.authentication = AuthenticationMethod::rsa_signature;
  }

  void add_isakmp_policies() {
    std::vector<PlacedIsakmp> placed;
    std::uint64_t highest = 0;
    for (const auto& command : commands_) {
      if (command.object != "ike" && command.object != "ikev1") continue;
      const auto priority = priority_of(command, highest);
      if (auto policy = ike_policy(command)) placed.push_back({priority, std::move(*policy), command.name.where});
    }
    std::stable_sort(placed.begin(), placed.end(),
                     [](const PlacedIsakmp& one, const PlacedIsakmp& other) { return one.priority < other.priority; });
    add_authentication(placed);
    for (auto& each : placed) draft_.add(std::move(each.policy), each.where);
  }

  void add_authentication(std::vector<PlacedIsakmp>& placed) {
    const auto own = placed;  // of "add ike" alone
    std::vector<std::pair<PlacedIsakmp, unsigned>> narrower;
    for (const auto& command : commands_) {
      if (command.object != "auth") continue;
      const auto remote = remote_of(command);
      if (!remote) continue;
      if (const auto* key = command.option("preshared")) {
        draft_.warn(key->where, "the key is not carried over: ipsec_mgr key set " + remote->to_string());
        draft_.want_key(remote->to_string());
      }
      const auto base = std::find_if(own.begin(), own.end(), [&](const PlacedIsakmp& each) {
        return !each.policy.remote || each.policy.remote->contains(*remote);
      });
      if (base == own.end()) {
        draft_.warn(command.name.where,
                    "no ike policy of this file is for " + remote->to_string() + ": the record is not carried over");
        continue;
      }
      auto exact = base->policy;
      apply(command, exact);
      auto& present = placed[static_cast<std::size_t>(base - own.begin())];
      if (exact == base->policy) continue;
      if (present.policy.remote && *present.policy.remote == *remote) {
        apply(command, present.policy);
        continue;
      }
      exact.name = command.name.text;
      if (!remote->is_any()) exact.remote = *remote;
      narrower.push_back({{base->priority, std::move(exact), command.name.where}, remote->length()});
    }
    // The longest prefix won.
    std::stable_sort(narrower.begin(), narrower.end(),
                     [](const auto& one, const auto& other) { return one.second > other.second; });
    std::vector<PlacedIsakmp> all;
    all.reserve(narrower.size() + placed.size());
    for (auto& [policy, length] : narrower) all.push_back(std::move(policy));
    all.insert(all.end(), std::make_move_iterator(placed.begin()), std::make_move_iterator(placed.end()));
    placed = std::move(all);
  }

  void add_bypass(const HpuxCommand& command) {
    const auto address = IpAddress::parse(command.name.text);
    if (!address) return draft_.error(command.name.where, address.error().text);
    auto& bypass = draft_.configuration().bypass;
    if (std::find(bypass.begin(), bypass.end(), *address) == bypass.end()) bypass.push_back(*address);
  }

  void add_startup(const HpuxCommand& command) {
    auto& startup = draft_.configuration().startup;
    if (const auto* word = command.option("autoboot"); word != nullptr && upper_case(word->text) == "ON")
      draft_.warn(word->where, "-autoboot ON is not carried over, as it needs the password: ipsec_mgr bootup on");
    if (const auto* word = command.option("auditlvl")) startup.audit_level = to_lower(word->text);
    if (const auto* word = command.option("auditdir"))
      draft_.warn(word->where, "-auditdir is not carried over: the audit trail is in " + startup.audit_directory);
    if (const auto* word = command.option("maxsize")) {
      if (const auto number = parse_number(word->text, 4'000'000))
        startup.audit_max_kilobytes = static_cast<std::uint32_t>(*number);
      else
        draft_.error(word->where, "-maxsize is a number of kilobytes");
    }
  }

  Draft draft_;
  std::vector<HpuxCommand> commands_;
  std::set<std::string, std::less<>> used_tunnels_;
};
}  // namespace

Import import_hpux(std::string_view text, std::string file_name) {
  return HpuxImport(text, std::move(file_name)).run();
}

}  // namespace ipsec9000
