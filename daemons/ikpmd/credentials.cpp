#include "credentials.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "pki/bundle.hpp"

namespace ipsec9000 {

namespace {
WallTime wall_now() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

// A negotiation with one of them must not be the first to ask. As many as are judged in a moment.
std::vector<pki::Verdict> with_responder(const pki::Trust& trust) {
  constexpr std::size_t most = 200;
  std::vector<pki::Verdict> verdicts;
  for (const auto& peer : trust.known) {
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

void CertificateKeeper::set_rules(const TrustRules& rules) {
  if (rules == rules_) return;
  rules_ = rules;
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
  const auto read = [work, store = store_, ini = ini_, rules = rules_, ocsp = ocsp_] {
    std::vector<std::string> problems;
    auto contents = store.load();
    if (!contents) problems.push_back(contents.error().text);
    auto settings = read_entrust_ini(ini);
    if (!settings && settings.error().code != ErrorCode::not_found) problems.push_back(settings.error().text);
    auto& reading = work->reading;
    if (settings) reading.settings = std::move(*settings);
    if (contents) problems.insert(problems.end(), contents->damaged.begin(), contents->damaged.end());
    if (contents) reading.profiles = open_profiles(store, *contents, work->keys, problems);
    work->made = std::make_shared<const pki::Credentials>(
        credentials_of(contents ? *contents : CertificateContents{}, work->keys, rules, ocsp));
    work->keys.clear();
    work->problem = join(problems, "; ");
    if (!contents) return;
    reading.sources = crl_sources(*contents);
    for (auto& url : directory_sources(reading.settings, *contents)) reading.sources.push_back(std::move(url));
    for (auto& url : authority_sources(reading.settings, *contents, wall_now()))
      reading.sources.push_back(std::move(url));
    reading.endings = endings_of(*contents);
    reading.cas = contents->of_kind(EntryKind::ca);
    if (rules.revocation == pki::Revocation::strict) reading.peers = with_responder(*work->made->trust);
  };
  const auto use = [this, work] {
    loading_ = false;
    keys_.use(work->made);
    problem_ = work->problem;
    roots_ = work->reading.settings.roots;
    if (read_) read_(work->reading);
    if (again_) return reload();
    for (const auto& each : std::exchange(waiting_, {})) each();
  };
  loading_ = loop_.run_on_pool(read, use);
  if (!loading_) problem_ = "too much work at once; the certificates were not read again";
}

void CertificateKeeper::take_ocsp(const std::string& fingerprint, const pki::OcspAnswer& answer, WallTime now,
                                  std::function<void()> used) {
  std::erase_if(ocsp_, [&](const auto& entry) { return entry.second.next_update < now; });
  ocsp_.insert_or_assign(fingerprint, answer);
  reload();
  if (!loading_) return used();
  waiting_.push_back(std::move(used));
}

void CertificateKeeper::take_authorities(const Bytes& pem, std::function<void(Result<std::string>)> done) {
  struct Work {
    std::vector<std::string> taken;
    Result<void> outcome;
  };
  auto work = std::make_shared<Work>();
  const auto take = [work, pem, store = store_, roots = roots_, rules = rules_] {
    const auto bundle = pki::read_bundle(pem, Secret());
    if (!bundle) {
      work->outcome = bundle.error();
      return;
    }
    std::optional<Error> refused;
    work->outcome = store.change([&](CertificateContents& contents) -> Result<void> {
      for (const auto& certificate : bundle->certificates) {
        const auto taken = take_authority(contents, certificate, roots, rules);
        if (taken && *taken) work->taken.push_back(certificate.subject());
        if (!taken && !refused) refused = taken.error();
      }
      return {};
    });
    if (work->outcome && work->taken.empty() && refused) work->outcome = *refused;
  };
  const auto taken = [this, work, done] {
    if (!work->outcome) return done(work->outcome.error());
    const auto names = join(work->taken, "; ");
    if (!names.empty()) reload();
    if (names.empty() || !loading_) return done(names);
    waiting_.push_back([done, names] { done(names); });
  };
  if (!loop_.run_on_pool(take, taken)) done(Error{ErrorCode::refused, "too much work at once"});
}

void CertificateKeeper::finish(const std::string& method, const Result<Json>& outcome, const Reply& reply) {
  if (!outcome || !changes_certificates(method)) return reply(outcome);
  reload();
  if (!loading_) return reply(outcome);
  waiting_.push_back([reply, outcome] { reply(outcome); });
}

void CertificateKeeper::perform(const std::string& method, Json params, Secret password, Reply reply) {
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
