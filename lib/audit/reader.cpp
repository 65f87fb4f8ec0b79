#include "audit/file.hpp"
#include "audit/lines.hpp"

namespace ipsec9000 {

namespace {
Result<AuditRecord> record_of(const AuditLine& line) {
  switch (line.kind) {
    case AuditLine::Kind::whole:
      break;
    case AuditLine::Kind::too_long:
      return Error{ErrorCode::invalid_input, "longer than a record can be"};
    case AuditLine::Kind::cut_off:
      return Error{ErrorCode::truncated, "the last line is cut off"};
  }
  return parse_audit_line(line.text);
}
}  // namespace

Result<AuditReadSummary> read_audit_file(const std::filesystem::path& path, const OnAuditRecord& on_record,
                                         const OnBrokenAuditLine& on_broken) {
  AuditReadSummary summary;
  const auto read = read_audit_lines(path, UINT64_MAX, [&](const AuditLine& line) {
    auto record = record_of(line);
    if (record) {
      ++summary.records;
      if (on_record) on_record(std::move(*record));
    } else {
      ++summary.broken;
      if (on_broken) on_broken(line.number, record.error());
    }
    return true;
  });
  if (!read) return read.error();
  return summary;
}

}  // namespace ipsec9000
