#include "credentials.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "pki/bundle.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t answers_maximum = 2000;

// A negotiation with one of them must not be the first to ask. As many as are judged in a moment.
std::vector<pki::Verdict> with_responder(const pki::Trust& trust) {
  constexpr std::size_t most = 200;
  std::vector<pki::Verdict> verdicts;
  for (const auto& peer : trust.known()) {
    if (verdicts.size() >= most) break;
    if (peer.ocsp_urls().empty() || peer.names().empty()) continue;
    const std::vector<Bytes> sent{to_bytes(peer.der())};
    verdicts.push_back(pki::validate(trust, sent, peer.names().front(), std::nullopt, wall_now()));
  }
  return verdicts;
}

// Passwords and keys among them, so that they are gone with the call.
void wipe_texts(Json& params) {
  for (auto& value : params)
    if (auto* text = value.get_ptr<std::string*>()) wipe_memory(text->data(), text->size());
}
}  // namespace

void CertificateKeeper::configure(const TrustRules& rules, const EntrustSettings& settings) {
  if (rules == rules_ && settings == settings_) return;
  rules_ = rules;
  settings_ = settings;
  reload();
}

void CertificateKeeper::reload() {
  again_ = loading_;
  if (loading_) return;
  struct Work {
    std::map<std::string, Secret> keys;
    Snapshot made;
    std::string problem;
    Reading reading;
  };
  auto work = std::make_shared<Work>();
  work->keys = keys_.private_keys();
  work->reading.settings = settings_;
  const auto read = [work, store = store_, rules = rules_, ocsp = ocsp_, quest = quest_] {
    std::vector<std::string> problems;
    auto contents = store.load();
    if (!contents) problems.push_back(contents.error().text);
    auto& reading = work->reading;
    if (contents) problems.insert(problems.end(), contents->damaged.begin(), contents->damaged.end());
    if (contents) reading.profiles = open_profiles(store, *contents, work->keys, problems);
    work->made = std::make_shared<const pki::Credentials>(
        credentials_of(contents ? *contents : CertificateContents{}, work->keys, rules, ocsp));
    work->keys.clear();
    work->problem = join(problems, "; ");
    if (!contents) return;
    reading.sources = crl_sources(*contents);
    for (auto& url : directory_sources(reading.settings, *contents)) reading.sources.push_back(std::move(url));
    reading.authorities = quest.sources(reading.settings, *contents, wall_now());
    reading.endings = endings_of(*contents);
    reading.cas = contents->of_kind(EntryKind::ca);
    if (rules.revocation == pki::Revocation::strict) reading.peers = with_responder(*work->made->trust);
  };
  const auto use = [this, work] {
    loading_ = false;
    keys_.use(work->made);
    keys_.use_trust(with_answers());  // those that came meanwhile, too
    problem_ = work->problem;
    if (read_) read_(work->reading);
    if (again_) return reload();
    for (const auto& each : std::exchange(waiting_, {})) each();
  };
  loading_ = loop_.run_on_pool(read, use);
  if (!loading_) problem_ = "too much work at once; the certificates were not read again";
}

std::shared_ptr<const pki::Trust> CertificateKeeper::with_answers() const {
  return std::make_shared<const pki::Trust>(keys_.trust()->with_ocsp(ocsp_));
}

void CertificateKeeper::take_ocsp(const std::string& fingerprint, const pki::OcspAnswer& answer, WallTime now) {
  std::erase_if(ocsp_, [&](const auto& entry) { return entry.second.next_update < now; });
  if (ocsp_.size() >= answers_maximum)
    ocsp_.erase(std::ranges::min_element(ocsp_, {}, [](const auto& entry) { return entry.second.next_update; }));
  ocsp_.insert_or_assign(fingerprint, answer);
  keys_.use_trust(with_answers());
}

void CertificateKeeper::seek_authority(const pki::Verdict& verdict) {
  if (quest_.seek(verdict, wall_now())) reload();
}

void CertificateKeeper::take_authorities(const Bytes& pem, const std::function<void(Result<std::string>)>& done) {
  struct Work {
    CaQuest quest;
    std::vector<std::string> taken;
    Result<void> outcome;
  };
  auto work = std::make_shared<Work>(Work{quest_, {}, {}});
  const auto take = [work, pem, store = store_, roots = settings_.roots, rules = rules_] {
    auto bundle = pem.empty() ? Result<pki::Bundle>(pki::Bundle{}) : pki::read_bundle(pem, Secret());
    if (!bundle) {
      work->outcome = bundle.error();
      return;
    }
    std::optional<Error> refused;
    work->outcome = store.change([&](CertificateContents& contents) -> Result<void> {
      work->taken = work->quest.take(contents, bundle->certificates, roots, rules, refused);
      return {};
    });
    if (work->outcome && work->taken.empty() && refused) work->outcome = *refused;
  };
  const auto taken = [this, work, done] {
    const bool further = quest_.keep(std::move(work->quest));
    if (!work->taken.empty() || further) reload();
    const auto answer = work->outcome ? Result<std::string>(join(work->taken, "; ")) : work->outcome.error();
    if (work->taken.empty() || !loading_) return done(answer);
    waiting_.push_back([done, answer] { done(answer); });
  };
  if (!loop_.run_on_pool(take, taken)) done(Error{ErrorCode::refused, "too much work at once"});
}

void CertificateKeeper::finish(const std::string& method, const Result<Json>& outcome, const Reply& reply) {
  if (!outcome || !changes_certificates(method)) return reply(outcome);
  if (quest_.has_candidates()) take_authorities({}, [](const auto&) {});  // a CA more may be what they waited for
  reload();
  if (!loading_) return reply(outcome);
  waiting_.push_back([reply, outcome] { reply(outcome); });
}

void CertificateKeeper::perform(const std::string& method, Json params, Secret password, const Reply& reply) {
  auto outcome = std::make_shared<Result<Json>>(Error{ErrorCode::internal, "not done"});
  auto request = std::make_shared<Json>(std::move(params));
  const auto run = [outcome, request, method, store = store_, rules = rules_](Keystore* keys) {
    *outcome = ipsec9000::perform({store, rules, wall_now(), keys}, method, *request);
    wipe_texts(*request);
  };
  if (needs_keys(method)) {
    const auto change = [run, outcome](Keystore& keys) -> Result<void> {
      run(&keys);
      return *outcome ? Result<void>() : outcome->error();
    };
    return keys_.with_password(std::move(password), change, [this, outcome, method, reply](const Result<void>& done) {
      finish(method, done ? *outcome : done.error(), reply);
    });
  }
  const auto done = [this, outcome, method, reply] { finish(method, *outcome, reply); };
  if (!loop_.run_on_pool([run] { run(nullptr); }, done))
    reply(Error{ErrorCode::refused, "too much work at once; try again"});
}

}  // namespace ipsec9000
