#include "cli/common/program.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "base/text.hpp"
#include "cli/common/password.hpp"
#include "cli/common/show.hpp"

namespace ipsec9000::cli {

namespace {
struct Consequence {
  ErrorCode code;
  Exit exit;
  std::string_view remedy;
};
constexpr Consequence consequences[] = {
    {ErrorCode::not_running, Exit::not_running, "start it with ipsec_admin -start"},
    {ErrorCode::not_permitted, Exit::not_permitted, ""},
    {ErrorCode::invalid_input, Exit::usage, ""},
    {ErrorCode::timed_out, Exit::failed, "see ipsec_admin -status"},
};

std::filesystem::path root_directory(const Arguments& arguments) {
  auto root = arguments.value("root").value_or("");
  const char* from_environment = std::getenv("IPSEC9000_ROOT");  // NOLINT(concurrency-mt-unsafe): one thread
  if (root.empty() && from_environment != nullptr) root = from_environment;
  if (root.empty()) return {};
  const auto absolute = std::filesystem::absolute(root).lexically_normal();
  return absolute == "/" ? std::filesystem::path() : absolute;
}

int run(const Tool& tool, std::span<const std::string> typed, std::ostream& out, std::ostream& err, const Body& body) {
  auto arguments = parse(tool, typed);
  if (!arguments) {
    err << error_line(
        tool.name, {Exit::usage, "command line", arguments.error().text, "see " + std::string(tool.name) + " -help"});
    return static_cast<int>(Exit::usage);
  }
  if (arguments->has("help")) {
    out << help_text(tool);
    return 0;
  }
  if (arguments->has("version")) {
    out << tool.name << " " << IPSEC9000_VERSION << "\n";
    return 0;
  }
  const bool json = arguments->has("json");
  Context context{tool, std::move(*arguments), Paths{}, json, out, err};
  context.paths.root = root_directory(context.arguments);
  if (::geteuid() != 0)
    return context.fail({Exit::not_permitted, "permission", "only root may use this", "use sudo or su"});
  const int status = body(context);
  out.flush();
  if (!out) return context.fail({Exit::failed, "output", "it could not be written", ""});
  return status;
}
}  // namespace

Failure failure(std::string what, const Error& error) {
  for (const auto& consequence : consequences)
    if (consequence.code == error.code)
      return {consequence.exit, std::move(what), error.text, std::string(consequence.remedy)};
  return {Exit::failed, std::move(what), error.text, ""};
}

Failure daemon_failure(std::string what, const Error& error) {
  auto made = failure(std::move(what), error);
  if (made.exit == Exit::usage) made.exit = Exit::failed;
  return made;
}

std::string error_line(std::string_view tool, const Failure& failure) {
  const auto prefix = std::string(tool) + ": ";
  const auto lines = split(failure.why, '\n');
  auto text = prefix + safe(failure.what);
  for (std::size_t n = 0; n < lines.size(); ++n) {
    if (n > 0 && lines[n].empty()) continue;
    text += n == 0 ? ": " : "\n" + prefix;
    text += safe(lines[n]);
  }
  if (!failure.remedy.empty()) text += ": " + safe(failure.remedy);
  return text + "\n";
}

int Context::fail(const Failure& failure) const {
  out.flush();
  err << error_line(tool.name, failure);
  return static_cast<int>(failure.exit);
}

Result<Secret> Context::password(std::string_view prompt) const {
  if (const auto file = arguments.value("password-file")) return read_password_file(*file);
  return ask_password(prompt);
}

int run_tool(const Tool& tool, std::span<const std::string> typed, std::ostream& out, std::ostream& err,
             const Body& body) {
  try {
    return run(tool, typed, out, err, body);
  } catch (const std::exception& failure) {  // of a library, where nobody nearer could go on
    err << error_line(tool.name, {Exit::failed, "internal error", failure.what(), ""});
    return static_cast<int>(Exit::failed);
  }
}

int run_tool(const Tool& tool, int argc, char** argv, const Body& body) {
  // Passwords and keys pass through: no core dump holds them, and no other process of the user looks at them.
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::prctl(PR_SET_DUMPABLE, 0);
  std::signal(SIGPIPE, SIG_IGN);  // `ipsec_report | head` is no crash: writing fails, and the tool ends
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> typed(argv + (argc > 0 ? 1 : 0), argv + argc);
  return run_tool(tool, typed, std::cout, std::cerr, body);
}

}  // namespace ipsec9000::cli
