#include "ocsp_asker.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/events.hpp"
#include "base/clock.hpp"
#include "pki/ocsp.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration ocsp_retry = std::chrono::minutes(5);
constexpr Duration shortest = seconds(60);
constexpr Duration longest = std::chrono::hours(24);
constexpr std::size_t subjects_maximum = 1000;
constexpr std::size_t processes = 4;
constexpr Duration answer_patience = seconds(3);  // the peer repeats its message meanwhile, and gives up much later
constexpr std::size_t waiters_maximum = 256;

bool lacks_news(const pki::Verdict& verdict) {
  return verdict.failure && verdict.failure->kind == pki::PkiFailureKind::crl_unavailable;
}
}  // namespace

OcspAsker::OcspAsker(EventLoop& loop, AuditClient& audit, CertificateKeeper& certificates, ServerTrouble& trouble)
    : loop_(loop), audit_(audit), certificates_(certificates), trouble_(trouble), next_(loop) {
  for (std::size_t i = 0; i < processes; ++i) processes_.push_back(std::make_unique<FetchProcess>(loop));
}

void OcspAsker::saw(const pki::Verdict& verdict) {
  const bool acceptable = verdict.ok() || lacks_news(verdict);
  if (!acceptable || verdict.path.size() < 2) return;
  const auto& leaf = verdict.path[0];
  const auto url = std::ranges::find_if(leaf.ocsp_urls(), [](const auto& each) { return each.starts_with("http://"); });
  if (url == leaf.ocsp_urls().end()) return;
  if (subjects_.size() >= subjects_maximum) {  // those that were not seen for long are asked about again when they are
    const auto last = std::ranges::max_element(subjects_, {}, [](const auto& entry) { return entry.second.due; });
    const auto fingerprint = last->first;
    subjects_.erase(last);
    tell(fingerprint);
  }
  subjects_.try_emplace(leaf.fingerprint(), Subject{leaf, verdict.path[1], *url, loop_.now()});
  ask_due();
}

bool OcspAsker::awaits(const pki::Verdict& verdict, std::function<void()> known) {
  saw(verdict);
  if (!lacks_news(verdict) || waiters_.size() >= waiters_maximum) return false;
  const auto subject = subjects_.find(verdict.leaf->fingerprint());
  if (subject == subjects_.end() || subject->second.answered) return false;
  const auto waiter = waiters_.insert(waiters_.end(), {subject->first, std::move(known), EventLoop::Timer(loop_)});
  waiter->patience.arm(answer_patience, [this, waiter] { tell(waiter); });
  return true;
}

void OcspAsker::tell(Waiters::iterator waiter) {
  const auto known = std::move(waiter->known);
  waiters_.erase(waiter);
  known();
}

void OcspAsker::tell(const std::string& fingerprint) {
  while (true) {
    const auto waiter = std::ranges::find(waiters_, fingerprint, &Waiter::fingerprint);
    if (waiter == waiters_.end()) return;
    tell(waiter);
  }
}

void OcspAsker::ask_due() {
  std::erase_if(subjects_, [](const auto& entry) { return entry.second.certificate.not_after() < wall_now(); });
  const auto due = [](const auto& entry) { return entry.second.asking ? TimePoint::max() : entry.second.due; };
  while (true) {
    const auto process = std::ranges::find_if(processes_, [](const auto& each) { return !each->busy(); });
    const auto first = std::ranges::min_element(subjects_, {}, due);
    if (process == processes_.end() || first == subjects_.end() || first->second.asking) return;
    if (first->second.due > loop_.now()) return next_.arm_at(first->second.due, [this] { ask_due(); });
    ask(**process, first->second);
  }
}

void OcspAsker::ask(FetchProcess& process, Subject& subject) {
  subject.asking = true;
  const auto fingerprint = subject.certificate.fingerprint();
  const auto request = pki::ocsp_request(subject.certificate, subject.issuer);
  const Json task{{"task", "ocsp"}, {"url", subject.url}, {"request_hex", request ? to_hex(*request) : std::string()}};
  process.start(task, [this, fingerprint](const FetchProcess::Answer& answer) {
    if (const auto* failure = std::get_if<fetch::Failure>(&answer)) return failed(fingerprint, *failure);
    judge(fingerprint, std::get<Bytes>(answer));
  });
}

// One signature, of at most 64 KBytes: no work for the pool.
void OcspAsker::judge(const std::string& fingerprint, const Bytes& response) {
  const auto found = subjects_.find(fingerprint);
  if (found == subjects_.end()) return ask_due();
  const auto& subject = found->second;
  const auto now = wall_now();
  const auto answer = pki::judge_ocsp_response(response, subject.certificate, subject.issuer, now);
  if (!answer) return failed(fingerprint, {answer.error().text, false, "", "", 0});
  audit_.record(audit::ocsp_answered, {{"url", subject.url},
                                       {"state", answer->revoked ? "revoked" : "good"},
                                       {"subject", subject.certificate.subject()},
                                       {"until", to_rfc3339(answer->next_update)}});
  certificates_.take_ocsp(fingerprint, *answer, now);
  const auto left = answer->next_update - now;
  again(fingerprint, std::clamp<Duration>(left - left / 10, shortest, longest));
  tell(fingerprint);
}

void OcspAsker::failed(const std::string& fingerprint, const fetch::Failure& failure) {
  if (const auto found = subjects_.find(fingerprint); found != subjects_.end()) {
    const bool strict = certificates_.rules().revocation == pki::Revocation::strict;
    audit_.record(audit::ocsp_failed, {{"url", found->second.url},
                                       {"subject", found->second.certificate.subject()},
                                       {"reason", failure.reason},
                                       {"policy", strict ? "strict" : "tolerant"}});
    trouble_.look_for_policy(found->second.url, failure);
  }
  again(fingerprint, ocsp_retry);
  tell(fingerprint);
}

void OcspAsker::again(const std::string& fingerprint, Duration after) {
  if (const auto found = subjects_.find(fingerprint); found != subjects_.end()) {
    found->second.due = loop_.now() + after;
    found->second.asking = false;
    found->second.answered = true;
  }
  ask_due();
}

}  // namespace ipsec9000
