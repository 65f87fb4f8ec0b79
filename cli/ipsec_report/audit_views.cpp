#include "cli/ipsec_report/audit_views.hpp"

#include <nlohmann/json.hpp>

#include "audit/directory.hpp"
#include "audit/file.hpp"
#include "audit/verify.hpp"
#include "cli/common/show.hpp"

namespace ipsec9000::cli {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t most_faults_shown = 1000;  // of one file

// What secauditd says of its trail.
struct CurrentTrail {
  fs::path file;
  AuditPosition end;
};

Result<CurrentTrail> current_trail(Daemons& daemons) {
  const auto status = daemons.call("secauditd", "audit.status", Json::object());
  if (!status) return status.error();
  const auto text = [&](std::string_view name) {
    const auto* value = member(*status, name);
    const auto* string = value == nullptr ? nullptr : value->get_ptr<const std::string*>();
    return string == nullptr ? std::string() : *string;
  };
  CurrentTrail trail{text("file"), {number_of(*status, "last_number"), text("chain")}};
  if (trail.file.empty()) return Error{ErrorCode::internal, "secauditd names no audit file"};
  return trail;
}

std::string in_words(const Json& checked, const std::vector<AuditFault>& faults, const AuditVerdict& verdict) {
  auto text =
      text_of(checked, "file") + ": " + std::to_string(verdict.records) + " records" +
      (verdict.records == 0 ? std::string()
                            : ", " + std::to_string(verdict.first) + " to " + std::to_string(verdict.last)) +
      (verdict.faults == 0 ? ", none removed or changed\n" : ", " + std::to_string(verdict.faults) + " faults\n");
  for (const auto& fault : faults)
    text += (fault.line == 0 ? "  " : "  line " + std::to_string(fault.line) + ": ") + safe(fault.text) + "\n";
  if (faults.size() < verdict.faults) text += "  and more\n";
  for (const auto& remark : verdict.remarks) text += "  note: " + safe(remark) + "\n";
  return text;
}

// Prints one file's verdict; how many faults it has.
Result<std::uint64_t> print_verdict(const fs::path& file, const std::optional<AuditPosition>& end, Sink& sink) {
  std::vector<AuditFault> faults;
  const auto verdict = verify_audit_file(
      file,
      [&](const AuditFault& fault) {
        if (faults.size() < most_faults_shown) faults.push_back(fault);
      },
      end);
  if (!verdict) return verdict.error();
  Json told = Json::array();
  for (const auto& fault : faults) told.push_back({{"line", fault.line}, {"text", fault.text}});
  const Json checked = {{"file", file.string()},      {"records", verdict->records},    {"first", verdict->first},
                        {"last", verdict->last},      {"fault_count", verdict->faults}, {"faults", std::move(told)},
                        {"remarks", verdict->remarks}};
  sink.item(checked, [&] { return in_words(checked, faults, *verdict); });
  return verdict->faults;
}
}  // namespace

Result<void> print_audit(const ViewRequest& view, ReportContext& context) {
  std::string file = view.argument;
  if (file.empty()) {
    const auto trail = current_trail(context.daemons);
    if (!trail) return trail.error();
    file = trail->file;
  }
  context.sink.line("Audit file: " + safe(file));
  const auto read = read_audit_file(
      file,
      [&](const AuditRecord& record) {
        if (context.entity.empty() || record.from == context.entity)
          context.sink.item(to_json(record), [&] {
            auto text = to_hp_text(record);
            if (!text.ends_with('\n')) text += '\n';
            return text;
          });
      },
      [&](std::uint64_t line, const Error& why) {
        context.sink.line("Line " + std::to_string(line) + " is no audit record: " + safe(why.text));
      });
  if (!read) return read.error();
  return {};
}

Result<void> print_verification(const ViewRequest& view, ReportContext& context) {
  const auto trail = current_trail(context.daemons);
  if (!trail && view.argument.empty()) return trail.error();
  const auto files =
      view.argument.empty() ? audit_files(trail->file.parent_path()) : std::vector<fs::path>{fs::path(view.argument)};
  std::uint64_t faults = 0;
  for (const auto& file : files) {
    std::error_code ignored;
    const bool current = trail && fs::equivalent(file, trail->file, ignored);
    const auto found = print_verdict(file, current ? std::optional(trail->end) : std::nullopt, context.sink);
    if (!found) return found.error();
    faults += *found;
  }
  if (faults != 0)
    return Error{ErrorCode::refused, "the audit trail is not as it was written: " + std::to_string(faults) + " faults"};
  return {};
}

}  // namespace ipsec9000::cli
