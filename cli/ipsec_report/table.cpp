#include "cli/common/table.hpp"

#include <array>

namespace ipsec9000::cli {

namespace {
constexpr std::array tool_options{
    Option{"sad", "", Argument::none, "", "the IPSec SAs in the kernel", "", ""},
    Option{"mad", "", Argument::none, "", "the ISAKMP SAs",
           "No ISAKMP SA with a peer is the first sign of a failed negotiation.", ""},
    Option{"sa", "", Argument::optional, "ike|ipsec", "ISAKMP SAs, IPSec SAs, or both",
           "The later HP-UX name for -mad and -sad.", ""},
    Option{
        "policy", "host", Argument::optional, "active|configured", "the IPSec policies",
        "Active ones (the default) are the rules that the policies come to on this host, outbound first, with their "
        "SAs: one for each address of this host that a policy's local address covers, with its interface and whether "
        "that is up. The kernel's entries are those of the policies (-cache shows them), so that an address is "
        "covered from the moment at which it comes up. Configured ones are as in the file.",
        ""},
    Option{"isakmp", "ike", Argument::none, "", "the ISAKMP policies", "", ""},
    Option{"cache", "", Argument::none, "",
           "the kernel's policy entries, live flows, and what was dropped lately, with what was decided for each",
           "The flows are those of connected sockets, of connection tracking where that is in use, what programs have "
           "sent "
           "without a connection in the last minute, and those that the kernel has asked SAs for in that time. Packets "
           "that "
           "policies dropped are listed for ten minutes, with their number: inbound ones as they were, outbound ones "
           "as the "
           "program tried to send them (port 0: not chosen yet), or by the filter of the entry that they met where "
           "nothing "
           "more is known. The last lines say which of these sources were there to be asked.",
           ""},
    Option{"ip", "", Argument::none, "", "IP interfaces, and whether IPSec is enabled on each", "", ""},
    Option{"bypass", "", Argument::none, "", "local addresses that IPSec leaves alone", "", ""},
    Option{"failures", "", Argument::optional, "REMOTE", "the last failed negotiations",
           "Each with the attribute that differed, if that is known.", ""},
    Option{"audit", "", Argument::optional, "FILE", "an audit file in readable form; without FILE the current one", "",
           ""},
    Option{"entity", "", Argument::required, "NAME", "with -audit: only the records of one program",
           "One of ipsec_admin, ipsec_report, ipsec_policy, ipsec_mgr, secauditd, secpolicyd, ikpmd.", ""},
    Option{"verify", "", Argument::none, "", "with -audit: check that no record was removed or changed",
           "Follows the hash chain through FILE and what joins it to the files before and after; without FILE through "
           "every file beside the current one. The exit status is 1 when there is a fault.",
           ""},
    Option{"trace", "", Argument::optional, "FILE", "the packets of a trace, a line each; without FILE the present one",
           "Made by ipsec_admin -traceon. Not part of -all: it shows what was protected.", ""},
    Option{"explain", "", Argument::required, "REMOTE", "what there is with another host, and what to do next",
           "The policy that covers the traffic, SAs, the last failures, whether UDP 500 passes both ways, what the "
           "kernel dropped, and advice. Without -p and -dp the first policy that secures traffic to REMOTE is gone by.",
           ""},
    Option{"p", "", Argument::required, "PROTO", "with -explain: the protocol of the traffic", "", ""},
    Option{"dp", "", Argument::required, "PORT", "with -explain: the remote port of the traffic", "", ""},
    Option{"metrics", "", Argument::none, "", "counts in the text format of Prometheus",
           "With -file, OUT is replaced in one step and readable by all: for node_exporter's textfile collector.", ""},
    Option{"watch", "", Argument::optional, "SECONDS", "print the report again and again",
           "Every 2 seconds unless SECONDS are given, until interrupted. Without a view: -mad, -sad and -failures.",
           ""},
    Option{"file", "", Argument::required, "OUT", "write the report to OUT",
           "The file is made anew, readable by its owner only.", ""},
    Option{"all", "", Argument::none, "", "everything; so does no option at all",
           "What a daemon that is not running would tell is left out, and said to be missing.", ""},
};

constexpr std::array examples{
    Example{"ipsec_report -sad", "Which traffic is protected just now?"},
    Example{"ipsec_report -failures 10.1.0.2", "Why does negotiating with 10.1.0.2 fail?"},
    Example{"ipsec_report -explain 10.1.0.2 -p tcp -dp 23", "Why does telnet to 10.1.0.2 not work?"},
    Example{"ipsec_report -audit -entity ikpmd", "What did the IKE daemon record?"},
    Example{"ipsec_report -audit -verify", "Has anybody tampered with the audit trail?"},
    Example{"ipsec_report -all -file /tmp/report.txt", "A bundle for support. It holds no keys."},
};

constexpr Tool tool{
    "ipsec_report",
    "show SAs, policies, failures and audit records",
    "Reports on what the IPSec daemons and the kernel hold. Several views may be asked for at once; each is "
    "printed block by block as it arrives.",
    tool_options,
    {},
    examples};
}  // namespace

const Tool& ipsec_report_tool() { return tool; }

}  // namespace ipsec9000::cli
