#include "crl_fetcher.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/events.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration retry = std::chrono::minutes(5);
constexpr Duration authority_retry = std::chrono::hours(1);  // what a directory has, it has for long
constexpr Duration authority_interval = std::chrono::hours(24);
constexpr std::size_t urls_maximum = 1000;

Duration until_next(const Json& answer) {
  const auto items = answer.find("items");
  if (items == answer.end() || !items->is_array() || items->empty()) return retry;
  const auto wait = items->front().find("refresh_seconds");
  return wait != items->front().end() && wait->is_number_integer() ? seconds(wait->get<std::int64_t>()) : retry;
}
}  // namespace

void CrlFetcher::watch(const std::vector<std::string>& crls, const std::vector<std::string>& authorities) {
  authorities_ = {authorities.begin(), authorities.end()};
  std::erase_if(due_, [&](const auto& entry) {
    return !authorities_.contains(entry.first) && std::ranges::find(crls, entry.first) == crls.end();
  });
  for (const auto* urls : {&crls, &authorities})
    for (const auto& url : *urls)
      if (due_.size() < urls_maximum) due_.try_emplace(url, loop_.now());
  fetch_due();
}

void CrlFetcher::fetch_due() {
  if (process_.busy() || storing_ || due_.empty()) return;
  const auto first = std::ranges::min_element(due_, {}, [](const auto& entry) { return entry.second; });
  if (first->second <= loop_.now()) return start(first->first);
  next_.arm_at(first->second, [this] { fetch_due(); });
}

void CrlFetcher::start(const std::string& url) {
  const auto* task = is_of_authority(url) ? "ca" : "crl";
  process_.start(Json{{"task", task}, {"url", url}}, [this, url](const FetchProcess::Answer& answer) {
    if (const auto* failure = std::get_if<fetch::Failure>(&answer)) return failed(url, *failure);
    received(url, std::get<Bytes>(answer));
  });
}

void CrlFetcher::received(const std::string& url, const Bytes& crl) {
  storing_ = true;
  if (is_of_authority(url)) return authorities_received(url, crl);
  certificates_.perform("crl.add", Json{{"data_hex", to_hex(crl)}}, Secret(), [this, url](const Result<Json>& answer) {
    storing_ = false;
    if (!answer) {
      refused_.insert(url);
      return failed(url, {answer.error().text, false, "", "", 0});
    }
    refused_.erase(url);
    fetched(url, *answer);
  });
}

// A CA more: what it signed counts now.
void CrlFetcher::authorities_received(const std::string& url, const Bytes& pem) {
  certificates_.take_authorities(pem, [this, url](const Result<std::string>& taken) {
    storing_ = false;
    if (!taken) return failed(url, {taken.error().text, false, "", "", 0});
    if (const auto entry = due_.find(url); entry != due_.end()) entry->second = loop_.now() + authority_interval;
    if (taken->empty()) return fetch_due();
    audit_.record(audit::ca_fetched, {{"url", url}, {"what", *taken}});
    for (const auto& each : std::exchange(refused_, {}))
      if (const auto entry = due_.find(each); entry != due_.end()) entry->second = loop_.now();
    fetch_due();
  });
}

void CrlFetcher::failed(const std::string& url, const fetch::Failure& failure) {
  const bool strict = certificates_.rules().revocation == pki::Revocation::strict;
  const bool directory = failure.unreachable && url.starts_with("ldap://");
  audit_.record(directory              ? audit::directory_unreachable
                : is_of_authority(url) ? audit::ca_not_fetched
                                       : audit::crl_not_fetched,
                {{"url", url}, {"reason", failure.reason}, {"policy", strict ? "strict" : "tolerant"}});
  trouble_.look_for_policy(url, failure);
  const auto again = is_of_authority(url) && !failure.unreachable ? authority_retry : retry;
  if (const auto entry = due_.find(url); entry != due_.end()) entry->second = loop_.now() + again;
  fetch_due();
}

void CrlFetcher::fetched(const std::string& url, const Json& answer) {
  audit_.record(audit::crl_fetched, {{"url", url}});
  if (const auto entry = due_.find(url); entry != due_.end()) entry->second = loop_.now() + until_next(answer);
  fetch_due();
}

}  // namespace ipsec9000
