#include "cli/common/program.hpp"
#include "cli/ipsec_mgr/screen/full_screen.hpp"

int main(int argc, char** argv) {
  using namespace ipsec9000;
  return cli::run_tool(cli::ipsec_mgr_tool(), argc, argv, [](cli::Context& context) {
    return context.arguments.words().empty() ? screen::full_screen(context) : cli::ipsec_mgr(context);
  });
}
