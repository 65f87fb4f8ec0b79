#include "daemon/options.hpp"

#include <CLI/CLI.hpp>

namespace ipsec9000 {

DaemonCommandLine parse_daemon_options(const DaemonDescription& description, int argc, char** argv) {
  DaemonCommandLine line;
  std::string root;
  CLI::App app(description.summary, description.name);
  app.set_help_flag("-h,--help", "Print this help and end");
  app.set_version_flag("--version", description.name + " " + IPSEC9000_VERSION);
  app.add_option("--root", root, "Keep all files below this directory")->envname("IPSEC9000_ROOT")->type_name("DIR");
  app.add_flag("--foreground")->description("Stay in the foreground, which it does in any case");
  for (const auto& option : description.options)
    app.add_option(option.name, *option.value, option.description)
        ->type_name(option.placeholder)
        ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    constexpr int wrong_usage = 2;
    line.exit_status = app.exit(failure) == 0 ? 0 : wrong_usage;
    return line;
  }
  if (!root.empty()) line.root = std::filesystem::absolute(root).lexically_normal();
  return line;
}

}  // namespace ipsec9000
