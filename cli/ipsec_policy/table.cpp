#include "cli/common/table.hpp"

#include <array>

namespace ipsec9000::cli {

namespace {
constexpr std::array tool_options{
    Option{
        "sa", "", Argument::required, "ADDRESS", "the packet's source address; any when left out",
        "For -dir in this is the remote host. An address that is left out is the wildcard of the other's family, IPv4 "
        "when both are.",
        ""},
    Option{"sp", "", Argument::required, "PORT", "the source port; 0, the default, is any. For ICMP the type", "", ""},
    Option{"da", "", Argument::required, "ADDRESS", "the packet's destination address; any when left out", "", ""},
    Option{"dp", "", Argument::required, "PORT", "the destination port; 0, the default, is any. For ICMP the code", "",
           ""},
    Option{"p", "", Argument::required, "PROTOCOL", "a name or number; any when left out", "", ""},
    Option{"dir", "", Argument::required, "in|out", "the packet's direction; out when left out", "", ""},
    Option{"why", "", Argument::none, "", "list the candidates in order, with the reason each lost", "", ""},
};

constexpr std::array examples{
    Example{"ipsec_policy -sa 15.1.1.1 -sp 65535 -da 15.2.2.2 -dp 23 -p tcp -dir out",
            "Which policy is for telnet from here? 65535 stands for any client port."},
    Example{"ipsec_policy -da 15.1.1.1 -dp 23 -sa 15.2.2.2 -sp 65535 -p tcp -dir in -why",
            "And for telnet to here, and why not another?"},
};

constexpr Tool tool{
    "ipsec_policy",
    "tell which policy is for a packet",
    "Asks the policy daemon which IPSec policy it chooses for a packet, which ISAKMP policy would be used to "
    "negotiate its SAs, and shows the SAs in use. It says so where the packet's local address is none of this host's "
    "now, or its interface is down. The answer comes from the function that decides about real "
    "packets. IPSec must be running.",
    tool_options,
    {},
    examples};
}  // namespace

const Tool& ipsec_policy_tool() { return tool; }

}  // namespace ipsec9000::cli
