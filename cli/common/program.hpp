// What every tool does around its own work: options, root check, errors, exit status.
#pragma once
#include <functional>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"
#include "base/secret.hpp"
#include "cli/common/arguments.hpp"

namespace ipsec9000::cli {

enum class Exit : int { done = 0, failed = 1, usage = 2, not_running = 3, not_permitted = 4 };

struct Failure {
  Exit exit = Exit::failed;
  std::string what;    // "starting IPSec"
  std::string why;     // may be several lines
  std::string remedy;  // what to do, may be empty
};

// The exit status that belongs to an error, and the remedy that goes with it.
Failure failure(std::string what, const Error& error);
// The same for what a daemon answered: there, what is invalid was not typed by the user.
Failure daemon_failure(std::string what, const Error& error);

// "tool: what failed: why: what to do", safe for a terminal. Further lines of `why` follow, each with "tool: " before.
std::string error_line(std::string_view tool, const Failure& failure);

struct Context {
  const Tool& tool;
  Arguments arguments;
  Paths paths;
  bool json = false;
  std::ostream& out;
  std::ostream& err;

  int fail(const Failure& failure) const;  // prints, and gives the exit status
  int fail(std::string what, const Error& error) const { return fail(failure(std::move(what), error)); }

  // From --password-file, else from the terminal without echo.
  Result<Secret> password(std::string_view prompt) const;
};

using Body = std::function<int(Context&)>;

// A tool's main: parses, answers --help and --version, checks for root, runs `body`. Nothing is thrown out of it.
int run_tool(const Tool& tool, std::span<const std::string> typed, std::ostream& out, std::ostream& err,
             const Body& body);

// The same with main's arguments and the standard streams.
int run_tool(const Tool& tool, int argc, char** argv, const Body& body);

// The bodies, one for each tool.
int ipsec_admin(Context& context);
int ipsec_report(Context& context);
int ipsec_policy(Context& context);
int ipsec_mgr(Context& context);

}  // namespace ipsec9000::cli
