// The way down, for -stop and for a -start that failed.
#pragma once
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/common/daemons.hpp"

namespace ipsec9000::cli {

struct Shutdown {
  std::vector<std::string> stopped;   // daemons that ended in order
  std::vector<std::string> killed;    // that had to be ended by force
  std::vector<std::string> cleaned;   // that were not there, and whose part of the kernel was cleaned without them
  std::vector<std::string> failures;  // sentences: what may be left behind
};

// Ends the supervisor, so that nobody starts anything again. False when it may still be there.
bool end_supervision(Daemons& daemons);

// Stops those of `which` that run, ikpmd first, and makes sure that nothing of theirs is left in the kernel: a daemon
// that cannot clean up after itself any more (dead, or does not answer) has it done by its one-shot mode.
Shutdown shut_down(Daemons& daemons, const std::set<std::string, std::less<>>& which,
                   const std::filesystem::path& programs);

}  // namespace ipsec9000::cli
