// The views of ipsec_report: each asks one daemon (or reads the audit file) and gives its items to a sink.
#pragma once
#include <string>
#include <vector>

#include "cli/common/daemons.hpp"
#include "cli/common/program.hpp"
#include "cli/ipsec_report/sink.hpp"

namespace ipsec9000::cli {

struct ViewRequest {
  std::string name;      // the JSON key: sad, mad, policy, isakmp, cache, ip, bypass, failures, audit
  std::string argument;  // "configured", a remote address, a file; "" when there is none
};

struct ReportContext {
  Daemons& daemons;
  Sink& sink;
  std::string entity;  // of -entity; "" for all
};

// Prints one view. An error means that it is missing or broken off.
Result<void> print_view(const ViewRequest& view, ReportContext& context);

// The views that were asked for, in the order of the report; all of them when none was. An argument that is none of
// its view's is invalid_input.
struct RequestedViews {
  std::vector<ViewRequest> views;
  bool all = false;
};
Result<RequestedViews> requested_views(const Arguments& arguments);

}  // namespace ipsec9000::cli
