#include "pending_acquires.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;

namespace {
constexpr TimePoint first{seconds(1000)};

ike::PairKey flow(std::uint32_t reqid) {
  ike::PairKey key;
  key.reqid = first_reqid + reqid;
  return key;
}

UnansweredAcquire question(std::uint32_t sequence) {
  UnansweredAcquire asked;
  asked.sequence = sequence;
  return asked;
}

std::vector<std::uint32_t> due(PendingAcquires& pending, TimePoint now) {
  std::vector<std::uint32_t> sequences;
  for (const auto& each : pending.take_due(now)) sequences.push_back(each.sequence);
  return sequences;
}
using Sequences = std::vector<std::uint32_t>;
}  // namespace

TEST_CASE("a question whose negotiation failed is taken back at once, then later and later") {
  PendingAcquires pending;
  auto now = first;
  for (const int wait : {0, 1, 2, 4, 8, 16, 16, 16}) {
    CAPTURE(wait);
    const auto sequence = static_cast<std::uint32_t>(wait + 1);
    pending.asked(flow(1), question(sequence), now);
    CHECK(due(pending, now + seconds(100)).empty());  // it is still negotiated
    pending.failed(flow(1), now);
    REQUIRE(pending.next_due() == now + seconds(wait));
    if (wait > 0) CHECK(due(pending, now + seconds(wait) - Duration(1)).empty());
    now += seconds(wait);
    CHECK(due(pending, now) == Sequences{sequence});
    CHECK_FALSE(pending.next_due());
    CHECK(due(pending, now).empty());
  }
}

TEST_CASE("an answer, a minute of quiet and a new configuration make the next failure the first again") {
  const auto what = GENERATE(0, 1, 2);
  PendingAcquires pending;
  auto now = first;
  for (int i = 0; i < 3; ++i) {
    pending.asked(flow(1), question(1), now);
    pending.failed(flow(1), now);
  }
  CHECK(due(pending, now).empty());  // due in two seconds
  if (what == 0) {
    pending.answered(flow(1));
    CHECK_FALSE(pending.next_due());
    CHECK(pending.size() == 0);
  } else if (what == 1) {
    now += PendingAcquires::memory + Duration(1);
    due(pending, now);
  } else {
    pending.forgive(now);
    CHECK(due(pending, now) == Sequences{1});
  }
  pending.asked(flow(1), question(2), now);
  pending.failed(flow(1), now);
  CHECK(due(pending, now) == Sequences{2});
}

TEST_CASE("each flow has its own patience, and what nobody asked for is not taken back") {
  PendingAcquires pending;
  pending.asked(flow(1), question(1), first);
  pending.asked(flow(2), question(2), first);
  pending.failed(flow(1), first);
  pending.failed(flow(3), first);
  CHECK(due(pending, first) == Sequences{1});
  pending.failed(flow(2), first);
  CHECK(due(pending, first) == Sequences{2});
}

TEST_CASE("of too many questions the further ones are left to the kernel, until the old ones are forgotten") {
  PendingAcquires pending;
  for (std::uint32_t i = 0; i < PendingAcquires::most + 10; ++i) pending.asked(flow(i), question(i), first);
  CHECK(pending.size() == PendingAcquires::most);
  const auto later = first + PendingAcquires::memory + Duration(1);
  pending.asked(flow(PendingAcquires::most), question(7), later);
  CHECK(pending.size() == 1);
  pending.failed(flow(PendingAcquires::most), later);
  CHECK(due(pending, later) == Sequences{7});
}
