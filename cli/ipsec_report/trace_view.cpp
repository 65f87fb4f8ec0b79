#include "cli/ipsec_report/trace_view.hpp"

#include <nlohmann/json.hpp>

#include "base/packet.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/common/show.hpp"
#include "trace/pcapng.hpp"

namespace ipsec9000::cli {

namespace {
Result<std::string> current_trace(Daemons& daemons) {
  const auto status = daemons.call("secpolicyd", "policy.status", Json::object());
  if (!status) return status.error();
  const auto* trace = member(*status, "trace");
  const auto* file = trace == nullptr ? nullptr : member(*trace, "file");
  if (file == nullptr || !file->is_string())
    return Error{ErrorCode::not_found, "no trace is under way: name the file (trace-*.pcapng beside the audit files)"};
  return file->get<std::string>();
}

std::string time_of(std::uint64_t microseconds) {
  constexpr std::uint64_t year_3000 = 32'503'680'000ULL * 1'000'000U;  // what an edited file may claim is not more
  const auto time = std::chrono::microseconds(static_cast<std::int64_t>(std::min(microseconds, year_3000)));
  return to_rfc3339(WallTime(std::chrono::floor<Duration>(time)));
}

std::string_view way_of(pcapng::Way way) {
  if (way == pcapng::Way::inbound) return "in";
  return way == pcapng::Way::outbound ? "out" : "?";
}

Json facts_of(const pcapng::Packet& packet) {
  Json facts{{"time", time_of(packet.microseconds)},
             {"direction", std::string(way_of(packet.way))},
             {"size", packet.original_size},
             {"comment", packet.comment}};
  const auto flow = flow_of_packet(packet.bytes);
  if (!flow) return facts;
  facts["source"] = flow->source.to_string();
  facts["destination"] = flow->destination.to_string();
  facts["protocol"] = to_string(flow->protocol);
  if (!has_ports(flow->protocol)) return facts;
  facts["source_port"] = flow->source_port;
  facts["destination_port"] = flow->destination_port;
  return facts;
}

std::string line_of(const Json& facts) {
  const auto end = [&](const char* address, const char* port) {
    const auto number = text_of(facts, port);
    return text_of(facts, address) + (number.empty() ? "" : " " + number);
  };
  auto line = text_of(facts, "time") + " " + text_of(facts, "direction") + " ";
  line += facts.contains("source") ? text_of(facts, "protocol") + " " + end("source", "source_port") + " -> " +
                                         end("destination", "destination_port")
                                   : "not readable";
  // Whoever edited the file may have written anything into a comment.
  return line + ", " + text_of(facts, "size") + " bytes; " + text_of(facts, "comment") + "\n";
}
}  // namespace

Result<void> print_packets(const ViewRequest& view, ReportContext& context) {
  std::string file = view.argument;
  if (file.empty()) {
    auto current = current_trace(context.daemons);
    if (!current) return current.error();
    file = std::move(*current);
  }
  context.sink.line("Trace file: " + safe(file));
  const auto read = pcapng::read(file, [&](const pcapng::Packet& packet) {
    const auto facts = facts_of(packet);
    context.sink.item(facts, [&] { return line_of(facts); });
    return context.sink.good();
  });
  if (!read) return read.error();
  if (!context.sink.good()) return Error{ErrorCode::io, "the report cannot be written"};
  if (!read->fault.empty()) return Error{ErrorCode::refused, file + ": " + read->fault};
  return {};
}

}  // namespace ipsec9000::cli
