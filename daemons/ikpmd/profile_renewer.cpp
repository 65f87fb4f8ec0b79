#include "profile_renewer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/events.hpp"
#include "base/clock.hpp"
#include "fetch/cmp.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration pause = std::chrono::hours(1);    // between two attempts at the same profile
constexpr Duration look = std::chrono::minutes(10);  // the clock of the wall may jump

}  // namespace

void ProfileRenewer::watch(const std::string& manager, const std::vector<Profile>& profiles,
                           const std::vector<pki::Certificate>& cas) {
  manager_ = manager;
  profiles_ = profiles;
  cas_ = cas;
  renew_due();
}

void ProfileRenewer::renew_due() {
  if (process_.busy() || storing_ || manager_.empty() || profiles_.empty()) return;
  const auto is_due = [&](const Profile& profile) {
    const auto waits = not_before_.find(profile.name);
    return renewal_due(profile.certificate) <= wall_now() &&
           (waits == not_before_.end() || waits->second <= loop_.now());
  };
  const auto due = std::ranges::find_if(profiles_, is_due);
  if (due != profiles_.end()) return renew(*due);
  next_.arm(look, [this] { renew_due(); });
}

void ProfileRenewer::renew(const Profile& profile) {
  not_before_[profile.name] = loop_.now() + pause;
  std::vector<pki::Certificate> helpers, trusted;
  for (const auto& ca : cas_) (ca.self_issued() ? trusted : helpers).push_back(ca);
  auto request = fetch::to_json(manager_, profile.certificate, profile.key, helpers, trusted);
  process_.start(request, [this, profile](const FetchProcess::Answer& answer) {
    if (const auto* failure = std::get_if<fetch::Failure>(&answer)) return failed(profile, *failure);
    received(profile, std::get<Bytes>(answer));
  });
  auto& key = request["key_hex"].get_ref<std::string&>();
  wipe_memory(key.data(), key.size());
}

void ProfileRenewer::received(const Profile& profile, const Bytes& answer) {
  auto outcome = std::make_shared<Result<void>>(Error{ErrorCode::internal, "not done"});
  auto end = std::make_shared<WallTime>();
  const auto work = [profile, outcome, end, answer = std::make_shared<const Secret>(ByteView(answer)),
                     store = certificates_.store()] {
    auto enrolled = fetch::enrolled_from(answer->view());
    if (!enrolled) {
      *outcome = enrolled.error();
      return;
    }
    *end = enrolled->certificate.not_after();
    auto others = enrolled->others.empty() ? profile.others : enrolled->others;
    *outcome = store_profile(store,
                             Profile{profile.name, std::move(enrolled->certificate), std::move(enrolled->key),
                                     std::move(others), profile.password},
                             false);
  };
  const auto done = [this, profile, outcome, end] {
    storing_ = false;
    if (!*outcome) return failed(profile, {outcome->error().text, false, "", "", 0});
    audit_.record(audit::key_updated, {{"name", profile.name}, {"url", manager_}, {"end", to_rfc3339(*end)}});
    certificates_.reload();
    renew_due();
  };
  storing_ = loop_.run_on_pool(work, done);
  if (!storing_) failed(profile, {"too much work at once", false, "", "", 0});
}

void ProfileRenewer::failed(const Profile& profile, const fetch::Failure& failure) {
  audit_.record(audit::key_update_failed, {{"name", profile.name}, {"url", manager_}, {"reason", failure.reason}});
  trouble_.look_for_policy(manager_, failure);
  renew_due();
}

}  // namespace ipsec9000
