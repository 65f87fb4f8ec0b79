// A daemon's command line.
#pragma once
#include <filesystem>
#include <optional>

#include "daemon/daemon.hpp"

namespace ipsec9000 {

struct DaemonCommandLine {
  std::filesystem::path root;
  std::optional<int> exit_status;  // already answered (--help, --version) or refused: end with it
};

DaemonCommandLine parse_daemon_options(const DaemonDescription& description, int argc, char** argv);

}  // namespace ipsec9000
