#include "service.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "ike/nat_traversal.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration policy_answer_time = seconds(5);
constexpr Duration sampling_interval = seconds(5);
constexpr Duration unable_maximum = seconds(10);
constexpr Duration settle_time{50};  // a program that flushes does so in one go
constexpr Duration send_complaint_interval = seconds(10);

}  // namespace

// Carries out one action of the engine.
struct IkeService::Carrier {
  IkeService& service;

  void operator()(ike::SendDatagram& action) const {
    for (auto& socket : service.sockets_) {
      if (!socket.serves(action.datagram.local)) continue;
      if (auto sent = socket.send(action.datagram); !sent)
        complain(sent.error());
      else
        service.peers_.sent(action.datagram.remote.address, wall_now());
      return;
    }
  }
  void complain(const Error& error) const {
    const auto now = service.context_.loop.now();
    if (now - service.last_send_complaint_ < send_complaint_interval) return;
    service.last_send_complaint_ = now;
    service.context_.audit.record(audit::kernel_refused, {{"request", "send an IKE message"}, {"reason", error.text}});
  }
  void operator()(ike::RunJob& action) const {
    run(action.id, std::make_shared<ike::Job>(std::move(action.job)), true);
  }
  void run(ike::JobId id, const std::shared_ptr<ike::Job>& job, bool may_wait) const {
    auto& owner = service;
    auto outcome = std::make_shared<Result<ike::JobOutcome>>(Error{ErrorCode::internal, "not done"});
    const auto done = [&owner, id, job, outcome, may_wait] {
      if (may_wait && Carrier{owner}.awaits_news(id, job, *outcome)) return;
      owner.engine_.job_done(id, *outcome, owner.context_.loop.now());
      owner.settle();
    };
    if (owner.context_.loop.run_on_pool([job, outcome] { *outcome = ike::perform(*job, wall_now()); }, done)) return;
    *outcome = Error{ErrorCode::refused, "too many negotiations at once"};
    owner.context_.loop.post(done);
  }
  // A peer is judged once more when its certificate's OCSP responder has answered for the first time. To the engine it
  // is one job that takes longer.
  bool awaits_news(ike::JobId id, const std::shared_ptr<ike::Job>& job, const Result<ike::JobOutcome>& outcome) const {
    const auto* verified = outcome ? std::get_if<ike::VerifyOutcome>(&*outcome) : nullptr;
    if (verified == nullptr || verified->objection) return false;  // it has not proven that the certificate is its own
    service.certificates_.seek_authority(verified->verdict);
    return service.ocsp_.awaits(verified->verdict, [&owner = service, id, job] {
      std::get<ike::VerifyJob>(*job).trust = owner.keys_.trust();
      Carrier{owner}.run(id, job, false);
    });
  }
  void operator()(ike::AskPolicy& action) const {
    auto& owner = service;
    const auto id = action.id;
    auto question = to_json(action.query);
    question["correlation"] = action.correlation;
    owner.policy_manager_.call("policy.cover", question, policy_answer_time, [&owner, id](Result<Json> answer) {
      Result<Protection> granted = Error{ErrorCode::internal, ""};
      if (!answer)
        granted = answer.error();
      else if (const auto protection = answer->find("protection"); protection == answer->end())
        granted = Error{ErrorCode::internal, "secpolicyd answered without a protection"};
      else
        granted = protection_from_json(*protection);
      owner.engine_.policy_answered(id, granted, owner.context_.loop.now());
      owner.settle();
    });
  }
  void operator()(ike::InstallSas& action) const {
    auto installed = service.sas_.install(action.sas);
    if (installed) {
      for (const auto& sa : action.sas) {
        if (sa.direction == Direction::out)
          service.acquires_.answered({sa.key.source, sa.key.destination, sa.reqid, sa.selector});
        service.context_.audit.record(audit::sa_installed,
                                      {{"spi", hex8(static_cast<std::uint32_t>(sa.key.spi))},
                                       {"source", sa.key.source.to_string()},
                                       {"destination", sa.key.destination.to_string()},
                                       {"protocol", std::to_string(static_cast<unsigned>(sa.key.protocol))}},
                                      action.correlation);
      }
      return;
    }
    service.context_.audit.record(audit::kernel_refused,
                                  {{"request", "add an SA"},
                                   {"selector", action.sas.front().selector.to_string()},
                                   {"reason", installed.error().text}},
                                  action.correlation);
    service.engine_.install_failed(action.pair, installed.error().text, service.context_.loop.now());
  }
  void operator()(ike::RemoveSas& action) const {
    if (auto removed = service.sas_.remove(action.keys); !removed)
      service.context_.audit.record(audit::kernel_refused,
                                    {{"request", "delete an SA"}, {"reason", removed.error().text}});
  }
  void operator()(ike::MoveSas& action) const {
    for (const auto& [key, ports] : action.sas)
      if (auto moved = service.sas_.move(key, ports); !moved)
        service.context_.audit.record(audit::kernel_refused,
                                      {{"request", "change an SA's ports"}, {"reason", moved.error().text}});
  }
  void operator()(ike::WriteAudit& action) const {
    service.statistics_.note(action.record, service.context_.loop.now());
    service.context_.audit.record(std::move(action.record));
  }
  void operator()(ike::AcquireFailed& action) const {
    service.acquires_.failed(action.wanted, service.context_.loop.now());
  }
  void operator()(ike::FarewellEnded& action) const { service.deletions_.ended(action); }
  void operator()(ike::TraceMessage& action) const { service.trace_.message(std::move(action)); }
  void operator()(ike::ReportFailure& action) const {
    action.failure.time = to_rfc3339(wall_now());
    service.statistics_.note(action.failure);
    service.failures_.add(std::move(action.failure));
  }
};

namespace {
// systemd hands the key over in a directory of its own (LoadCredentialEncrypted= in the unit) where one was made.
std::vector<std::filesystem::path> machine_keys(const std::filesystem::path& store) {
  const auto file = Keystore::machine_key_file(store);
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  if (credentials == nullptr) return {file};
  return {std::filesystem::path(credentials) / file.filename(), file};
}
}  // namespace

IkeService::IkeService(DaemonContext& context, std::unique_ptr<Kernel> kernel)
    : context_(context),
      kernel_(std::move(kernel)),
      sas_(*kernel_),
      keys_(context.loop, context.paths.keystore(), machine_keys(context.paths.keystore())),
      certificates_(context.loop, keys_, context.paths.certificates()),
      engine_(random_, keys_),
      deletions_(context.loop),
      policy_manager_(context.loop, context.paths.socket("secpolicyd")),
      trouble_(context.audit, policy_manager_),
      crls_(context.loop, context.audit, certificates_, trouble_),
      ocsp_(context.loop, context.audit, certificates_, trouble_),
      profiles_(context.loop, context.audit, certificates_, trouble_),
      expiry_(context.loop, context.audit, context.paths.certificates() / "warned.txt"),
      trace_(engine_, policy_manager_),
      deadline_(context.loop),
      sampling_(context.loop),
      comparison_(context.loop),
      patience_(context.loop),
      release_(context.loop) {}

IkeService::~IkeService() = default;

Result<void> IkeService::start() {
  keys_.open_with_machine_key();
  certificates_.on_read([this](const CertificateKeeper::Reading& reading) {
    crls_.watch(reading.sources, reading.authorities);
    for (const auto& peer : reading.peers) ocsp_.saw(peer);
    expiry_.watch(reading.endings);
    profiles_.watch(reading.settings.manager, reading.profiles, reading.cas);
  });
  certificates_.reload();
  if (auto watching = watch_kernel(); !watching) return watching;
  adopt_sas();
  if (auto opened = open_sockets(); !opened) return opened;
  policy_manager_.start();
  patience_.arm(unable_maximum, [this] { listen(); });
  sample_traffic();
  return {};
}

Result<void> IkeService::open_sockets() {
  for (const auto family : {Family::ipv4, Family::ipv6}) {
    for (const auto port : {ike::ike_port, ike::nat_traversal_port}) {
      auto socket = UdpSocket::open(family, port, *kernel_);
      if (!socket) {
        // A host without IPv6 is a host; one without IPv4 sockets is not ours to serve.
        if (family == Family::ipv4) return socket.error();
        problems_.push_back("IKE over IPv6 is off: " + socket.error().text);
        break;
      }
      sockets_.push_back(std::move(*socket));
    }
  }
  return {};
}

void IkeService::listen_when_able() {
  if (configured_ && !keys_.locked()) listen();
}

void IkeService::listen() {
  if (!watches_.empty()) return;
  patience_.cancel();
  for (std::size_t i = 0; i < sockets_.size(); ++i)
    watches_.push_back(context_.loop.watch_readable(sockets_[i].fd(), [this, i] { received(i); }));
  for (const auto& then : std::exchange(when_listening_, {})) then();
}

void IkeService::when_listening(std::function<void()> then) {
  if (watches_.empty())
    when_listening_.push_back(std::move(then));
  else
    then();
}

// Who waits to hear that a peer has been told is to hear, as is the audit trail, that it has not.
void IkeService::stop(std::function<void()> done) {
  engine_.give_up_farewells(context_.loop.now());
  settle();
  done();
}

Result<void> IkeService::watch_kernel() {
  auto capabilities = kernel_->probe();
  if (!capabilities) return capabilities.error();
  for (const auto& problem : capabilities->problems) problems_.push_back(problem);
  const EventGroup groups[] = {EventGroup::expire, EventGroup::sa, EventGroup::mapping};
  auto events = kernel_->open_events(groups);
  if (!events) return events.error();
  events_ = std::move(*events);
  events_watch_ = context_.loop.watch_readable(events_->fd(), [this] { kernel_events(); });
  return {};
}

// SAs of an earlier run stay in use; they are renewed and deleted as if we had made them.
void IkeService::adopt_sas() {
  const auto pairs = sas_.adoptable();
  if (!pairs) {
    context_.audit.record(audit::kernel_refused, {{"request", "list the SAs"}, {"reason", pairs.error().text}});
    return;
  }
  for (const auto& pair : *pairs) engine_.adopt(pair, context_.loop.now());
  if (!pairs->empty()) context_.audit.record(audit::sa_adopted, {{"count", std::to_string(pairs->size())}});
}

void IkeService::received(std::size_t socket) {
  for (const auto& datagram : sockets_[socket].receive()) {
    peers_.received(datagram.remote.address, wall_now());
    engine_.receive(datagram, context_.loop.now());
  }
  settle();
}

void IkeService::kernel_events() {
  // The rest is read when the loop comes round again: other work must not wait for a flood.
  constexpr int rounds = 16;
  for (int round = 0; round < rounds; ++round) {
    auto events = events_->read_events();
    if (!events || events->empty()) break;
    for (const auto& event : *events) take(event);
  }
  settle();
}

void IkeService::take(const Event& event) {
  const auto somebody_else = [&](std::uint32_t sender) { return sender != kernel_->port(); };
  if (const auto* expire = std::get_if<Expire>(&event)) return sa_limit_reached(*expire);
  if (const auto* mapping = std::get_if<Mapping>(&event))
    return engine_.peer_moved(
        {mapping->old_source.address, mapping->sa.destination, mapping->sa.protocol, mapping->sa.spi},
        mapping->new_source, context_.loop.now());
  if (std::holds_alternative<MonitorOverrun>(event)) {
    ++overruns_;
    context_.audit.record(audit::kernel_events_lost, {{"events", "SAs and their lifetimes"}});
    compare_soon();
  } else if (const auto* flushed = std::get_if<Flushed>(&event)) {
    if (!flushed->policies && somebody_else(flushed->sender)) compare_soon();
  } else if (const auto* changed = std::get_if<SaChanged>(&event)) {
    const auto& sa = changed->sa.spec;
    if (changed->change == Change::deleted && somebody_else(changed->sender) && is_our_reqid(sa.reqid))
      engine_.sa_vanished({sa.source, sa.destination, sa.protocol, sa.spi}, context_.loop.now());
  }
}

void IkeService::compare_soon() {
  if (!comparison_.armed()) comparison_.arm(settle_time, [this] { compare_with_kernel(); });
}

void IkeService::compare_with_kernel() {
  const auto samples = sas_.traffic();
  if (!samples) return;
  kernel_events();  // an SA that is missing because its lifetime ended is told of there
  engine_.sas_present(*samples, context_.loop.now());
  settle();
}

void IkeService::sa_limit_reached(const Expire& expire) {
  if (expire.sa.spi == Spi{0}) return;  // an ACQUIRE that nobody answered
  engine_.sa_expired({expire.source, expire.sa.destination, expire.sa.protocol, expire.sa.spi}, expire.hard,
                     context_.loop.now());
}

void IkeService::settle() {
  while (true) {
    auto actions = engine_.take_actions();
    if (actions.empty()) break;
    for (auto& action : actions) std::visit(Carrier{*this}, action);
  }
  release_acquires();
  const auto next = engine_.next_deadline();
  if (!next) return deadline_.cancel();
  deadline_.arm_at(*next, [this] {
    engine_.on_timer(context_.loop.now());
    settle();
  });
}

void IkeService::release_acquires() {
  for (const auto& question : acquires_.take_due(context_.loop.now()))
    if (auto released = sas_.release(question); !released)
      context_.audit.record(audit::kernel_refused,
                            {{"request", "forget an ACQUIRE"}, {"reason", released.error().text}});
  const auto next = acquires_.next_due();
  if (!next) return release_.cancel();
  release_.arm_at(*next, [this] { release_acquires(); });
}

// Only where there are SAs: an idle host reads nothing.
void IkeService::sample_traffic() {
  if (engine_.counters().pairs != 0) {
    if (const auto samples = sas_.traffic()) {
      kernel_events();  // an SA that is missing because its lifetime ended is told of there
      engine_.sas_present(*samples, context_.loop.now());
      engine_.traffic(*samples, context_.loop.now());
    }
    settle();
  }
  sampling_.arm(sampling_interval, [this] { sample_traffic(); });
}

Json IkeService::status() const {
  const auto counters = engine_.counters();
  auto problems = problems_;
  if (!certificates_.problem().empty()) problems.push_back("certificates: " + certificates_.problem());
  for (auto& problem : expiry_.problems()) problems.push_back(std::move(problem));
  return {{"ready", !watches_.empty()},
          {"keystore", keys_.state()},
          {"machine_key_refused", keys_.machine_key_refused()},
          {"isakmp_sas", counters.isakmp_sas},
          {"ipsec_sas", counters.ipsec_sas},
          {"negotiating", counters.negotiating + counters.quick_modes},
          {"statistics", statistics_.to_json()},
          {"overruns", overruns_},
          {"problems", std::move(problems)}};
}

void IkeService::add_status(Json& out) const { out["ike"] = status(); }

}  // namespace ipsec9000
