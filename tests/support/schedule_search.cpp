#include "support/schedule_search.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "support/engine_snapshot.hpp"

namespace ipsec9000::test {

namespace {
constexpr std::size_t violations_shown = 3;

std::uint64_t fingerprint(std::initializer_list<ByteView> parts) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const auto part : parts)
    for (const auto byte : part) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  a ^= b + 0x9e3779b97f4a7c15 + (a << 6) + (a >> 2);
  return a * 0xff51afd7ed558ccd;
}

// Something on its way to a host: a message of the peer, or its own kernel's ACQUIRE.
struct UnderWay {
  std::size_t to = 0;
  std::optional<ike::Datagram> datagram;  // absent: ACQUIRE
  TimePoint sent{};
  std::uint64_t hash = 0;
};

enum class Act { deliver, lose, repeat, wait, start, renew, remove };
constexpr std::array act_names{"deliver", "lose", "repeat", "wait", "start", "renew", "delete"};

struct Choice {
  Act act = Act::deliver;
  std::size_t which = 0;  // a message under way, or a host
};

// All that a schedule can change, as a value.
struct Moment {
  struct OfHost {
    std::shared_ptr<const ike::Core> engine;
    SeededRandom random{0};
    std::map<ike::SaKey, Bytes> sas;
    std::uint64_t history = 0;  // of its inputs, which determine the rest
  };
  std::array<OfHost, 2> hosts;
  std::vector<UnderWay> under_way;
  TimePoint now{};
  Search left;
  bool was_connected = false;
  bool excused = false;  // a loss, a late message or a deletion: there may be no pair for a while
};

class Searcher {
 public:
  explicit Searcher(const Search& search) : hosts_(search.seed), left_(search) {
    hosts_.network.cheap_keys = true;
    if (search.connected_first) {
      hosts_.start();
      hosts_.network.advance(seconds(3));
    }
    hosts_.network.wire = [this](std::size_t, const ike::Datagram& sent) {
      under_way_.push_back({sent.remote.address == hosts_.a.address ? std::size_t{0} : 1,
                            ike::Datagram{sent.remote, sent.local, sent.bytes}, hosts_.network.now,
                            fingerprint({sent.bytes})});
      return std::vector<std::pair<Duration, Bytes>>{};
    };
  }

  Searched run() {
    result_.schedules = visit(left_.depth);
    result_.states = ways_.size();
    return std::move(result_);
  }

 private:
  Host& host(std::size_t index) { return index == 0 ? hosts_.a : hosts_.b; }

  // The number of schedules from here on.
  double visit(unsigned depth) {
    check_connected();
    const auto key = mixed(state_key(), depth);
    if (const auto known = ways_.find(key); known != ways_.end()) return known->second;
    const auto choices = depth == 0 ? std::vector<Choice>{} : all_choices();
    const auto before = save();
    double ways = 0;
    for (const auto& choice : choices) {
      if (result_.violations.size() >= violations_shown) return ways;
      path_.push_back(describe(choice));
      take(choice);
      ways += visit(depth - 1);
      path_.pop_back();
      restore(before);
    }
    if (choices.empty()) {
      if (finished_.insert(situation_key()).second) {
        finish();
        restore(before);
      }
      ways = 1;
    }
    ways_[key] = ways;
    return ways;
  }

  std::vector<Choice> all_choices() const {
    std::vector<Choice> choices;
    std::vector<std::uint64_t> seen;  // twins make no difference
    for (std::size_t i = 0; i < under_way_.size(); ++i) {
      if (std::find(seen.begin(), seen.end(), under_way_[i].hash) != seen.end()) continue;
      seen.push_back(under_way_[i].hash);
      choices.push_back({Act::deliver, i});
      if (!under_way_[i].datagram) continue;
      if (left_.losses != 0) choices.push_back({Act::lose, i});
      if (left_.repetitions != 0) choices.push_back({Act::repeat, i});
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const auto& at = i == 0 ? hosts_.a : hosts_.b;
      if (left_.starts[i] != 0 && !may_send(at)) choices.push_back({Act::start, i});
      if (left_.renewals[i] != 0 && may_send(at)) choices.push_back({Act::renew, i});
      if (left_.deletes[i] != 0 && may_send(at)) choices.push_back({Act::remove, i});
    }
    if (left_.waits != 0 && (hosts_.a.engine.next_deadline() || hosts_.b.engine.next_deadline()))
      choices.push_back({Act::wait, 0});
    return choices;
  }

  std::string describe(const Choice& choice) const {
    std::string text = act_names[static_cast<std::size_t>(choice.act)];
    if (choice.act == Act::wait) return text;
    if (choice.act > Act::wait) return text + (choice.which == 0 ? " a" : " b");
    const auto& what = under_way_[choice.which];
    text += what.to == 0 ? " to a " : " to b ";
    if (!what.datagram) return text + "ACQUIRE";
    const auto& bytes = what.datagram->bytes;
    return text + to_hex(ByteView(bytes).subspan(18, 1)) + "/" + to_hex(ByteView(bytes).subspan(20, 4)) + "/" +
           std::to_string(bytes.size());
  }

  void take(const Choice& choice) {
    const auto now = hosts_.network.now;
    switch (choice.act) {
      case Act::deliver:
      case Act::repeat: {
        const auto what = under_way_[choice.which];
        if (choice.act == Act::deliver)
          under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(choice.which));
        else
          --left_.repetitions;
        return arrive(what);
      }
      case Act::lose:
        --left_.losses;
        excused_ = true;
        under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(choice.which));
        return;
      case Act::wait:
        --left_.waits;
        return run_next_timer();
      case Act::start:
        --left_.starts[choice.which];
        return ask(choice.which);
      case Act::renew: {
        --left_.renewals[choice.which];
        remember(choice.which, 2);
        const auto sas = host(choice.which).sas;
        for (const auto& [key, keys] : sas) host(choice.which).engine.sa_expired(key, false, now);
        return settle(choice.which);
      }
      case Act::remove:
        --left_.deletes[choice.which];
        remember(choice.which, 3);
        excused_ = true;
        host(choice.which).engine.delete_peer(host(1 - choice.which).address, now);
        return settle(choice.which);
    }
  }

  void arrive(const UnderWay& what) {
    auto& to = host(what.to);
    remember(what.to, what.hash);
    if (what.datagram)
      to.engine.receive(*what.datagram, hosts_.network.now);
    else
      to.engine.acquire(usual_protection(to, host(1 - what.to)), hosts_.network.now);
    settle(what.to);
  }

  void run_next_timer() {
    const auto deadline = [&](std::size_t i) { return host(i).engine.next_deadline().value_or(TimePoint::max()); };
    const std::size_t who = deadline(1) < deadline(0) ? 1 : 0;
    hosts_.network.now = std::max(hosts_.network.now, deadline(who));
    // A pair that was replaced meanwhile is kept for the grace only.
    for (const auto& each : under_way_) excused_ = excused_ || hosts_.network.now - each.sent >= ike::retire_grace;
    remember(who, 4);
    host(who).engine.on_timer(hosts_.network.now);
    settle(who);
  }

  void ask(std::size_t who) { under_way_.push_back({who, std::nullopt, hosts_.network.now, who + 1}); }

  void remember(std::size_t who, std::uint64_t input) {
    history_[who] =
        mixed(mixed(history_[who], input),
              static_cast<std::uint64_t>(std::chrono::nanoseconds(hosts_.network.now.time_since_epoch()).count()));
  }

  void settle(std::size_t who) {
    hosts_.network.carry_out(host(who));
    if (const auto wrong = host(who).engine.inconsistency()) violate(*wrong);
  }

  // The kernel has an SA to send with: no ACQUIRE.
  static bool may_send(const Host& host) {
    return std::any_of(host.sas.begin(), host.sas.end(),
                       [&](const auto& sa) { return sa.first.source == host.address; });
  }

  std::size_t common_pairs() const {
    std::size_t common[2] = {0, 0};
    for (const auto& [key, keys] : hosts_.a.sas) {
      const auto other = hosts_.b.sas.find(key);
      if (other != hosts_.b.sas.end() && other->second == keys) ++common[key.source == hosts_.a.address ? 0 : 1];
    }
    return std::min(common[0], common[1]);
  }

  void check_connected() {
    const auto common = common_pairs();
    if (was_connected_ && common == 0 && !excused_) violate("no pair in common");
    was_connected_ = was_connected_ || common != 0;
  }

  // Everything under way arrives in order, nothing more is lost; then both hosts have traffic.
  void finish() {
    for (const bool traffic : {false, true, true, false}) {
      for (std::size_t i = 0; traffic && i < 2; ++i)
        if (!may_send(host(i))) ask(i);
      const auto until = hosts_.network.now + seconds(40);
      for (unsigned steps = 0; steps < 2000; ++steps) {
        if (!under_way_.empty()) {
          const auto first = under_way_.front();
          under_way_.erase(under_way_.begin());
          arrive(first);
          check_connected();
          if (steps == 1500) violate("a storm of messages");
          continue;
        }
        const auto next = std::min(hosts_.a.engine.next_deadline().value_or(TimePoint::max()),
                                   hosts_.b.engine.next_deadline().value_or(TimePoint::max()));
        if (next > until) break;
        run_next_timer();
        check_connected();
        if (steps == 1500) violate("a storm of messages or timers");
      }
      hosts_.network.now = until;
    }
    const bool one = common_pairs() == 1 && hosts_.a.sas.size() == 2 && hosts_.b.sas.size() == 2;
    // Without traffic at the start there may be none.
    const bool none = hosts_.a.sas.empty() && hosts_.b.sas.empty();
    if (!one && !none)
      violate("at the end a has " + std::to_string(hosts_.a.sas.size()) + " SAs, b " +
              std::to_string(hosts_.b.sas.size()) + ", " + std::to_string(common_pairs()) + " pairs in common");
  }

  void violate(const std::string& what) {
    if (result_.violations.size() >= violations_shown) return;
    std::string text = what + " after:";
    for (const auto& step : path_) text += " [" + step + "]";
    result_.violations.push_back(text);
  }

  // Of what is, without what may still happen: what follows from it when nothing more happens.
  std::uint64_t situation_key() const {
    std::vector<std::uint64_t> messages;
    for (const auto& each : under_way_)
      messages.push_back(mixed(each.hash + each.to, static_cast<std::uint64_t>(each.sent.time_since_epoch().count())));
    std::sort(messages.begin(), messages.end());
    std::uint64_t key = mixed(mixed(history_[0], history_[1]),
                              static_cast<std::uint64_t>(hosts_.network.now.time_since_epoch().count()));
    for (const auto message : messages) key = mixed(key, message);
    return mixed(key, (was_connected_ ? 2u : 0u) + (excused_ ? 1u : 0u));
  }

  std::uint64_t state_key() const {
    auto key = situation_key();
    for (const auto left : {left_.starts[0], left_.starts[1], left_.renewals[0], left_.renewals[1], left_.deletes[0],
                            left_.deletes[1], left_.losses, left_.repetitions, left_.waits})
      key = mixed(key, left);
    return key;
  }

  Moment save() {
    Moment moment;
    for (std::size_t i = 0; i < 2; ++i)
      moment.hosts[i] = {ike::EngineSnapshot::take(host(i).engine), host(i).random, host(i).sas, history_[i]};
    moment.under_way = under_way_;
    moment.now = hosts_.network.now;
    moment.left = left_;
    moment.was_connected = was_connected_;
    moment.excused = excused_;
    return moment;
  }

  void restore(const Moment& moment) {
    for (std::size_t i = 0; i < 2; ++i) {
      ike::EngineSnapshot::restore(host(i).engine, *moment.hosts[i].engine);
      host(i).random = moment.hosts[i].random;
      host(i).sas = moment.hosts[i].sas;
      history_[i] = moment.hosts[i].history;
      host(i).records.clear();
      host(i).failures.clear();
    }
    hosts_.network.sent.clear();
    under_way_ = moment.under_way;
    hosts_.network.now = moment.now;
    left_ = moment.left;
    was_connected_ = moment.was_connected;
    excused_ = moment.excused;
  }

  TwoHosts hosts_;
  Search left_;
  std::vector<UnderWay> under_way_;
  std::array<std::uint64_t, 2> history_{};
  bool was_connected_ = false;
  bool excused_ = false;
  std::vector<std::string> path_;
  std::unordered_map<std::uint64_t, double> ways_;
  std::unordered_set<std::uint64_t> finished_;
  Searched result_;
};
}  // namespace

Searched search(const Search& search) { return Searcher(search).run(); }

}  // namespace ipsec9000::test
