// bench/policy: what policies cost, from the file to the packet. bench/README.md says how to run it.
#include <benchmark/benchmark.h>

#include "benchmarks.hpp"
#include "host.hpp"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  ipsec9000::bench::enter_fresh_host();
  ipsec9000::bench::register_library();
  ipsec9000::bench::register_kernel();
  ipsec9000::bench::register_packets();
  ipsec9000::bench::register_programs();
  ipsec9000::bench::register_records();
  ipsec9000::bench::register_repairs();
  ipsec9000::bench::register_take_overs();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
