// Two engines, started in a state of the machines that the first byte chooses; the rest says what happens to them:
// messages of the conversation, changed ones, foreign ones, ones sealed with the ISAKMP SA's own keys, time, limits.
// Nothing may break, and each engine must stay consistent.
#include <cstdlib>
#include <iostream>

#include "support/insider.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
class Input {
 public:
  explicit Input(ByteView bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::uint8_t u8() {
    if (bytes_.empty()) return 0;
    const auto value = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return value;
  }
  Bytes take(std::size_t count) {
    const auto part = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(part.size());
    return to_bytes(part);
  }

 private:
  ByteView bytes_;
};

// A moment of the conversation of two hosts.
struct Stage {
  std::array<std::shared_ptr<const ike::Core>, 2> engines;
  std::vector<SeededRandom> randoms;
  std::array<std::map<ike::SaKey, Bytes>, 2> sas;
  std::vector<ike::Datagram> under_way;  // as the receiver sees them
  std::optional<Insider> insider;
  TimePoint now{};
};

class Lab {
 public:
  Lab() {
    hosts_.network.cheap_keys = true;
    hosts_.network.wire = [this](std::size_t, const ike::Datagram& sent) {
      under_way_.push_back({sent.remote, sent.local, sent.bytes});
      return std::vector<std::pair<Duration, Bytes>>{};
    };
    // Main Mode, Quick Mode, and a second Quick Mode with PFS: a stage before each message.
    stages_.push_back(save());
    for (const bool renewal : {false, true}) {
      auto protection = usual_protection(hosts_.a, hosts_.b);
      if (renewal) {
        hosts_.network.now += seconds(5);
        protection.pfs = Group::modp2048;
      }
      hosts_.a.engine.acquire(protection, hosts_.network.now);
      settle();
      while (!under_way_.empty()) {
        stages_.push_back(save());
        const auto next = under_way_.front();
        under_way_.erase(under_way_.begin());
        host_of(next.local.address).engine.receive(next, hosts_.network.now);
        settle();
      }
      stages_.push_back(save());
    }
  }

  void run(ByteView bytes) {
    Input input(bytes);
    restore(stages_[input.u8() % stages_.size()]);
    for (unsigned steps = 0; steps < 64 && !input.empty(); ++steps) {
      happen(input);
      settle();
      for (const auto* host : {&hosts_.a, &hosts_.b}) {
        const auto wrong = host->engine.inconsistency();
        if (!wrong) continue;
        std::cerr << host->name << ": " << *wrong << '\n';
        std::abort();
      }
    }
  }

 private:
  Host& host_of(const IpAddress& address) { return address == hosts_.a.address ? hosts_.a : hosts_.b; }

  void happen(Input& input) {
    const auto op = input.u8();
    auto& host = op >= 128 ? hosts_.a : hosts_.b;
    auto& peer = op >= 128 ? hosts_.b : hosts_.a;
    const auto now = hosts_.network.now;
    const auto arrive = [&](Bytes bytes) {
      host.engine.receive({{host.address, 500}, {peer.address, 500}, std::move(bytes)}, now);
    };
    switch (op % 9) {
      case 0:
        return arrive(input.take(input.u8() * 4u));
      case 1:
      case 2:
        return arrive_from_wire(input, op % 9 == 2);
      case 3:
        hosts_.network.now += milliseconds(1LL << input.u8() % 18);
        for (auto* each : {&hosts_.a, &hosts_.b}) each->engine.on_timer(hosts_.network.now);
        return;
      case 4:
      case 5:
        if (insider_) arrive(sealed(input, op % 9 == 4));
        return;
      case 6:
        return host.engine.acquire(usual_protection(host, peer), now);
      case 7:
        if (!host.sas.empty()) host.engine.sa_expired(ike::SaKey{host.sas.begin()->first}, input.u8() % 4 == 0, now);
        return;
      default:
        if (input.u8() % 4 == 0)
          host.engine.delete_peer(peer.address, now);
        else
          host.engine.traffic(samples(host), now);
    }
  }

  void arrive_from_wire(Input& input, bool changed) {
    if (under_way_.empty()) return;
    const auto at = input.u8() % under_way_.size();
    auto message = under_way_[at];
    if (changed) {
      const std::size_t high = input.u8();
      const auto offset = (high << 8 | input.u8()) % message.bytes.size();
      message.bytes[offset] = static_cast<std::uint8_t>(message.bytes[offset] ^ input.u8());
    } else {
      under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    host_of(message.local.address).engine.receive(message, hosts_.network.now);
  }

  // Payloads whose bodies are the input's, with a HASH that verifies or not.
  Bytes sealed(Input& input, bool verifies) {
    constexpr wire::ExchangeType exchanges[] = {wire::ExchangeType::quick_mode, wire::ExchangeType::informational};
    const auto exchange = exchanges[input.u8() % 2];
    const std::uint32_t message_id = input.u8();
    std::vector<wire::Payload> payloads;
    for (auto count = 1 + input.u8() % 8; count != 0; --count) {
      const auto type = input.u8();
      payloads.emplace_back(wire::Unknown{type, input.take(input.u8())});
    }
    return verifies ? insider_->hashed(exchange, message_id, payloads) : insider_->raw(exchange, message_id, payloads);
  }

  std::vector<ike::TrafficSample> samples(const Host& host) {
    std::vector<ike::TrafficSample> samples;
    for (const auto& [key, keys] : host.sas) samples.push_back({key, key.source == host.address ? ++packets_ : 0});
    return samples;
  }

  void settle() {
    hosts_.network.carry_out(hosts_.a);
    hosts_.network.carry_out(hosts_.b);
    if (under_way_.size() > 64) under_way_.resize(64);
  }

  Stage save() {
    Stage stage;
    stage.engines = {ike::EngineSnapshot::take(hosts_.a.engine), ike::EngineSnapshot::take(hosts_.b.engine)};
    stage.randoms = {hosts_.a.random, hosts_.b.random};
    stage.sas = {hosts_.a.sas, hosts_.b.sas};
    stage.under_way = under_way_;
    stage.now = hosts_.network.now;
    if (ike::EngineSnapshot::session(hosts_.a.engine) != nullptr) stage.insider.emplace(hosts_.a);
    return stage;
  }

  void restore(const Stage& stage) {
    for (std::size_t i = 0; i < 2; ++i) {
      auto& host = i == 0 ? hosts_.a : hosts_.b;
      ike::EngineSnapshot::restore(host.engine, *stage.engines[i]);
      host.random = stage.randoms[i];
      host.sas = stage.sas[i];
      host.installed.clear();
      host.records.clear();
      host.failures.clear();
    }
    hosts_.network.sent.clear();
    under_way_ = stage.under_way;
    insider_ = stage.insider;
    hosts_.network.now = stage.now;
  }

  TwoHosts hosts_;
  std::vector<ike::Datagram> under_way_;
  std::optional<Insider> insider_;
  std::vector<Stage> stages_;
  std::uint64_t packets_ = 0;
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Lab lab;
  lab.run({data, size});
  return 0;
}
