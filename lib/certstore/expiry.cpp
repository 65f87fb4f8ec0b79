#include "certstore/expiry.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t told_maximum = 20'000;
constexpr Duration day = std::chrono::hours(24);

std::string span_text(Duration left) {
  const auto number = [](std::int64_t count, const char* unit) {
    return std::to_string(count) + " " + unit + (count == 1 ? "" : "s");
  };
  if (left >= day) return number(left / day, "day");
  if (left >= std::chrono::hours(1)) return number(left / std::chrono::hours(1), "hour");
  return number(left / std::chrono::minutes(1), "minute");
}

std::string certificate_text(const CertificateEntry& entry) {
  return (entry.kind == EntryKind::ca ? "CA certificate " : "Certificate ") + entry.name + " (" +
         entry.certificate.subject() + ")";
}
}  // namespace

std::vector<Ending> endings_of(const CertificateContents& contents) {
  std::vector<Ending> endings;
  for (const auto& entry : contents.entries)
    if (entry.kind != EntryKind::peer)
      endings.push_back({certificate_text(entry), entry.certificate.not_before(), entry.certificate.not_after()});
  for (const auto& [id, crl] : contents.crls)
    if (const auto next = crl.next_update()) endings.push_back({"CRL of " + crl.issuer(), crl.this_update(), *next});
  return endings;
}

std::optional<int> expiry_step(const Ending& ending, WallTime now) {
  if (now >= ending.until) return 0;
  std::optional<int> reached;
  for (const int days : expiry_steps)
    if (ending.until - now <= days * day && ending.until - ending.from >= 2 * days * day) reached = days;
  return reached;
}

std::string expiry_sentence(const Ending& ending, WallTime now) {
  const auto step = expiry_step(ending, now);
  if (!step) return "";
  const auto end = ", at " + to_rfc3339(ending.until);
  if (*step == 0) return ending.what + " has ended" + end;
  return ending.what + " ends in " + span_text(ending.until - now) + end;
}

std::vector<ExpiryNotice> ExpiryWatch::due(WallTime now) {
  std::vector<ExpiryNotice> notices;
  std::map<std::string, Told> told;
  for (const auto& ending : endings_) {
    const auto step = expiry_step(ending, now);
    if (!step) continue;
    const auto before = told_.find(ending.what);
    const bool known = before != told_.end() && before->second.until == ending.until && before->second.days <= *step;
    if (!known) notices.push_back({ending, *step});
    told[ending.what] = known ? before->second : Told{ending.until, *step};
  }
  told_ = std::move(told);
  return notices;
}

// "7 1767225600000 Certificate gate (O=Example, CN=gate)": the step, the end in milliseconds since 1970, what ends.
std::string ExpiryWatch::told() const {
  std::string text;
  for (const auto& [what, told] : told_)
    text += std::to_string(told.days) + " " + std::to_string(told.until.time_since_epoch().count()) + " " + what + "\n";
  return text;
}

void ExpiryWatch::restore(std::string_view told) {
  while (!told.empty() && told_.size() < told_maximum) {
    const auto line = told.substr(0, told.find('\n'));
    told.remove_prefix(std::min(told.size(), line.size() + 1));
    const auto first = line.find(' ');
    const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos) continue;
    const auto days = parse_number(line.substr(0, first), expiry_steps.front());
    const auto until = parse_number(line.substr(first + 1, second - first - 1), INT64_MAX);
    if (!days || !until) continue;
    told_.insert_or_assign(std::string(line.substr(second + 1)),
                           Told{WallTime(Duration(static_cast<std::int64_t>(*until))), static_cast<int>(*days)});
  }
}

std::vector<std::string> ExpiryWatch::sentences(WallTime now) const {
  std::vector<std::string> sentences;
  for (const auto& ending : endings_)
    if (auto sentence = expiry_sentence(ending, now); !sentence.empty()) sentences.push_back(std::move(sentence));
  return sentences;
}

}  // namespace ipsec9000
