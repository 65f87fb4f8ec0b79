// The views of ipsec_report that read audit files.
#pragma once
#include "cli/ipsec_report/views.hpp"

namespace ipsec9000::cli {

// The records of the file named by the view's argument, or of the current one, in HP-UX's layout.
Result<void> print_audit(const ViewRequest& view, ReportContext& context);

// Checks the hash chain of the file named by the view's argument, or of every file in the directory of the current one.
// An error when there is a fault.
Result<void> print_verification(const ViewRequest& view, ReportContext& context);

}  // namespace ipsec9000::cli
