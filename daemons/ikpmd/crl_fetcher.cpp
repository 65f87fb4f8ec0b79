#include "crl_fetcher.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/events.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration retry = std::chrono::minutes(5);
constexpr std::size_t urls_maximum = 1000;

Duration until_next(const Json& answer) {
  const auto items = answer.find("items");
  if (items == answer.end() || !items->is_array() || items->empty()) return retry;
  const auto wait = items->front().find("refresh_seconds");
  return wait != items->front().end() && wait->is_number_integer() ? seconds(wait->get<std::int64_t>()) : retry;
}
}  // namespace

void CrlFetcher::watch(const std::vector<std::string>& urls) {
  std::erase_if(due_, [&](const auto& entry) { return std::ranges::find(urls, entry.first) == urls.end(); });
  for (const auto& url : urls)
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
  process_.start(Json{{"task", "crl"}, {"url", url}}, [this, url](const FetchProcess::Answer& answer) {
    if (const auto* failure = std::get_if<fetch::Failure>(&answer)) return failed(url, *failure);
    received(url, std::get<Bytes>(answer));
  });
}

void CrlFetcher::received(const std::string& url, const Bytes& crl) {
  storing_ = true;
  certificates_.perform("crl.add", Json{{"data_hex", to_hex(crl)}}, Secret(), [this, url](const Result<Json>& answer) {
    storing_ = false;
    if (!answer) return failed(url, {answer.error().text, false, "", "", 0});
    fetched(url, *answer);
  });
}

void CrlFetcher::failed(const std::string& url, const fetch::Failure& failure) {
  const bool strict = certificates_.rules().revocation == pki::Revocation::strict;
  const bool directory = failure.unreachable && url.starts_with("ldap://");
  audit_.record(directory ? audit::directory_unreachable : audit::crl_not_fetched,
                {{"url", url}, {"reason", failure.reason}, {"policy", strict ? "strict" : "tolerant"}});
  trouble_.look_for_policy(url, failure);
  if (const auto entry = due_.find(url); entry != due_.end()) entry->second = loop_.now() + retry;
  fetch_due();
}

void CrlFetcher::fetched(const std::string& url, const Json& answer) {
  audit_.record(audit::crl_fetched, {{"url", url}});
  if (const auto entry = due_.find(url); entry != due_.end()) entry->second = loop_.now() + until_next(answer);
  fetch_due();
}

}  // namespace ipsec9000
