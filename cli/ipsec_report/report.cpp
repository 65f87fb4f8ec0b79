#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <ostream>
#include <sstream>
#include <thread>

#include "base/clock.hpp"
#include "base/json_fwd.hpp"
#include "base/text.hpp"
#include "cli/common/print_status.hpp"
#include "cli/common/program.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_report/explain.hpp"
#include "cli/ipsec_report/metrics.hpp"
#include "cli/ipsec_report/views.hpp"

namespace ipsec9000::cli {

namespace {
constexpr std::array entities{"ipsec_admin", "ipsec_report", "ipsec_policy", "ipsec_mgr",
                              "secauditd",   "secpolicyd",   "ikpmd"};

// Made anew, private, and never through a symbolic link that somebody laid in /tmp.
Result<void> open_report_file(const std::string& path, std::ofstream& out) {
  const FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!file) return system_error(path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return Error{ErrorCode::invalid_input, path + ": not a regular file"};
  if (::fchmod(file.get(), 0600) != 0) return system_error(path);
  out.open("/proc/self/fd/" + std::to_string(file.get()), std::ios::binary);
  if (!out) return system_error(path);
  return {};
}

Result<std::string> entity(const Arguments& arguments) {
  auto wanted = arguments.value("entity").value_or("");
  if (wanted == "ikmpd") wanted = "ikpmd";  // as HP-UX's other manuals spell it
  const std::vector<std::string> names(entities.begin(), entities.end());
  if (wanted.empty() || std::find(names.begin(), names.end(), wanted) != names.end()) return wanted;
  const auto near = nearest_word(wanted, names);
  return Error{ErrorCode::invalid_input,
               "-entity: no program \"" + escape_control(wanted) + "\"" +
                   (near ? "; did you mean " + *near + "?" : ": expected " + join(names, ", "))};
}

int print_report(const Context& context, const RequestedViews& requested, const std::string& entity,
                 std::ostream& out) {
  Daemons daemons(context.paths, seconds(30));
  Sink sink(out, context.json);
  ReportContext report{daemons, sink, entity};
  int status = 0;
  std::size_t printed_views = 0;
  for (const auto& view : requested.views) {
    const auto printed = print_view(view, report);
    if (printed) ++printed_views;
    if (printed) continue;
    if (!sink.good()) return context.fail("writing the report", printed.error());
    sink.missing(view.name, safe(printed.error().text));
    status = context.fail(daemon_failure("view " + view.name, printed.error()));
  }
  // A whole report is for finding out what is wrong: it is done when it has said so.
  if (requested.all && printed_views > 0) status = 0;
  sink.end();
  return status;
}

// The screen anew each time, until nobody reads any more.
int watch(const Context& context, RequestedViews requested, const std::string& entity) {
  constexpr std::uint64_t longest = 3600;
  const auto typed = context.arguments.value("watch");
  const auto interval = typed ? parse_number(*typed, longest) : std::optional<std::uint64_t>(2);
  if (!interval || *interval == 0)
    return context.fail("-watch",
                        Error{ErrorCode::invalid_input, "expected seconds from 1 to " + std::to_string(longest)});
  if (requested.all) requested = {{{"mad", ""}, {"sad", ""}, {"failures", ""}}, false};
  while (context.out.good()) {
    std::ostringstream page;
    (void)print_report(context, requested, entity, page);
    const auto now = wall_now();
    context.out << "\033[H\033[2J" << hp_date(now) << "\n\n" << page.str() << std::flush;
    if (context.out.good()) std::this_thread::sleep_for(seconds(*interval));
  }
  return 0;
}

int print_metrics(const Context& context) {
  Daemons daemons(context.paths, seconds(30));
  const auto page = metrics(daemons, read_xfrm_statistics());
  const auto file = context.arguments.value("file");
  if (!file) {
    context.out << page;
    return 0;
  }
  constexpr unsigned for_all = 0644;
  if (auto written = replace_file(*file, page, for_all); !written) return context.fail("-file", written.error());
  return 0;
}

int print_views(Context& context) {
  const auto views = requested_views(context.arguments);
  if (!views) return context.fail("command line", views.error());
  const auto of_entity = entity(context.arguments);
  if (!of_entity) return context.fail("command line", of_entity.error());
  if (context.arguments.has("watch")) return watch(context, *views, *of_entity);
  return print_report(context, *views, *of_entity, context.out);
}

Result<void> check_combination(const Arguments& arguments) {
  const auto refuse = [](const char* why) { return Error{ErrorCode::invalid_input, why}; };
  if (!arguments.has("explain") && (arguments.has("p") || arguments.has("dp")))
    return refuse("-p and -dp go with -explain only");
  if (arguments.has("watch") && (arguments.has("file") || arguments.has("json")))
    return refuse("-watch is for the terminal: not with -file or -json");
  if (arguments.has("explain") + arguments.has("metrics") + arguments.has("watch") > 1)
    return refuse("only one of -explain, -metrics and -watch at a time");
  return {};
}
}  // namespace

int ipsec_report(Context& context) {
  if (auto checked = check_combination(context.arguments); !checked)
    return context.fail("command line", checked.error());
  if (context.arguments.has("metrics")) return print_metrics(context);
  int (*const body)(Context&) = context.arguments.has("explain") ? explain : print_views;
  const auto file = context.arguments.value("file");
  if (!file) return body(context);
  std::ofstream out;
  if (auto opened = open_report_file(*file, out); !opened) return context.fail("-file", opened.error());
  Context into_file{context.tool, context.arguments, context.paths, context.json, out, context.err};
  const int status = body(into_file);
  out.close();
  if (!out) return context.fail({Exit::failed, "writing " + *file, "it is not whole", "is the file system full?"});
  return status;
}

}  // namespace ipsec9000::cli
