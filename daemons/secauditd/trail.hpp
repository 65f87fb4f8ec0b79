// The audit trail that secauditd keeps: what is written, at which level, and what happens when the disk is full.
#pragma once
#include <deque>
#include <optional>
#include <string>

#include "audit/file.hpp"
#include "audit/prune.hpp"
#include "base/json_fwd.hpp"

namespace ipsec9000 {

struct TrailSettings {
  AuditLevel level = AuditLevel::error;  // records above it are not written
  std::filesystem::path directory;
  std::uint32_t max_kilobytes = 100;
};

inline constexpr std::uint32_t max_trail_kilobytes = 1024 * 1024;

class AuditTrail {
 public:
  // Opens a new file and goes on with the numbers and the hash chain of the newest file that is there, after it has cut
  // off what a crash left of a line at its end.
  static Result<AuditTrail> open(TrailSettings settings, WallTime now);

  // False when it cannot be written now: nothing has happened then, and it is to be offered again.
  bool take(AuditRecord record, WallTime now);

  // Takes over the new settings, or on error none of them; each change becomes a record.
  Result<void> change(const TrailSettings& wanted, WallTime now);

  Result<void> rotate(WallTime now);

  // Removes old files, which becomes a record first: it may well be that the disk has no room for it before. On failure
  // some may be gone.
  Result<AuditPruning> prune(AuditKeep keep, WallTime now);

  // Writes what the trail itself has to say and could not. To be called now and then while problem() is there.
  bool retry(WallTime now);

  const TrailSettings& settings() const { return settings_; }
  const std::filesystem::path& file() const { return file_.path(); }
  const std::optional<std::string>& problem() const { return problem_; }  // why nothing can be written at present

  // {"level", "file", "directory", "max_kilobytes", "size" in bytes, "records" written since the start, "filtered",
  // "dropped" (what the daemons said they had lost), "last_number", "chain": the last
  // record's hash, "problem": null or a sentence}
  Json status() const;

 private:
  AuditTrail(TrailSettings settings, AuditFile file) : settings_(std::move(settings)), file_(std::move(file)) {}
  void say(const AuditEvent& event, const AuditFields& fields, WallTime now);
  void note(const AuditEvent& event, const AuditFields& fields, WallTime now);  // written by the next retry()
  void note_opened(const std::filesystem::path& previous, WallTime now);
  bool write(AuditRecord& record, WallTime now);

  TrailSettings settings_;
  AuditFile file_;
  std::deque<AuditRecord> own_;  // of the trail itself, not yet written
  std::optional<std::string> problem_;
  std::uint64_t written_ = 0;
  std::uint64_t filtered_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace ipsec9000
