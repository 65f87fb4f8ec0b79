#include "cli/common/table.hpp"

#include <array>

namespace ipsec9000::cli {

namespace {
constexpr std::array options{
    Option{"file", "", Argument::required, "FILE", "key set: read the key from FILE, not from the terminal",
           "The file's bytes without one newline at the end are the key, by the same rule as a key that is typed.",
           "key set"},
};

constexpr std::array verbs{
    Verb{"key set", "REMOTE", 1, 1, "store the pre-shared key for a remote host",
         "REMOTE is an address, a prefix such as 10.1.0.0/24, a host name, or user@host; for a peer its exact name is "
         "looked "
         "up first, then the longest prefix. The key is ASCII, taken byte for byte, or hex digits after 0x. It is "
         "asked for "
         "twice, without echo. A key that is there is replaced."},
    Verb{"key list", "", 0, 0, "list the hosts that have keys, without the keys", ""},
    Verb{"key delete", "REMOTE", 1, 1, "delete the pre-shared key for a remote host", "REMOTE as key list shows it."},
    Verb{
        "bootup", "on|off", 1, 1, "start IPSec with the system, or no longer",
        "on: sets startup.bootup in the configuration, and lets a key of this machine (/var/lib/ipsec9000/machine.key) "
        "open the key store, so that nobody is asked for the password at boot. off takes both back. Needs the IPSec "
        "password. Says what else is missing for a start at boot; ipsec_admin -status says it too."},
    Verb{"check", "[FILE]", 0, 1, "check a configuration, by default the one in use",
         "Every mistake is reported in one pass, with line and column, what was found, and what is allowed. Warnings "
         "alone "
         "are no failure."},
    Verb{"apply", "", 0, 0, "check the configuration, then load it",
         "The same as check followed by ipsec_admin -reload: nothing changes unless everything is valid."},
    Verb{"policy list", "", 0, 0, "list the configured policies in the order of the file, one a line", ""},
    Verb{"policy show", "NAME", 1, 1, "show one configured policy", ""},
};

constexpr std::array examples{
    Example{"ipsec_mgr key set 10.1.0.2", "Store the key for 10.1.0.2; it is asked for."},
    Example{"ipsec_mgr key set 10.1.0.0/24 --file key.txt --password-file pw.txt",
            "The same for a network, in a script."},
    Example{"ipsec_mgr check new.json", "Is this configuration valid?"},
    Example{"ipsec_mgr apply", "Check the configuration and load it."},
};

constexpr Tool tool{
    "ipsec_mgr",
    "manage policies and keys",
    "Manages what the IPSec daemons work with: checks and loads the policy configuration, and keeps the "
    "pre-shared keys. While a daemon runs, only it touches its files; the tool asks it.",
    options,
    verbs,
    examples};
}  // namespace

const Tool& ipsec_mgr_tool() { return tool; }

}  // namespace ipsec9000::cli
