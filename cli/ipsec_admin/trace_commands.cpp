#include <nlohmann/json.hpp>
#include <ostream>

#include "base/text.hpp"
#include "cli/common/daemons.hpp"
#include "cli/common/print_status.hpp"
#include "cli/common/secret_params.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_admin/commands.hpp"
#include "trace/packet_source.hpp"

namespace ipsec9000::cli {

namespace {
constexpr std::uint64_t trace_kilobytes_maximum = std::uint64_t{1024} * 1024;

// What "trace.start" is to be told, but for the password.
Result<Json> trace_order(const Context& context, Daemons& daemons) {
  Json order{{"protocols", "all"}};
  if (const auto typed = context.arguments.value("traceon")) {
    const auto protocols = parse_traced_protocols(*typed);
    if (!protocols) return protocols.error().within("-traceon");
    order["protocols"] = std::string(to_string(*protocols));
  }
  if (const auto typed = context.arguments.value("tracesize")) {
    const auto kilobytes = parse_number(*typed, trace_kilobytes_maximum);
    if (!kilobytes || *kilobytes == 0)
      return Error{ErrorCode::invalid_input,
                   "-tracesize: expected kilobytes from 1 to " + std::to_string(trace_kilobytes_maximum)};
    order["max_kilobytes"] = *kilobytes;
  }
  // Beside the audit files, wherever these are by now.
  const auto audit = daemons.call("secauditd", "audit.status", Json::object());
  const auto* directory = audit ? member(*audit, "directory") : nullptr;
  order["directory"] =
      directory != nullptr && directory->is_string() ? *directory : Json(context.paths.log_directory().string());
  return order;
}

int print_trace(const Context& context, const Json& trace, std::string_view headline) {
  if (context.json)
    context.out << trace.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  else
    context.out << headline << ": " << trace_shown(trace) << "\n";
  return 0;
}
}  // namespace

int admin_traceon(Context& context) {
  Daemons daemons(context.paths, seconds(40));
  auto order = trace_order(context, daemons);
  if (!order) return context.fail("switching the trace on", order.error());
  const auto password = context.password("IPSec password: ");
  if (!password) return context.fail("reading the password", password.error());
  SecretParams params(std::move(*order));
  params.json["password"] = as_text(*password);
  const auto answer = daemons.call("ikpmd", "trace.start", params.json);
  if (!answer) return context.fail(daemon_failure("switching the trace on", answer.error()));
  return print_trace(context, *answer, "Trace is on");
}

int admin_traceoff(Context& context) {
  Daemons daemons(context.paths, seconds(40));
  const auto told = daemons.call("ikpmd", "trace.stop", Json::object());
  if (!told && told.error().code != ErrorCode::not_running)
    return context.fail(daemon_failure("switching the trace off", told.error()));
  const auto answer = daemons.call("secpolicyd", "trace.stop", Json::object());
  if (!answer) return context.fail(daemon_failure("switching the trace off", answer.error()));
  return print_trace(context, *answer, "Trace is off");
}

}  // namespace ipsec9000::cli
