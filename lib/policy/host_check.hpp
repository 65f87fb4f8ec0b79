// What a configuration says of the host that it is for, beside what the host is now.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "policy/checked_text.hpp"
#include "policy/parse.hpp"

namespace ipsec9000 {

// The policies whose tunnel begins at none of these addresses, by index. Their packets would be answered nowhere.
std::vector<std::size_t> foreign_tunnels(const Configuration& configuration, const std::vector<IpAddress>& local);

// A sentence about one of them.
std::string foreign_tunnel_words(const Policy& policy);

// The policies for a prefix of local addresses of which this host has none, by index. None where there are tunnels:
// then they may be for what is forwarded.
std::vector<std::size_t> policies_elsewhere(const Configuration& configuration, const std::vector<IpAddress>& local);
std::string elsewhere_words(const Policy& policy);

// " (and 3 more like it)"; "" of none.
std::string and_more(std::size_t others);

// A warning for each tunnel, and one for the first of the others, at its place in the text of a valid configuration.
std::vector<ConfigurationMessage> host_warnings(const ParsedConfiguration& parsed, const std::filesystem::path& path,
                                                const std::vector<IpAddress>& local);

// The same with the addresses of this host, added to the messages of what load_configuration() gave. Nothing where the
// addresses cannot be read.
void add_host_warnings(ParsedConfiguration& parsed, const std::filesystem::path& path);

// The lines of the same warnings about `next`, to which `change` leads from a checked text.
std::vector<std::string> host_warnings_after(const CheckedText& text, const Configuration& configuration,
                                             const CheckedText::Change& change, std::string_view next,
                                             const std::filesystem::path& path);

}  // namespace ipsec9000
