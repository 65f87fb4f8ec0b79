#include "support/ike_network.hpp"

#include <algorithm>

#include "crypto/hash.hpp"
#include "ike/certificates.hpp"

namespace ipsec9000::test {

Host::Host(std::string host_name, const std::string& text, std::uint64_t seed, ike::Limits limits)
    : name(std::move(host_name)),
      address(*IpAddress::parse(text)),
      random(seed),
      identity(std::make_shared<const pki::Credentials>(
          pki::Credentials{{}, std::make_shared<const pki::Trust>(pki::TrustContents{})})),
      cover(grant_anything),
      engine(random, *this, limits) {
  engine.configure({usual_isakmp_policy()});
}

const Secret* Host::pre_shared_key(const IpAddress& remote, const std::optional<Identity>&) const {
  static thread_local Secret found;
  const auto at = keys.find(remote);
  if (at == keys.end()) return nullptr;
  found = Secret(at->second);
  return &found;
}

Result<std::shared_ptr<const pki::Credential>> Host::own_certificate(const IsakmpPolicy& policy, const IpAddress& local,
                                                                     const ike::CertificateWish& wish) const {
  return ike::choose_own(identity, policy, local, wall_time, wish);
}

bool Host::has_audit(std::string_view event) const {
  return std::any_of(records.begin(), records.end(), [&](const auto& record) { return record.event == event; });
}

std::string Host::audit_text(std::string_view event) const {
  for (auto at = records.rbegin(); at != records.rend(); ++at)
    if (at->event == event) return at->text;
  return "";
}

Host& Network::add(const std::string& name, const std::string& address, ike::Limits limits) {
  hosts_.push_back(std::make_unique<Host>(name, address, seed_ * 1000 + hosts_.size(), limits));
  for (auto& host : hosts_) {
    host->keys[hosts_.back()->address] = "a key that everybody here has";
    hosts_.back()->keys[host->address] = "a key that everybody here has";
  }
  return *hosts_.back();
}

Nat::Nat(const std::string& outside, std::vector<IpAddress> inside)
    : outside_(*IpAddress::parse(outside)), inside_(std::move(inside)) {}

std::optional<ike::Datagram> Nat::pass(ike::Datagram sent) {
  if (std::find(inside_.begin(), inside_.end(), sent.local.address) != inside_.end()) {
    auto& port = ports_[sent.local];
    if (port == 0) port = ++last_port_;
    sent.local = {outside_, port};
    return sent;
  }
  if (sent.remote.address != outside_) return sent;
  for (const auto& [inside, port] : ports_) {
    if (port != sent.remote.port) continue;
    sent.remote = inside;
    return sent;
  }
  return std::nullopt;
}

Host* Network::find(const IpAddress& address) {
  for (auto& host : hosts_)
    if (host->address == address) return host.get();
  return nullptr;
}

ike::DhOutcome pretend(const ike::DhJob& job, RandomSource& random) {
  ike::DhOutcome outcome;
  outcome.ours = job.ours;
  if (!outcome.ours) {
    auto value = random.bytes(info(job.group).public_bytes);
    value.front() = 0;  // below every prime
    outcome.ours = std::make_shared<const DhKeyPair>(DhKeyPair{job.group, std::move(value), Secret(Bytes(32))});
  }
  if (!job.peer) return outcome;
  const auto& [low, high] = std::minmax(outcome.ours->public_value, *job.peer);
  const auto mixed = digest(HashAlgorithm::sha256, {low, high});
  Bytes shared;
  while (shared.size() < info(job.group).shared_bytes) shared.insert(shared.end(), mixed.begin(), mixed.end());
  shared.resize(info(job.group).shared_bytes);
  outcome.shared = std::make_shared<const Secret>(std::move(shared));
  return outcome;
}

namespace {
struct Carrier {
  Network& network;
  Host& host;
  std::set<Flight>& flying;
  std::vector<PendingJob>& jobs;
  std::uint64_t& order;

  void operator()(ike::SendDatagram& action) {
    network.sent.push_back(action.datagram);
    std::vector<std::pair<Duration, Bytes>> arrivals{{network.latency, action.datagram.bytes}};
    if (network.wire) arrivals = network.wire(network.sent.size() - 1, action.datagram);
    for (auto& [delay, bytes] : arrivals) {
      std::optional<ike::Datagram> passed =
          ike::Datagram{action.datagram.local, action.datagram.remote, std::move(bytes)};
      if (network.nat) passed = network.nat->pass(std::move(*passed));
      if (passed)
        flying.insert({network.now + delay, ++order, {passed->remote, passed->local, std::move(passed->bytes)}});
    }
  }
  void operator()(ike::RunJob& action) {
    const auto* dh = std::get_if<ike::DhJob>(&action.job);
    const auto outcome = network.cheap_keys && dh != nullptr ? Result<ike::JobOutcome>(pretend(*dh, host.random))
                                                             : ike::perform(action.job, wall_time);
    const auto time = network.job_time_of ? network.job_time_of(action.job) : network.job_time;
    if (time == Duration{}) return host.engine.job_done(action.id, outcome, network.now);
    jobs.push_back({network.now + time, &host, action.id, outcome});
  }
  void operator()(ike::AskPolicy& action) {
    host.engine.policy_answered(action.id, host.cover(action.query), network.now);
  }
  void operator()(ike::InstallSas& action) {
    if (host.kernel_refuses) return host.engine.install_failed(action.pair, "test", network.now);
    for (auto& sa : action.sas) {
      host.sas[sa.key] = concat({sa.encryption_key.view(), sa.integrity_key.view()});
      host.installed.insert_or_assign(sa.key, std::move(sa));
    }
  }
  void operator()(ike::RemoveSas& action) {
    for (const auto& key : action.keys) {
      host.sas.erase(key);
      host.installed.erase(key);
    }
  }
  void operator()(ike::MoveSas& action) {
    for (const auto& [key, ports] : action.sas)
      if (const auto at = host.installed.find(key); at != host.installed.end()) at->second.udp = ports;
  }
  void operator()(ike::WriteAudit& action) { host.records.push_back(std::move(action.record)); }
  void operator()(ike::AcquireFailed& action) { host.in_vain.push_back(action.wanted); }
  void operator()(ike::FarewellEnded& action) { host.farewells.push_back(action); }
  void operator()(ike::TraceMessage& action) { host.traced.push_back(std::move(action)); }
  void operator()(ike::ReportFailure& action) { host.failures.push_back(std::move(action.failure)); }
};
}  // namespace

void Network::carry_out(Host& host) {
  while (true) {
    auto actions = host.engine.take_actions();
    if (actions.empty()) return;
    for (auto& action : actions) std::visit(Carrier{*this, host, flying_, jobs_, order_}, action);
  }
}

// Does the next thing that happens not later than `until`; false when there is none.
bool Network::step(TimePoint until) {
  for (auto& host : hosts_) carry_out(*host);
  const auto flight = flying_.begin();
  Host* timed = nullptr;  // whose turn it is
  for (auto& host : hosts_) {
    const auto deadline = host->engine.next_deadline();
    if (deadline && *deadline <= until && (timed == nullptr || *deadline < *timed->engine.next_deadline()))
      timed = host.get();
  }
  const auto next_job = std::min_element(jobs_.begin(), jobs_.end(),
                                         [](const auto& one, const auto& other) { return one.done < other.done; });
  if (next_job != jobs_.end() && next_job->done <= until &&
      (flight == flying_.end() || next_job->done <= flight->arrives) &&
      (timed == nullptr || next_job->done <= *timed->engine.next_deadline())) {
    const auto job = *next_job;
    jobs_.erase(next_job);
    now = std::max(now, job.done);
    job.host->engine.job_done(job.id, job.outcome, now);
    carry_out(*job.host);
    return true;
  }
  const bool fly = flight != flying_.end() && flight->arrives <= until &&
                   (timed == nullptr || flight->arrives <= *timed->engine.next_deadline());
  if (!fly && timed == nullptr) return false;
  if (fly) {
    const Flight arrived = *flight;
    flying_.erase(flight);
    now = std::max(now, arrived.arrives);
    timed = find(arrived.datagram.local.address);
    if (timed != nullptr) timed->engine.receive(arrived.datagram, now);
  } else {
    now = std::max(now, *timed->engine.next_deadline());
    timed->engine.on_timer(now);
  }
  if (timed != nullptr) {
    carry_out(*timed);
    const auto wrong = ++steps_ % examined == 0 ? timed->engine.inconsistency() : std::nullopt;
    if (wrong) throw std::runtime_error(timed->name + ": " + *wrong);
  }
  if (after_each_step) after_each_step();
  return true;
}

void Network::settle(Duration limit) {
  const auto until = now + std::max(limit, Duration(seconds(1)) - Duration(1));
  while (step(until)) {
  }
}

void Network::advance(Duration duration) {
  const auto until = now + duration;
  while (step(until)) {
  }
  now = until;
}

IsakmpPolicy usual_isakmp_policy(std::string name) {
  IsakmpPolicy policy;
  policy.name = std::move(name);
  policy.place = 1;
  policy.proposals = {*IkeProposal::parse("AES128-SHA256-CURVE25519")};
  return policy;
}

Protection usual_protection(const Host& from, const Host& to) {
  Protection protection;
  protection.policy = "telnet";
  protection.place = 1;
  protection.reqid = 0x49500001;
  protection.local = from.address;
  protection.remote = to.address;
  protection.selector = {Prefix(from.address), Prefix(to.address), IpProtocol::any, {}, {}};
  protection.transforms = {*Transform::parse("ESP-AES128-HMAC-SHA256")};
  return protection;
}

Result<Protection> grant_anything(const CoverQuery& query) {
  Protection protection;
  protection.policy = "telnet";
  protection.place = 1;
  protection.reqid = 0x49500001;
  protection.local = query.local;
  protection.remote = query.remote;
  protection.mode = query.mode;
  protection.selector = query.proposed;
  protection.transforms = {*Transform::parse("ESP-AES128-HMAC-SHA256")};
  return protection;
}

TwoHosts::TwoHosts(std::uint64_t seed, ike::Limits limits)
    : network(seed), a(network.add("a", "10.1.0.1", limits)), b(network.add("b", "10.1.0.2", limits)) {}

bool TwoHosts::connected() const { return !a.sas.empty() && a.sas == b.sas; }

bool TwoHosts::connected_through_nat() const {
  const auto keys = [](const Host& host) {
    std::map<Spi, Bytes> by_spi;
    for (const auto& [key, bytes] : host.sas) by_spi[key.spi] = bytes;
    return by_spi;
  };
  return !a.sas.empty() && keys(a) == keys(b);
}

}  // namespace ipsec9000::test
