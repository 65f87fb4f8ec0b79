#include <catch2/catch.hpp>

#include "support/ike_network.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
ike::SaKey some_sa(const Host& host, Direction direction) {
  for (const auto& [key, sa] : host.installed)
    if (sa.direction == direction) return key;
  return {};
}
}  // namespace

TEST_CASE("the shorter lifetime counts on both sides, and soft limits lie before hard ones") {
  TwoHosts hosts;
  auto protection = usual_protection(hosts.a, hosts.b);
  protection.transforms = {*Transform::parse("ESP-AES128-HMAC-SHA256/7200/10000")};
  hosts.b.cover = [](const CoverQuery& query) {
    auto granted = grant_anything(query);
    granted->transforms = {*Transform::parse("ESP-AES128-HMAC-SHA256/3600/0")};
    return granted;
  };
  hosts.a.engine.acquire(protection, hosts.network.now);
  hosts.network.settle();
  REQUIRE(hosts.connected());
  for (const auto* host : {&hosts.a, &hosts.b}) {
    for (const auto& [key, sa] : host->installed) {
      CHECK(sa.hard.seconds == 3600);  // RESPONDER-LIFETIME told the initiator
      CHECK(sa.hard.kilobytes == 10000);
      CHECK(sa.soft.seconds < sa.hard.seconds);
      CHECK(sa.soft.seconds >= sa.hard.seconds * 3 / 4);
      CHECK(sa.soft.kilobytes < sa.hard.kilobytes);
    }
  }
}

TEST_CASE("the smallest lifetimes still have a soft limit below the hard one") {
  TwoHosts hosts;
  auto protection = usual_protection(hosts.a, hosts.b);
  protection.transforms = {*Transform::parse("ESP-AES128-HMAC-SHA256/10/64")};
  hosts.a.engine.acquire(protection, hosts.network.now);
  hosts.network.settle();
  for (const auto& [key, sa] : hosts.a.installed) {
    CHECK(sa.soft.seconds >= 7);
    CHECK(sa.soft.seconds < 10);
    CHECK(sa.soft.kilobytes < 64);
  }
}

TEST_CASE("soft expiry makes a new pair before the old one goes, on either side's initiative") {
  const bool by_initiator = GENERATE(true, false);
  TwoHosts hosts;
  hosts.start();
  hosts.network.settle();
  const auto old = hosts.a.sas;
  auto& who = by_initiator ? hosts.a : hosts.b;
  hosts.network.after_each_step = [&] {
    CHECK(hosts.a.sas.size() >= 2);
    CHECK(hosts.b.sas.size() >= 2);
  };
  // The kernel reports both SAs of the pair.
  const auto out = some_sa(who, Direction::out), in = some_sa(who, Direction::in);
  who.engine.sa_expired(out, false, hosts.network.now);
  who.engine.sa_expired(in, false, hosts.network.now);
  hosts.network.advance(milliseconds(500));
  CHECK(hosts.a.sas.size() == 4);  // make before break
  hosts.network.advance(seconds(5));
  CHECK(hosts.a.sas.size() == 2);
  CHECK(hosts.connected());
  for (const auto& [key, keys] : old) CHECK_FALSE(hosts.a.sas.contains(key));
}

TEST_CASE("both ends renew at once: one pair is left, the same on both, and never none") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    TwoHosts hosts(seed);
    hosts.start();
    hosts.network.settle();
    hosts.network.after_each_step = [&] { CHECK((hosts.a.sas.size() >= 2 && hosts.b.sas.size() >= 2)); };
    for (auto* host : {&hosts.a, &hosts.b})
      host->engine.sa_expired(some_sa(*host, Direction::out), false, hosts.network.now);
    hosts.network.advance(seconds(30));
    CHECK(hosts.connected());
    CHECK(hosts.a.sas.size() == 2);
  }
}

TEST_CASE("hard expiry takes the pair away on both sides") {
  TwoHosts hosts;
  hosts.start();
  hosts.network.settle();
  hosts.a.engine.sa_expired(some_sa(hosts.a, Direction::out), true, hosts.network.now);
  hosts.network.settle();
  CHECK(hosts.a.sas.empty());
  CHECK(hosts.b.sas.empty());
  CHECK(hosts.b.has_audit("delete-received"));
}

TEST_CASE("deleting a peer tells it and leaves nothing on either side") {
  TwoHosts hosts;
  hosts.start();
  hosts.network.settle();
  const auto deleted = hosts.a.engine.delete_peer(hosts.b.address, hosts.network.now);
  CHECK(deleted.isakmp_sas == 1);
  CHECK(deleted.ipsec_sas == 2);
  CHECK(deleted.untold == 0);
  hosts.network.settle();
  for (const auto* host : {&hosts.a, &hosts.b}) {
    CHECK(host->sas.empty());
    CHECK(host->engine.isakmp_sas(hosts.network.now).empty());
  }
}

TEST_CASE("a host that restarted is met again: INITIAL-CONTACT clears what it has forgotten") {
  TwoHosts hosts;
  hosts.start();
  hosts.network.settle();
  const auto old = hosts.b.sas;
  auto& reborn = hosts.network.add("a again", "10.1.0.3");
  (void)reborn;
  hosts.network.advance(seconds(5));
  // The same address, with nothing remembered.
  Host fresh("fresh", "10.1.0.1", 77);
  fresh.keys[hosts.b.address] = "a key that everybody here has";
  fresh.engine.acquire(usual_protection(fresh, hosts.b), hosts.network.now);
  // Its messages go by hand, because the network delivers by address.
  for (int round = 0; round < 8; ++round) {
    for (auto& action : fresh.engine.take_actions()) {
      if (auto* send = std::get_if<ike::SendDatagram>(&action))
        hosts.b.engine.receive({send->datagram.remote, send->datagram.local, send->datagram.bytes}, hosts.network.now);
      if (auto* job = std::get_if<ike::RunJob>(&action))
        fresh.engine.job_done(job->id, ike::perform(job->job, wall_time), hosts.network.now);
    }
    for (auto& action : hosts.b.engine.take_actions()) {
      if (auto* send = std::get_if<ike::SendDatagram>(&action))
        fresh.engine.receive({send->datagram.remote, send->datagram.local, send->datagram.bytes}, hosts.network.now);
      if (auto* job = std::get_if<ike::RunJob>(&action))
        hosts.b.engine.job_done(job->id, ike::perform(job->job, wall_time), hosts.network.now);
      if (auto* ask = std::get_if<ike::AskPolicy>(&action))
        hosts.b.engine.policy_answered(ask->id, hosts.b.cover(ask->query), hosts.network.now);
      if (auto* remove = std::get_if<ike::RemoveSas>(&action))
        for (const auto& key : remove->keys) hosts.b.sas.erase(key);
    }
  }
  for (const auto& [key, keys] : old) CHECK_FALSE(hosts.b.sas.contains(key));
  CHECK(hosts.b.engine.isakmp_sas(hosts.network.now).size() == 1);
}

TEST_CASE("an SA that somebody deletes in the kernel is replaced at once, whichever of the two it is") {
  const auto direction = GENERATE(Direction::out, Direction::in);
  const bool by_initiator = GENERATE(true, false);
  TwoHosts hosts;
  hosts.start();
  hosts.network.settle();
  const auto old = hosts.a.sas;
  auto& who = by_initiator ? hosts.a : hosts.b;
  const auto gone = some_sa(who, direction);
  who.sas.erase(gone);
  who.engine.sa_vanished(gone, hosts.network.now);
  hosts.network.advance(seconds(1));
  CHECK(who.has_audit("sa-drift-repaired"));
  CHECK(hosts.connected());
  CHECK(hosts.a.sas.size() == 2);
  for (const auto& [key, keys] : old) CHECK_FALSE(hosts.a.sas.contains(key));
  who.engine.sa_vanished(gone, hosts.network.now);  // told twice
  CHECK(who.engine.take_actions().empty());
}

TEST_CASE("a look at the kernel finds what has vanished there, and nothing else") {
  TwoHosts hosts;
  hosts.start();
  hosts.network.settle();
  std::vector<ike::TrafficSample> present;
  for (const auto& [key, sa] : hosts.a.sas) present.push_back({key, 0});
  hosts.a.engine.sas_present(present, hosts.network.now);
  CHECK(hosts.a.engine.take_actions().empty());
  hosts.a.sas.clear();
  hosts.a.engine.sas_present({}, hosts.network.now);
  hosts.network.advance(seconds(1));
  CHECK(hosts.connected());
  CHECK(hosts.a.pairs() == 1);
}
