// Crossings, searched and not only tried: every order of the steps of two hosts up to a depth. IPSEC9000_SEARCH_DEPTH
// searches deeper.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "support/schedule_search.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
void holds(Search wanted, const std::string& what) {
  if (const char* other = std::getenv("IPSEC9000_SEARCH_DEPTH"))
    wanted.depth = static_cast<unsigned>(std::strtoul(other, nullptr, 10));
  const auto searched = search(wanted);
  if (std::getenv("IPSEC9000_SEARCH_DEPTH") != nullptr)
    WARN(what << ": depth " << wanted.depth << ", " << searched.states << " states, " << searched.schedules
              << " schedules");
  for (const auto& violation : searched.violations) FAIL_CHECK(what << ": " << violation);
  CHECK(searched.states > 20);
}
}  // namespace

TEST_CASE("every order in which two hosts start at once") {
  Search wanted;
  wanted.starts = {1, 1};
  wanted.depth = 5;
  holds(wanted, "start");
}

TEST_CASE("every order in which two hosts start, with a message lost, repeated or late") {
  Search wanted;
  wanted.starts = {1, 1};
  wanted.losses = wanted.repetitions = wanted.waits = 1;
  wanted.depth = 5;
  holds(wanted, "start, bad weather");
}

TEST_CASE("every order in which two hosts renew, twice at one of them") {
  Search wanted;
  wanted.connected_first = true;
  wanted.renewals = {2, 1};
  wanted.depth = 5;
  holds(wanted, "renew");
}

TEST_CASE("every order in which two hosts renew twice each: three and four new pairs that cross") {
  Search wanted;
  wanted.connected_first = true;
  wanted.renewals = {2, 2};
  wanted.depth = 6;
  holds(wanted, "renew twice each");
}

TEST_CASE("every order in which two hosts renew, with a message lost, repeated or late") {
  Search wanted;
  wanted.connected_first = true;
  wanted.renewals = {1, 1};
  wanted.losses = wanted.repetitions = wanted.waits = 1;
  wanted.depth = 5;
  holds(wanted, "renew, bad weather");
}

TEST_CASE("every order in which a deletion crosses renewals") {
  Search wanted;
  wanted.connected_first = true;
  wanted.renewals = {1, 1};
  wanted.deletes = {1, 1};
  wanted.starts = {1, 1};
  wanted.depth = 5;
  holds(wanted, "renew and delete");
}
