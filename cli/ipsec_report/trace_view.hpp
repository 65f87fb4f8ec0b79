// The view of ipsec_report that reads a trace.
#pragma once
#include "cli/ipsec_report/views.hpp"

namespace ipsec9000::cli {

// The packets of the file named by the view's argument, or of the trace under way: a line each, the comment behind it.
// An error when the file is cut off or was edited, after what could be read.
Result<void> print_packets(const ViewRequest& view, ReportContext& context);

}  // namespace ipsec9000::cli
