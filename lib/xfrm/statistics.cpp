#include "xfrm/statistics.hpp"

#include <algorithm>
#include <array>

#include "base/files.hpp"
#include "base/text.hpp"

namespace ipsec9000 {

namespace {
// linux/Documentation/networking/xfrm_proc.rst
constexpr std::array counters{
    XfrmCounter{"XfrmInError", "inbound packets that failed for a reason without a counter of its own"},
    XfrmCounter{"XfrmInBufferError", "inbound packets for which memory was lacking"},
    XfrmCounter{"XfrmInHdrError", "inbound packets with a malformed AH or ESP header"},
    XfrmCounter{"XfrmInNoStates", "inbound AH or ESP packets of an SA that does not exist (unknown SPI)"},
    XfrmCounter{"XfrmInStateProtoError", "inbound AH or ESP packets that failed their integrity check or decryption"},
    XfrmCounter{"XfrmInStateModeError", "inbound packets whose SA failed in its mode (transport or tunnel)"},
    XfrmCounter{"XfrmInStateSeqError", "inbound AH or ESP packets that were replayed or outside the replay window"},
    XfrmCounter{"XfrmInStateExpired", "inbound AH or ESP packets of an SA that had expired"},
    XfrmCounter{"XfrmInStateMismatch", "inbound packets that their SA is not for (selector or UDP encapsulation)"},
    XfrmCounter{"XfrmInStateInvalid", "inbound AH or ESP packets of an SA that was not yet or no longer valid"},
    XfrmCounter{"XfrmInTmplMismatch", "inbound packets without the protection that their policy wants (clear text)"},
    XfrmCounter{"XfrmInNoPols", "inbound packets that no policy lets in"},
    XfrmCounter{"XfrmInPolBlock", "inbound packets that a policy discards"},
    XfrmCounter{"XfrmInPolError", "inbound packets whose policy could not be applied"},
    XfrmCounter{"XfrmOutError", "outbound packets that failed for a reason without a counter of its own"},
    XfrmCounter{"XfrmOutBundleGenError", "outbound packets for which no bundle of SAs could be made"},
    XfrmCounter{"XfrmOutBundleCheckError", "outbound packets whose bundle of SAs was no longer good"},
    XfrmCounter{"XfrmOutNoStates", "outbound packets that found no SA and made one be asked for", true},
    XfrmCounter{"XfrmOutStateProtoError", "outbound packets that could not be encrypted"},
    XfrmCounter{"XfrmOutStateModeError", "outbound packets whose SA failed in its mode (transport or tunnel)"},
    XfrmCounter{"XfrmOutStateSeqError", "outbound packets for which the SA's sequence numbers had run out"},
    XfrmCounter{"XfrmOutStateExpired", "outbound packets whose SA had expired"},
    XfrmCounter{"XfrmOutPolBlock", "outbound packets that a policy discards"},
    XfrmCounter{"XfrmOutPolDead", "outbound packets whose policy had just been removed"},
    XfrmCounter{"XfrmOutPolError", "outbound packets whose policy could not be applied"},
    XfrmCounter{"XfrmFwdHdrError", "forwarded packets with a malformed header"},
    XfrmCounter{"XfrmOutStateInvalid", "outbound packets whose SA was not valid"},
    XfrmCounter{"XfrmAcquireError", "requests for an SA that nobody could be told of"},
};
}  // namespace

std::span<const XfrmCounter> xfrm_counters() { return counters; }

const XfrmCounter* find_xfrm_counter(std::string_view name) {
  const auto* found =
      std::find_if(counters.begin(), counters.end(), [&](const auto& each) { return each.name == name; });
  return found == counters.end() ? nullptr : found;
}

XfrmStatistics parse_xfrm_statistics(std::string_view text) {
  XfrmStatistics counts;
  for (const auto& line : split(text, '\n')) {
    const auto end_of_name = line.find_first_of(" \t");
    if (end_of_name == 0 || end_of_name == std::string::npos) continue;
    if (const auto count = parse_number(trim(std::string_view(line).substr(end_of_name))))
      counts[line.substr(0, end_of_name)] = *count;
  }
  return counts;
}

Result<XfrmStatistics> read_xfrm_statistics() {
  const auto text = read_file("/proc/thread-self/net/xfrm_stat", std::size_t{64} << 10U);
  if (!text) return text.error();
  return parse_xfrm_statistics(*text);
}

}  // namespace ipsec9000
