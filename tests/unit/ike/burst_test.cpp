// Bursts of traffic into SAs that may carry a few kilobytes: the hard limit comes right behind the soft one, sometimes
// before anybody has heard of it. The kernel blocks then, which is right; what must not happen is that it goes on
// blocking, or that SAs pile up.
#include <catch2/catch.hpp>

#include "support/weather.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
constexpr auto transform = "ESP-AES128-HMAC-SHA256/28800/64";
constexpr std::uint64_t packet_bytes = 1500;
constexpr auto kernels_wait = seconds(30);  // net.core.xfrm_acq_expires

// What the two kernels do with packets from a to b and back: count, report, block and ask. Their reports take time, and
// questions take another way than reports, so that either may come first.
class Burst {
 public:
  Burst(TwoHosts& hosts, std::uint64_t seed) : hosts_(hosts), random_(seed) {
    for (auto* host : {&hosts.a, &hosts.b})
      host->cover = [](const CoverQuery& query) {
        auto granted = grant_anything(query);
        granted->transforms = {*Transform::parse(transform)};
        return granted;
      };
  }

  // One packet in each direction, then a millisecond.
  void send() {
    for (auto* from : {&hosts_.a, &hosts_.b}) packet(*from, from == &hosts_.a ? hosts_.b : hosts_.a);
    rest(milliseconds(1));
  }
  void rest(Duration time) {
    for (const auto end = hosts_.network.now + time; hosts_.network.now < end;) {
      hosts_.network.advance(milliseconds(1));
      for (std::size_t i = 0; i < reports_.size();) {
        if (reports_[i].first > hosts_.network.now) {
          ++i;
          continue;
        }
        const auto report = std::move(reports_[i].second);
        reports_.erase(reports_.begin() + static_cast<std::ptrdiff_t>(i));
        report();
      }
    }
  }

  // Nobody wants to send for so long.
  void pause(Duration time) {
    blocked_.clear();
    rest(time);
  }

  std::uint64_t carried = 0;
  std::uint64_t expired = 0;  // SAs that reached the hard limit
  Duration longest_silence{};

 private:
  void packet(Host& from, Host& to) {
    const ike::SaInstall* best = nullptr;  // the newest, as the kernel chooses
    for (const auto& [key, sa] : from.installed)
      if (sa.direction == Direction::out && used_[{&from, key}] < sa.hard.kilobytes * 1024 &&
          (best == nullptr || order(from, key) > order(from, best->key)))
        best = &sa;
    if (best == nullptr) {
      const auto since = blocked_.emplace(&from, hosts_.network.now).first->second;
      longest_silence = std::max(longest_silence, hosts_.network.now - since);
      return ask(from, to);
    }
    asked_.erase(&from);  // an SA was the answer
    blocked_.erase(&from);
    const auto key = best->key;
    count(from, key);
    if (to.installed.contains(key)) {
      count(to, key);
      ++carried;
    }
  }
  std::size_t order(const Host& host, const ike::SaKey& key) {
    auto& seen = seen_[{&host, key}];
    if (seen == 0) seen = ++last_seen_;
    return seen;
  }
  void count(Host& host, const ike::SaKey& key) {
    const auto& sa = host.installed.at(key);
    const auto before = used_[{&host, key}];
    const auto after = used_[{&host, key}] = before + packet_bytes;
    const auto reaches = [&](std::uint64_t kilobytes) {
      return before < kilobytes * 1024 && after >= kilobytes * 1024;
    };
    for (const bool hard : {false, true}) {
      if (!reaches(hard ? sa.hard.kilobytes : sa.soft.kilobytes)) continue;
      expired += hard ? 1 : 0;
      later([this, &host, key, hard] {
        if (hard) host.sas.erase(key);
        if (hard) host.installed.erase(key);
        host.engine.sa_expired(key, hard, hosts_.network.now);
      });
    }
  }
  void ask(Host& from, const Host& to) {
    const auto asked = asked_.find(&from);
    if (asked != asked_.end() && hosts_.network.now - asked->second < kernels_wait) return;
    asked_[&from] = hosts_.network.now;
    later([this, &from, &to] {
      auto protection = usual_protection(from, to);
      protection.transforms = {*Transform::parse(transform)};
      from.engine.acquire(protection, hosts_.network.now);
    });
  }
  void later(std::function<void()> report) {
    reports_.emplace_back(hosts_.network.now + milliseconds(random_.u32() % 40), std::move(report));
  }

  TwoHosts& hosts_;
  SeededRandom random_;
  std::vector<std::pair<TimePoint, std::function<void()>>> reports_;
  std::map<std::pair<const Host*, ike::SaKey>, std::uint64_t> used_;
  std::map<std::pair<const Host*, ike::SaKey>, std::size_t> seen_;
  std::size_t last_seen_ = 0;
  std::map<const Host*, TimePoint> asked_;
  std::map<const Host*, TimePoint> blocked_;
};
}  // namespace

TEST_CASE("bursts into SAs of a few kilobytes block for moments only, and leave one pair") {
  for (std::uint64_t seed = 1; seed <= seeds(16); ++seed) {
    CAPTURE(seed);
    TwoHosts hosts(seed);
    hosts.network.cheap_keys = true;
    SeededRandom random(seed * 7907);
    let_it_blow(hosts.network, random, {0, 0, 60});
    Burst burst(hosts, seed * 31);
    std::size_t most = 0;
    for (int round = 0; round < 4; ++round) {
      for (int i = 0; i < 3000; ++i) {
        burst.send();
        most = std::max(most, hosts.a.sas.size());
      }
      burst.pause(seconds(10));
    }
    CHECK(burst.expired > 50);
    CHECK(burst.carried > 1000);
    CHECK(burst.longest_silence < seconds(1));
    CHECK(most <= 16);
    burst.pause(seconds(60));  // then a packet now and then
    for (int i = 0; i < 10; ++i) {
      burst.send();
      burst.pause(seconds(5));
    }
    CHECK(hosts.connected());
    CHECK(hosts.a.sas.size() == 2);
    CHECK(hosts.a.engine.isakmp_sas(hosts.network.now).size() <= 2);  // one that each end began
    CHECK_FALSE(hosts.a.has_audit("peer-dead"));
  }
}

TEST_CASE("a question of the kernel that comes before the news that the pair is used up is answered") {
  const bool soft_first = GENERATE(true, false);
  TwoHosts hosts;
  hosts.start();
  hosts.network.advance(milliseconds(300));
  REQUIRE(hosts.connected());
  const auto out = std::find_if(hosts.a.installed.begin(), hosts.a.installed.end(), [](const auto& sa) {
                     return sa.second.direction == Direction::out;
                   })->first;
  hosts.a.sas.erase(out);
  hosts.start();  // less than a second after the pair was complete
  if (soft_first) hosts.a.engine.sa_expired(out, false, hosts.network.now);
  hosts.a.engine.sa_expired(out, true, hosts.network.now);
  hosts.network.advance(seconds(1));
  CHECK(hosts.connected());
  CHECK_FALSE(hosts.a.sas.contains(out));
}
