#include "trail.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/directory.hpp"
#include "base/text.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t max_own = 1000;

std::string named(const AuditLevel level) { return std::string(to_string(level)); }
}  // namespace

Result<AuditTrail> AuditTrail::open(TrailSettings settings, WallTime now) {
  const auto mended = mend_newest_audit_file(settings.directory);
  auto file = AuditFile::open({settings.directory, settings.max_kilobytes}, now, audit_trail_end(settings.directory));
  if (!file) return file.error();
  AuditTrail trail(std::move(settings), std::move(*file));
  if (!mended)
    trail.note(audit::audit_file_not_mended, {{"reason", mended.error().text}}, now);
  else if (*mended)
    trail.note(audit::audit_file_mended,
               {{"file", (*mended)->file.string()}, {"bytes", std::to_string((*mended)->bytes)}}, now);
  trail.retry(now);
  return trail;
}

bool AuditTrail::take(AuditRecord record, WallTime now) {
  if (record.level > settings_.level) {
    ++filtered_;
    return true;
  }
  if (!retry(now) || !write(record, now)) return false;
  if (record.event == audit::audit_records_dropped.id)
    for (const auto& [name, value] : record.fields)
      if (name == "count") dropped_ += parse_number(value, UINT32_MAX).value_or(0);
  return true;
}

Result<void> AuditTrail::change(const TrailSettings& wanted, WallTime now) {
  const auto old = settings_;
  const auto old_file = file_.path();
  if (wanted.directory != old.directory)
    if (auto moved = file_.rotate(now, wanted.directory); !moved) return moved;
  file_.set_max_kilobytes(wanted.max_kilobytes);
  settings_ = wanted;
  if (wanted.directory != old.directory)
    say(audit::audit_directory_changed, {{"old", old.directory.string()}, {"new", wanted.directory.string()}}, now);
  if (wanted.level != old.level)
    say(audit::audit_level_changed, {{"old", named(old.level)}, {"new", named(wanted.level)}}, now);
  if (wanted.max_kilobytes != old.max_kilobytes)
    say(audit::audit_size_changed,
        {{"old", std::to_string(old.max_kilobytes)}, {"new", std::to_string(wanted.max_kilobytes)}}, now);
  if (file_.path() != old_file) {
    note_opened(old_file, now);
    retry(now);
  }
  return {};
}

Result<void> AuditTrail::rotate(WallTime now) {
  const auto previous = file_.path();
  if (auto rotated = file_.rotate(now); !rotated) return rotated;
  note_opened(previous, now);
  retry(now);
  return {};
}

Result<AuditPruning> AuditTrail::prune(AuditKeep keep, WallTime now) {
  auto pruning = plan_pruning(settings_.directory, file_.path(), keep, now);
  if (pruning.files.empty()) return pruning;
  AuditFields fields{{"files", std::to_string(pruning.files.size())},
                     {"bytes", std::to_string(pruning.bytes)},
                     {"file", pruning.files.back().string()}};
  if (pruning.end.number != 0) {
    fields.emplace_back("number", std::to_string(pruning.end.number));
    fields.emplace_back("chain", pruning.end.chain);
  }
  say(audit::audit_pruned, fields, now);
  const auto removed = carry_out(pruning);
  if (!removed) say(audit::audit_not_pruned, {{"reason", removed.error().text}}, now);
  retry(now);  // there is room now
  if (!removed) return removed.error();
  return pruning;
}

bool AuditTrail::retry(WallTime now) {
  while (!own_.empty()) {
    if (!write(own_.front(), now)) return false;
    own_.pop_front();
  }
  return true;
}

void AuditTrail::note(const AuditEvent& event, const AuditFields& fields, WallTime now) {
  if (event.level > settings_.level || own_.size() >= max_own) return;
  auto record = make_record(event, fields);
  record.from = "secauditd";
  record.time = now;
  own_.push_back(std::move(record));
}

void AuditTrail::note_opened(const std::filesystem::path& previous, WallTime now) {
  note(audit::audit_file_opened, {{"file", file_.path().string()}, {"previous", previous.string()}}, now);
}

void AuditTrail::say(const AuditEvent& event, const AuditFields& fields, WallTime now) {
  note(event, fields, now);
  retry(now);
}

bool AuditTrail::write(AuditRecord& record, WallTime now) {
  const auto before = file_.path();
  const auto written = file_.append(record, now);
  if (!written) {
    if (!problem_) note(audit::audit_file_full, {{"since", to_rfc3339(now)}, {"reason", written.error().text}}, now);
    problem_ = written.error().text;
    return false;
  }
  ++written_;
  problem_.reset();
  // Written with the next record. Where such a record itself needed the new file, it is no news, or small files would
  // call for each other without end.
  if (file_.path() != before && record.event != audit::audit_file_opened.id) note_opened(before, now);
  return true;
}

Json AuditTrail::status() const {
  return {{"level", to_string(settings_.level)},
          {"file", file_.path().string()},
          {"directory", settings_.directory.string()},
          {"max_kilobytes", settings_.max_kilobytes},
          {"size", file_.size()},
          {"records", written_},
          {"filtered", filtered_},
          {"dropped", dropped_},
          {"last_number", file_.position().number},
          {"chain", file_.position().chain},
          {"problem", problem_ ? Json(*problem_) : Json(nullptr)}};
}

}  // namespace ipsec9000
