#include "cli/common/table.hpp"

#include <array>

namespace ipsec9000::cli {

namespace {
constexpr std::array common{
    Option{"root", "", Argument::required, "DIR", "keep all files below DIR",
           "Configuration, keys, logs and sockets are then DIR/etc/ipsec9000 and so on. The environment variable "
           "IPSEC9000_ROOT says the same.",
           ""},
    Option{"json", "", Argument::none, "", "print one JSON document in place of text", "", ""},
    Option{"password-file", "", Argument::required, "FILE", "read the IPSec password from FILE, not from the terminal",
           "The file must belong to the caller and be readable by nobody else (0600). One newline at its end does not "
           "count.",
           ""},
    Option{"help", "h", Argument::none, "", "print a short help and end", "", ""},
    Option{"version", "", Argument::none, "", "print the version and end", "", ""},
};

constexpr std::array statuses{
    ExitStatus{0, "Done."},
    ExitStatus{1, "Failed."},
    ExitStatus{2, "Wrong usage, or an invalid configuration."},
    ExitStatus{3, "A daemon that is needed is not running."},
    ExitStatus{4, "Not permitted: not root, no password set, or a wrong password."},
};
}  // namespace

std::span<const Option> common_options() { return common; }
std::span<const ExitStatus> exit_statuses() { return statuses; }

std::span<const Tool* const> all_tools() {
  static const std::array tools{&ipsec_admin_tool(), &ipsec_report_tool(), &ipsec_policy_tool(), &ipsec_mgr_tool()};
  return tools;
}

}  // namespace ipsec9000::cli
