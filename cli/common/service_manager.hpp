// The daemons as units of systemd, where that runs this host and the suite is installed with its units.
#pragma once
#include <string>

#include "base/files.hpp"

namespace ipsec9000::cli {

// Not for a suite below --root, nor in a container without systemd, nor from a build tree.
bool units_are_installed(const Paths& paths);

// Both wait until systemd has done it; the text of an error says where to look for the reason.
Result<void> start_unit(const std::string& daemon);
Result<void> stop_unit(const std::string& daemon);

}  // namespace ipsec9000::cli
