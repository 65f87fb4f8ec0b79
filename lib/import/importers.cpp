#include <array>

#include "import/import.hpp"

namespace ipsec9000 {

namespace {
constexpr std::array all{Importer{"hpux", "an ipsec_config batch file of HP-UX IPSec", import_hpux},
                         Importer{"swanctl", "swanctl.conf of strongSwan", import_swanctl}};
}  // namespace

std::span<const Importer> importers() { return all; }

}  // namespace ipsec9000
