// From positioned JSON to the values of a configuration. Internal to the parser.
#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/configuration.hpp"
#include "policy/document.hpp"
#include "policy/keys.hpp"
#include "policy/messages.hpp"
#include "policy/services.hpp"

namespace ipsec9000 {

// Compares a value and all in it with what the key declares: type, unknown and missing members, words, numbers. What
// is wrong is reported and marked as refused; true when nothing was.
bool check_shape(const Node& node, const ConfigurationKey& key, const std::string& pointer, MessageList& messages);

// What one item of a list of objects must be.
ConfigurationKey item_key(const ConfigurationKey& list);

// One value that is wrong, in the words of its key.
void refuse(const Node& node, const ConfigurationKey& key, const std::string& pointer, MessageList& messages,
            std::string text = "");

// "did you mean ...?" or "".
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates);

// An address, a prefix or "any"; false when it was wrong and has been reported.
bool read_prefix(const Node& node, const ConfigurationKey& key, const std::string& pointer, MessageList& messages,
                 std::optional<Prefix>& prefix);
bool read_address(const Node& node, const ConfigurationKey& key, const std::string& pointer, MessageList& messages,
                  IpAddress& address);
bool read_name(const Node& item, const ConfigurationKey& keys, const std::string& pointer, MessageList& messages,
               std::string& name);

class ServiceNames {  // looks each name up once
 public:
  std::optional<Service> find(const std::string& name);

 private:
  std::unordered_map<std::string, std::optional<Service>> known_;
};

class FilterReader {
 public:
  FilterReader(const Node& node, std::string pointer, MessageList& messages, ServiceNames& services);
  bool read(Filter& filter);  // false when something was wrong and has been reported

 private:
  bool read_addresses(Filter& filter);
  bool read_protocol(Filter& filter);
  bool read_service(std::string_view name, PortRange& port, std::string_view port_key, Filter& filter);
  bool read_ports(Filter& filter);
  bool read_port(std::string_view name, PortRange& port, IpProtocol protocol);
  bool read_icmp(Filter& filter);
  bool check_families(const Filter& filter);
  const ConfigurationKey& key(std::string_view name) const { return *keys_.find(name); }
  std::string at(std::string_view name) const { return pointer_to(pointer_, name); }

  const Node& node_;
  std::string pointer_;
  MessageList& messages_;
  ServiceNames& services_;
  const ConfigurationKey& keys_;
};

// Where messages of the checks over the whole file point to.
struct PolicyPositions {
  Position name;
  Position peer;       // of what names the remote side
  bool sound = false;  // false: the policy has errors of its own, which suffice
};

class ConfigurationReader {
 public:
  explicit ConfigurationReader(const std::string& file) : messages_(file), legacy_(file) {}

  void item(std::string_view list, std::size_t index, const Node& item);
  void syntax_error(Position where, const std::string& pointer, const std::string& found, const std::string& text);
  // `complete`: the text was read to its end, so that what is missing is really missing.
  void finish(const Node& root, bool complete);

  MessageList& messages() { return messages_; }
  Configuration& configuration() { return configuration_; }
  std::size_t legacy_errors() const { return legacy_.errors(); }  // those that "allow_legacy" excuses

 private:
  void read_policy(std::size_t index, const Node& item);
  bool read_action(const Node& item, const std::string& pointer, Policy& policy);
  bool read_transforms(const Node& item, const std::string& pointer, Policy& policy);
  bool read_transform(const Node& node, const std::string& pointer, Policy& policy);
  void warn_about(const Transform& transform, const Node& node, const std::string& pointer, const Policy& policy);
  bool read_group(const Node& item, const std::string& pointer, Policy& policy);
  bool read_tunnel(const Node& item, const std::string& pointer, Policy& policy);
  bool check_only_for_secure(const Node& item, const std::string& pointer);
  void read_isakmp_policy(std::size_t index, const Node& item);
  bool read_proposals(const Node& item, const std::string& pointer, IsakmpPolicy& policy);
  bool read_identities(const Node& item, const std::string& pointer, IsakmpPolicy& policy);
  bool check_isakmp_methods(const Node& item, const std::string& pointer, IsakmpPolicy& policy);
  void read_bypass(std::size_t index, const Node& item);
  void read_startup(const Node& root);
  bool is_new_name(const std::string& name, const Node& item, const std::string& pointer,
                   std::unordered_map<std::string, std::uint32_t>& lines);

  MessageList messages_;
  MessageList legacy_;  // errors unless "allow_legacy" turns up
  Configuration configuration_;
  ServiceNames services_;
  std::vector<PolicyPositions> positions_;
  std::unordered_map<std::string, std::uint32_t> policy_lines_;
  std::unordered_map<std::string, std::uint32_t> isakmp_lines_;
  std::unordered_map<std::string, std::uint32_t> bypass_lines_;
  bool isakmp_sound_ = true;
};

// The checks over the whole configuration, when its parts are sound. One that compares policies with one another gives
// up after so many looks into a TupleSpace: about a second.
inline constexpr std::size_t most_probes = 20'000'000;
void check_isakmp_coverage(const Configuration& configuration, const std::vector<PolicyPositions>& positions,
                           MessageList& messages);
// Whether that check has nothing to say about this policy.
bool has_isakmp_policy(const Configuration& configuration, const Policy& policy);
void check_kernel_cost(const Configuration& configuration, const std::vector<PolicyPositions>& positions,
                       MessageList& messages);
void warn_about_shadowed(const Configuration& configuration, const std::vector<PolicyPositions>& positions,
                         MessageList& messages);
// Where the default discards: tunnels for a net behind this host, from which no policy lets packets out into that net.
void warn_about_closed_nets(const Configuration& configuration, const std::vector<PolicyPositions>& positions,
                            MessageList& messages);
// Policies for the same packets but for ranges of ports that overlap in part.
void warn_about_overlaps(const Configuration& configuration, const std::vector<PolicyPositions>& positions,
                         MessageList& messages);

}  // namespace ipsec9000
