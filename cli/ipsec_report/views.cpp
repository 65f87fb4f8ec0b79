#include "cli/ipsec_report/views.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/address.hpp"
#include "base/text.hpp"
#include "cli/common/print_policy.hpp"
#include "cli/common/print_sa.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_report/audit_views.hpp"
#include "cli/ipsec_report/trace_view.hpp"

namespace ipsec9000::cli {

namespace {
Error stopped() { return Error{ErrorCode::io, "the report cannot be written"}; }

// Items that are values of lib/model.
template <class Entry>
ipc::Client::OnItem typed(Sink& sink, Result<Entry> (*read)(const Json&)) {
  return [&sink, read, number = std::uint64_t{0}](const Json& item) mutable -> Result<void> {
    const auto entry = read(item);
    if (!entry) return entry.error();
    ++number;
    sink.item(item, [&] { return print(*entry, number); });
    if (!sink.good()) return stopped();
    return {};
  };
}

// Items that are printed as they come.
ipc::Client::OnItem untyped(Sink& sink, std::string (*show)(const Json&)) {
  return [&sink, show](const Json& item) -> Result<void> {
    sink.item(item, [&] { return show(item); });
    if (!sink.good()) return stopped();
    return {};
  };
}

Result<void> print_sad(const ViewRequest&, ReportContext& context) {
  return context.daemons.pages("ikpmd", "sad.list", Json::object(), typed(context.sink, sad_entry_from_json));
}

Result<void> print_mad(const ViewRequest&, ReportContext& context) {
  return context.daemons.pages("ikpmd", "mad.list", Json::object(), typed(context.sink, mad_entry_from_json));
}

Result<void> print_failures(const ViewRequest& view, ReportContext& context) {
  const auto params = view.argument.empty() ? Json::object() : Json{{"remote", view.argument}};
  return context.daemons.pages("ikpmd", "failures.list", params, typed(context.sink, failure_record_from_json));
}

// SAs by policy, for the blocks of the policies. As many are kept as are shown; without ikpmd there are none to show.
std::map<std::string, std::vector<SadEntry>> sas_by_policy(Daemons& daemons) {
  std::map<std::string, std::vector<SadEntry>> sas;
  (void)daemons.pages("ikpmd", "sad.list", Json::object(), [&](const Json& item) -> Result<void> {
    auto entry = sad_entry_from_json(item);
    if (!entry) return entry.error();
    auto& of_policy = sas[entry->policy];
    if (of_policy.size() < 2 * pairs_maximum + 2) of_policy.push_back(std::move(*entry));
    return {};
  });
  return sas;
}

Result<void> print_policies(const ViewRequest& view, ReportContext& context) {
  const auto wanted = view.argument.empty() ? std::string("active") : view.argument;
  const auto sas = sas_by_policy(context.daemons);
  const std::vector<SadEntry> none;
  const auto show = [&](const Json& item) -> Result<void> {
    const auto own = sas.find(text_of(item, "name"));
    context.sink.item(item, [&] { return print_policy(item, own == sas.end() ? none : own->second); });
    if (!context.sink.good()) return stopped();
    return {};
  };
  return context.daemons.pages("secpolicyd", "policy.list", Json{{"view", wanted}}, show);
}

Result<void> print_isakmp_policies(const ViewRequest&, ReportContext& context) {
  return context.daemons.pages("secpolicyd", "isakmp.list", Json::object(), untyped(context.sink, print_isakmp));
}

Result<void> print_flows(const ViewRequest&, ReportContext& context) {
  std::uint64_t number = 0;
  return context.daemons.pages("secpolicyd", "policy.cache", Json::object(), [&](const Json& item) -> Result<void> {
    ++number;
    context.sink.item(item, [&] { return print_cache(item, number); });
    if (!context.sink.good()) return stopped();
    return {};
  });
}

// After the cache, of which it tells where the flows came from.
Result<void> print_flow_sources(const ViewRequest&, ReportContext& context) {
  return context.daemons.pages("secpolicyd", "policy.cache_sources", Json::object(),
                               untyped(context.sink, print_flow_source));
}

Result<void> print_interfaces(const ViewRequest&, ReportContext& context) {
  return context.daemons.pages("secpolicyd", "policy.ip", Json::object(), untyped(context.sink, print_interface));
}

Result<void> print_bypass_list(const ViewRequest&, ReportContext& context) {
  return context.daemons.pages("secpolicyd", "policy.bypass", Json::object(), untyped(context.sink, print_bypass));
}

struct View {
  std::string_view name;
  Result<void> (*print)(const ViewRequest&, ReportContext&);
  std::string_view nothing;  // what is said of an empty one
  bool in_whole_report = true;
};
// In the order of a whole report.
constexpr View views[] = {{"ip", print_interfaces, "No IP interfaces"},
                          {"bypass", print_bypass_list, "No bypass addresses"},
                          {"policy", print_policies, "No IPSec policies"},
                          {"isakmp", print_isakmp_policies, "No ISAKMP policies"},
                          {"mad", print_mad, "No ISAKMP SAs"},
                          {"sad", print_sad, "No IPSec SAs"},
                          {"failures", print_failures, "No failed negotiations"},
                          {"cache", print_flows, "No cache entries"},
                          {"cache_sources", print_flow_sources, ""},
                          {"audit", print_audit, "No audit records"},
                          {"verify", print_verification, "No audit files", false},
                          {"trace", print_packets, "No packets", false}};

Result<void> check_argument(const ViewRequest& view) {
  if (view.argument.empty()) return {};
  if (view.name == "policy" && view.argument != "active" && view.argument != "configured")
    return Error{ErrorCode::invalid_input, "-policy: expected active or configured"};
  if (view.name == "failures") {
    const auto address = IpAddress::parse(view.argument);
    if (!address) return address.error().within("-failures");
  }
  return {};
}
}  // namespace

Result<void> print_view(const ViewRequest& request, ReportContext& context) {
  const auto* view =
      std::find_if(std::begin(views), std::end(views), [&](const View& v) { return v.name == request.name; });
  if (view == std::end(views)) return Error{ErrorCode::internal, "there is no such view"};
  context.sink.begin_view(view->name);
  auto printed = view->print(request, context);
  context.sink.end_view(printed ? view->nothing : std::string_view("Not available"));
  return printed;
}

Result<RequestedViews> requested_views(const Arguments& arguments) {
  const auto sa = arguments.has("sa") ? std::optional(arguments.value("sa").value_or("")) : std::nullopt;
  if (sa && !sa->empty() && *sa != "ike" && *sa != "ipsec")
    return Error{ErrorCode::invalid_input, "-sa: expected ike or ipsec"};
  const auto by_sa = [&](std::string_view view) {
    return sa && ((view == "mad" && *sa != "ipsec") || (view == "sad" && *sa != "ike"));
  };
  // -audit FILE -verify: FILE is not shown but checked.
  const auto asked = [&](const View& view) {
    if (view.name == "cache_sources") return arguments.has("cache");
    return (arguments.has(view.name) || by_sa(view.name)) && !(view.name == "audit" && arguments.has("verify"));
  };
  RequestedViews requested;
  requested.all = arguments.has("all") || std::none_of(std::begin(views), std::end(views), asked);
  for (const auto& view : views) {
    if (!asked(view) && !(requested.all && view.in_whole_report)) continue;
    const auto option = view.name == "verify" ? std::string_view("audit") : view.name;
    requested.views.push_back({std::string(view.name), arguments.value(option).value_or("")});
    if (auto checked = check_argument(requested.views.back()); !checked) return checked.error();
  }
  return requested;
}

}  // namespace ipsec9000::cli
