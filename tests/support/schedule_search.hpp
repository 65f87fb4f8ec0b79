// Every schedule of two hosts up to a depth: which message comes next, which is lost, comes twice or late, and when
// each host is made to start, renew or delete. A state that was reached before by another order of independent steps is
// not searched again, so the schedules covered are far more than the states visited.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "support/ike_network.hpp"

namespace ipsec9000::test {

struct Search {
  bool connected_first = false;  // begin with an SA pair, else with nothing
  unsigned depth = 10;           // choices in one schedule; then what is under way ends in its usual order
  // How often each may happen in one schedule, at host a and at host b.
  std::array<unsigned, 2> starts{};    // traffic that finds no SA; the kernel's ACQUIRE is a message like the others
  std::array<unsigned, 2> renewals{};  // soft limits
  std::array<unsigned, 2> deletes{};   // by the administrator
  unsigned losses = 0;
  unsigned repetitions = 0;
  unsigned waits = 0;  // a timer runs although messages are under way: those are late
  std::uint64_t seed = 1;
};

struct Searched {
  std::uint64_t states = 0;             // different ones
  double schedules = 0;                 // ways through them
  std::vector<std::string> violations;  // at most a few; each with the schedule that led there
};

// What must hold: once both hosts have a pair in common, they have one after each further step, unless a message was
// lost, one was later than the grace for replaced pairs, or somebody deleted; and at each schedule's end, when both
// hosts have traffic, exactly one.
Searched search(const Search& search);

}  // namespace ipsec9000::test
