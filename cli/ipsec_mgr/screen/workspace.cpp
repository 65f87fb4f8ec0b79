#include "cli/ipsec_mgr/screen/workspace.hpp"

#include <nlohmann/json.hpp>

#include "cli/common/show.hpp"
#include "policy/edit.hpp"

namespace ipsec9000::screen {

void Workspace::refresh() {
  refresh_file();
  refresh_live();
}

void Workspace::refresh_file() {
  const auto text = backend_.configuration();
  exists_ = text.has_value();
  if (!text && text.error().code != ErrorCode::not_found) {
    text_.clear();
    revision_.clear();
    parsed_ = {};
    ConfigurationMessage message;
    message.text = text.error().text;
    parsed_.messages.push_back(std::move(message));
  } else if (const auto now = text.value_or(std::string(empty_configuration)); now != text_) {
    text_ = now;
    revision_ = revision_of(text_);
    parsed_ = parse_configuration(text_, "ipsec.json");
  }
  refresh_pending();
}

void Workspace::refresh_pending() {
  pending_.reset();
  pending_names_.clear();
  const auto answer = backend_.difference();
  if (!answer) return;
  pending_ = cli::number_of(*answer, "changed");
  const auto* changes = cli::member(*answer, "changes");
  if (changes == nullptr || !changes->is_array()) return;
  for (const auto& change : *changes)
    pending_names_.emplace(cli::text_of(change, "section"), cli::text_of(change, "policy"));
}

bool Workspace::is_pending(const std::string& section, const std::string& name) const {
  return pending_names_.contains({section, name});
}

Result<std::vector<std::string>> Workspace::edit(const std::vector<Edit>& edits) {
  auto done = backend_.edit(edits, revision_);
  refresh_file();
  return done;
}

template <class Entry, class Read>
void Workspace::read_list(const char* method, std::vector<Entry>& entries, Read read) {
  entries.clear();
  const auto items = backend_.list("ikpmd", method, maximum);
  if (!items) {
    obstacle_ = items.error().text;
    return;
  }
  for (const auto& item : *items)
    if (auto entry = read(item)) entries.push_back(std::move(*entry));
}

void Workspace::refresh_live() {
  obstacle_.clear();
  idle_.clear();
  sas_of_.clear();
  read_list("sad.list", sas_, sad_entry_from_json);
  if (obstacle_.empty()) {
    read_list("mad.list", isakmp_sas_, mad_entry_from_json);
    read_list("failures.list", failures_, failure_record_from_json);
  } else {
    isakmp_sas_.clear();
    failures_.clear();
  }
  for (const auto& sa : sas_) ++sas_of_[sa.policy];
  const auto used = backend_.list("secpolicyd", "policy.usage", maximum);
  if (!used) {
    obstacle_ = used.error().text;
    return;
  }
  for (const auto& item : *used) idle_[cli::text_of(item, "policy")] = cli::number_of(item, "idle");
}

std::size_t Workspace::sas_of(const std::string& policy) const {
  const auto found = sas_of_.find(policy);
  return found == sas_of_.end() ? 0 : found->second;
}

std::optional<std::uint64_t> Workspace::idle(const std::string& policy) const {
  const auto found = idle_.find(policy);
  return found == idle_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace ipsec9000::screen
