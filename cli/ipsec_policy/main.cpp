#include "cli/common/program.hpp"

int main(int argc, char** argv) {
  return ipsec9000::cli::run_tool(ipsec9000::cli::ipsec_policy_tool(), argc, argv, ipsec9000::cli::ipsec_policy);
}
