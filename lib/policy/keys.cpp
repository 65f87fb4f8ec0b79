#include "policy/keys.hpp"

#include <array>

namespace ipsec9000 {

namespace {
using T = KeyType;
using Key = ConfigurationKey;
using Words = std::string_view;

constexpr std::uint64_t number_maximum = 4294967294;
constexpr std::string_view name_rule = "1 to 63 of the characters A-Z a-z 0-9 _ -";
constexpr std::string_view name_pattern = "^[A-Za-z0-9_-]{1,63}$";
constexpr std::string_view filter_address_rule = "an address, a prefix such as 10.1.0.0/24, or \"any\"";
constexpr std::string_view port_rule =
    "a port from 1 to 65535, a range such as \"1024-65535\", or \"any\" (0 is any too)";
constexpr std::string_view port_pattern = "^(any|[0-9]{1,5}(-[0-9]{1,5})?)$";
constexpr std::string_view identity_rule =
    "an address, a host name, user@host, or a distinguished name such as \"C=DE, CN=host\"";

constexpr std::array decisions{Words{"secure"}, Words{"pass"}, Words{"discard"}};
constexpr std::array default_decisions{Words{"pass"}, Words{"discard"}};
constexpr std::array authentications{Words{"psk"}, Words{"rsa-signature"}, Words{"ecdsa-signature"}};
constexpr std::array exchanges{Words{"main"}, Words{"aggressive"}};
constexpr std::array levels{Words{"alert"}, Words{"error"}, Words{"warning"}, Words{"informative"}, Words{"debug"}};
constexpr std::array revocations{std::string_view("tolerant"), std::string_view("strict")};

constexpr std::array icmp_keys{
    Key{.name = "type",
        .type = T::number,
        .required = true,
        .allowed = "a number from 0 to 255",
        .fallback = "",
        .description = "the ICMP or ICMPv6 type",
        .maximum = 255},
    Key{.name = "code",
        .type = T::number,
        .allowed = "a number from 0 to 255",
        .fallback = "any",
        .description = "the code of that type",
        .maximum = 255},
};

constexpr std::array filter_keys{
    Key{.name = "local",
        .allowed = filter_address_rule,
        .fallback = "any",
        .description = "the address on this host's side"},
    Key{.name = "remote",
        .allowed = filter_address_rule,
        .fallback = "any",
        .description = "the address on the other side"},
    Key{.name = "protocol",
        .type = T::number_or_text,
        .allowed = "a protocol's name (tcp, udp, icmp, ...), a number from 0 to 255, or \"any\"",
        .fallback = "any",
        .description = "the protocol above IP",
        .maximum = 255},
    Key{.name = "local_port",
        .type = T::number_or_text,
        .allowed = port_rule,
        .fallback = "any",
        .description = "the port on this host's side; with tcp, udp, sctp",
        .maximum = 65535,
        .pattern = port_pattern},
    Key{.name = "remote_port",
        .type = T::number_or_text,
        .allowed = port_rule,
        .fallback = "any",
        .description = "the port on the other side; with tcp, udp, sctp",
        .maximum = 65535,
        .pattern = port_pattern},
    Key{.name = "icmp",
        .type = T::object,
        .allowed = "an object with \"type\" and \"code\"",
        .fallback = "any",
        .description = "which ICMP messages; with protocol icmp or icmpv6, or in place of it",
        .members = icmp_keys.data(),
        .member_count = icmp_keys.size()},
    Key{.name = "service",
        .allowed = "the name of a service such as \"telnet\", \"domain/udp\"",
        .fallback = "none",
        .description = "a service on the other side, in place of protocol and remote_port"},
    Key{.name = "local_service",
        .allowed = "the name of a service such as \"telnet\", \"domain/udp\"",
        .fallback = "none",
        .description = "a service of this host, in place of protocol and local_port"},
};

constexpr std::array tunnel_keys{
    Key{.name = "local",
        .required = true,
        .allowed = "an address",
        .fallback = "",
        .description = "this host's end of the tunnel"},
    Key{.name = "remote",
        .required = true,
        .allowed = "an address",
        .fallback = "",
        .description = "the other end of the tunnel"},
};

constexpr std::array members_of_policy{
    Key{.name = "name",
        .required = true,
        .allowed = name_rule,
        .fallback = "",
        .description = "the policy's name, unique in the file",
        .pattern = name_pattern},
    Key{.name = "filter",
        .type = T::object,
        .allowed = "an object",
        .fallback = "every packet",
        .description = "which packets the policy is for",
        .members = filter_keys.data(),
        .member_count = filter_keys.size()},
    Key{.name = "action",
        .required = true,
        .allowed = "\"secure\", \"pass\" or \"discard\"",
        .fallback = "",
        .description = "what happens to these packets",
        .choices = decisions.data(),
        .choice_count = decisions.size()},
    Key{.name = "transforms",
        .type = T::texts,
        .allowed = "a list of transforms such as \"ESP-AES128-HMAC-SHA256/28800/0\"",
        .fallback = "none; required with \"secure\"",
        .description = "AH and ESP with their lifetimes in seconds and kilobytes, in order of preference"},
    Key{.name = "exclusive",
        .type = T::boolean,
        .allowed = "true or false",
        .fallback = "false",
        .description = "true: a pair of SAs for each connection; false: one for each pair of hosts"},
    Key{.name = "pfs",
        .allowed = "a group such as MODP2048 or CURVE25519",
        .fallback = "no perfect forward secrecy in Quick Mode",
        .description = "the group of the key exchange in each Quick Mode"},
    Key{.name = "tunnel",
        .type = T::object,
        .allowed = "an object with \"local\" and \"remote\"",
        .fallback = "transport mode",
        .description = "the ends of the tunnel that carries these packets",
        .members = tunnel_keys.data(),
        .member_count = tunnel_keys.size()},
};

constexpr std::array members_of_default_policy{
    Key{.name = "action",
        .required = true,
        .allowed = "\"pass\" or \"discard\"",
        .fallback = "",
        .description = "what happens to packets that no policy is for",
        .choices = default_decisions.data(),
        .choice_count = default_decisions.size()},
};

constexpr std::array members_of_isakmp{
    Key{.name = "name",
        .required = true,
        .allowed = name_rule,
        .fallback = "",
        .description = "the ISAKMP policy's name, unique in the file",
        .pattern = name_pattern},
    Key{.name = "remote",
        .allowed = filter_address_rule,
        .fallback = "any",
        .description = "for which peers; the first policy that matches is taken"},
    Key{.name = "authentication",
        .allowed = "\"psk\", \"rsa-signature\" or \"ecdsa-signature\"",
        .fallback = "psk",
        .description = "how both sides prove who they are: with a pre-shared key, or with certificates",
        .choices = authentications.data(),
        .choice_count = authentications.size()},
    Key{.name = "exchange",
        .allowed = "\"main\" or \"aggressive\"",
        .fallback = "main",
        .description =
            "the exchange of phase 1; with \"aggressive\" and a pre-shared key others can guess the key offline",
        .choices = exchanges.data(),
        .choice_count = exchanges.size()},
    Key{.name = "proposals",
        .type = T::texts,
        .required = true,
        .allowed = "a list of proposals such as \"AES128-SHA256-MODP2048\"",
        .fallback = "",
        .description = "cipher, hash and group of the ISAKMP SA, in order of preference"},
    Key{.name = "lifetime",
        .type = T::number,
        .allowed = "0 (none) or 10 to 4294967294 seconds",
        .fallback = "28800",
        .description = "how long an ISAKMP SA lives, in seconds",
        .maximum = number_maximum},
    Key{.name = "max_quick_modes",
        .type = T::number,
        .allowed = "a number from 1 to 4294967294",
        .fallback = "100",
        .description = "how many Quick Modes an ISAKMP SA serves; 1: one for each",
        .minimum = 1,
        .maximum = number_maximum},
    Key{.name = "local_id",
        .allowed = identity_rule,
        .fallback = "the local address",
        .description = "who we say we are"},
    Key{.name = "remote_id",
        .allowed = identity_rule,
        .fallback = "the remote address",
        .description = "who the peer must say it is"},
};

constexpr std::array startup_keys{
    Key{.name = "bootup",
        .type = T::boolean,
        .allowed = "true or false",
        .fallback = "false",
        .description = "start when the system starts"},
    Key{.name = "audit_level",
        .allowed = "\"alert\", \"error\", \"warning\", \"informative\" or \"debug\"",
        .fallback = "error",
        .description = "which audit records are written",
        .choices = levels.data(),
        .choice_count = levels.size()},
    Key{.name = "audit_directory",
        .allowed = "an absolute path",
        .fallback = "/var/log/ipsec9000",
        .description = "where the audit files are",
        .pattern = "^/"},
    Key{.name = "audit_max_kilobytes",
        .type = T::number,
        .allowed = "a number from 1 to 4194303",
        .fallback = "100",
        .description = "an audit file of this size is followed by a new one",
        .minimum = 1,
        .maximum = 4194303},
};

constexpr std::array root_keys{
    Key{.name = "version",
        .type = T::number,
        .required = true,
        .allowed = "1",
        .fallback = "",
        .description = "the version of this format",
        .minimum = 1,
        .maximum = 1},
    Key{.name = "policies",
        .type = T::objects,
        .allowed = "a list of objects",
        .fallback = "none",
        .description = "the policies, in the order that breaks ties",
        .members = members_of_policy.data(),
        .member_count = members_of_policy.size()},
    Key{.name = "default_policy",
        .type = T::object,
        .allowed = "an object with \"action\"",
        .fallback = "pass",
        .description = "the policy for all other packets",
        .members = members_of_default_policy.data(),
        .member_count = members_of_default_policy.size()},
    Key{.name = "isakmp_policies",
        .type = T::objects,
        .allowed = "a list of objects",
        .fallback = "none; required when a policy secures",
        .description = "how to negotiate with which peer",
        .members = members_of_isakmp.data(),
        .member_count = members_of_isakmp.size()},
    Key{.name = "bypass",
        .type = T::texts,
        .allowed = "a list of addresses",
        .fallback = "none",
        .description = "local addresses that IPSec leaves alone"},
    Key{.name = "allow_legacy",
        .type = T::boolean,
        .allowed = "true or false",
        .fallback = "false",
        .description = "whether DES, 3DES, MD5, MODP768, MODP1024 and ESP without authentication may be named, RSA "
                       "keys under 2048 bits "
                       "and certificates signed with MD5 or SHA-1 used"},
    Key{.name = "revocation",
        .allowed = "\"tolerant\" or \"strict\"",
        .fallback = "tolerant",
        .description = "whether a certificate of whose revocation nothing is known (no current CRL) counts as good",
        .choices = revocations.data(),
        .choice_count = revocations.size()},
    Key{.name = "startup",
        .type = T::object,
        .allowed = "an object",
        .fallback = "the defaults of its members",
        .description = "what happens at start",
        .members = startup_keys.data(),
        .member_count = startup_keys.size()},
};

constexpr Key root{.name = "",
                   .type = T::object,
                   .required = true,
                   .allowed = "an object",
                   .fallback = "",
                   .description = "the policy configuration of IPSec/9000",
                   .members = root_keys.data(),
                   .member_count = root_keys.size()};

void add_rows(const Key& key, const std::string& path, std::vector<KeyRow>& rows) {
  for (const auto& member : key.keys()) {
    const std::string here = path + (path.empty() ? "" : ".") + std::string(member.name);
    rows.push_back({here, &member});
    add_rows(member, member.type == T::objects ? here + "[]" : here, rows);
  }
}
}  // namespace

const ConfigurationKey* ConfigurationKey::find(std::string_view key) const {
  for (const auto& member : keys())
    if (member.name == key) return &member;
  return nullptr;
}

const ConfigurationKey& configuration_root() { return root; }

std::vector<KeyRow> configuration_key_rows() {
  std::vector<KeyRow> rows;
  add_rows(root, "", rows);
  return rows;
}

}  // namespace ipsec9000
