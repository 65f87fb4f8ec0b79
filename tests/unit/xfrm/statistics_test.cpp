#include "xfrm/statistics.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace ipsec9000;

TEST_CASE("counters are read by name, and lines that are none are passed over") {
  const auto counts = parse_xfrm_statistics(
      "XfrmInError             \t0\nXfrmInNoStates          \t17\n\nnonsense\n 5\nXfrmNew \t3\nXfrmBad \t-1\n");
  CHECK(counts.size() == 3);
  CHECK(counts.at("XfrmInNoStates") == 17);
  CHECK(counts.at("XfrmNew") == 3);
}

TEST_CASE("each counter is declared once, with words") {
  std::set<std::string_view> names;
  for (const auto& counter : xfrm_counters()) {
    CHECK(names.insert(counter.name).second);
    CHECK_FALSE(counter.words.empty());
    CHECK(find_xfrm_counter(counter.name) == &counter);
  }
  CHECK(find_xfrm_counter("XfrmNew") == nullptr);
}
