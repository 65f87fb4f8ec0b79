#include "cli/common/table.hpp"

#include <array>

namespace ipsec9000::cli {

namespace {
constexpr std::array tool_options{
    Option{"start", "st", Argument::none, "", "start the daemons and put the policies into the kernel",
           "The configuration is checked first. Returns when the policies are in the kernel and UDP 500 is bound, or "
           "fails with the reason and stops what it started. A password must have been set before; it is asked for. "
           "May be given together with -auditlvl, -audit and -maxsize.",
           ""},
    Option{
        "stop", "sp", Argument::none, "", "stop everything and leave the kernel clean",
        "SAs are deleted (the peers are told), policies are removed, the daemons end. A daemon that does not answer is "
        "ended by force. Traffic then flows in clear.",
        ""},
    Option{"status", "s", Argument::none, "", "show what runs, the audit file, and what is wrong",
           "Exit status 0 when all three daemons run, 3 otherwise.", ""},
    Option{"reload", "", Argument::none, "", "load the policy configuration anew",
           "Everything, entrust.ini included, is checked before anything changes. SAs of policies that did not change "
           "stay.",
           ""},
    Option{"auditlvl", "al", Argument::required, "LEVEL", "set the audit level",
           "One of alert, error, warning, informative, debug; each includes those before it.", ""},
    Option{"audit", "au", Argument::required, "DIR", "set the audit directory; a new file is opened there", "", ""},
    Option{"maxsize", "m", Argument::required, "KB", "set the size at which a new audit file begins", "", ""},
    Option{
        "auditprune", "", Argument::required, "KEEP", "remove old audit files",
        "KEEP is how many files stay, the newest, or with a \"d\" behind it the days from which they stay: 10, 30d. "
        "The "
        "file in use always stays. Audit files are removed by this command only. It is recorded with the hash of the "
        "last record that went, so that ipsec_report -audit -verify can tell it from files that somebody took away.",
        ""},
    Option{"newpasswd", "np", Argument::none, "", "set or change the IPSec password",
           "At least 15 characters. The first time, the key store is made. Works whether IPSec runs or not.", ""},
    Option{"new-password-file", "", Argument::required, "FILE", "with -newpasswd: read the new password from FILE",
           "As with -password-file, the file must be private.", ""},
    Option{
        "deletesa", "d", Argument::required, "REMOTE", "delete all SAs with the remote address",
        "The peer is told, under the ISAKMP SA with it. Where there is none (SAs that ikpmd found when it was started "
        "again, or that outlived their ISAKMP SA) one is negotiated for that, and ended. When the peer does not answer "
        "for 8 seconds that is said; it is tried for half a minute. A peer that cannot be told drops its SAs when they "
        "are answered with INVALID-SPI, or by dead peer detection. SAs are negotiated anew when there is traffic.",
        ""},
    Option{
        "traceon", "tn", Argument::optional, "tcp|udp|igmp|all", "trace packets and IKE into a file",
        "Asks for the IPSec password. The file is trace-*.pcapng in the audit directory, for tshark and for "
        "ipsec_report -trace. It shows packets outbound before encryption and inbound after decryption, of one "
        "protocol or (the default) of all but AH and ESP, and beside them the messages of IKE decrypted; each has a "
        "comment with the policy, the SPI (of the newest SA that fits) and what it is. No key is in it, but what the "
        "keys protect is. Off again with -traceoff, when a daemon ends, and after every start.",
        ""},
    Option{"tracesize", "", Argument::required, "KB", "with -traceon: the size at which the trace ends",
           "10240 unless given. What comes later is not traced; -status then says that the file is full.", ""},
    Option{"traceoff", "tf", Argument::none, "", "end the trace", "The file stays.", ""},
};

constexpr std::array examples{
    Example{"ipsec_admin -newpasswd", "Set the password that protects the keys; once, before the first start."},
    Example{"ipsec_admin -start", "Protect traffic from now on, as /etc/ipsec9000/ipsec.json says."},
    Example{"ipsec_admin -status --json", "Everything a script may want to know."},
    Example{"ipsec_admin -traceon udp", "See whether IKE's messages pass both ways, and what they say."},
    Example{"ipsec_admin -auditprune 90d", "Remove the audit files of more than 90 days ago."},
    Example{"ipsec_admin -al informative -maxsize 1000", "Record more, into larger files, at once."},
};

constexpr Tool tool{"ipsec_admin",
                    "start, stop, watch and set up IPSec",
                    "Starts and stops the IPSec daemons, shows their state, and changes what can be changed while they "
                    "run. From -start to -stop, traffic that a policy wants secured never travels in clear, whatever "
                    "happens to the daemons.",
                    tool_options,
                    {},
                    examples};
}  // namespace

const Tool& ipsec_admin_tool() { return tool; }

}  // namespace ipsec9000::cli
