#include "audit/verify.hpp"

#include <algorithm>
#include <span>

#include "audit/directory.hpp"
#include "audit/events.hpp"
#include "audit/lines.hpp"
#include "base/text.hpp"

namespace ipsec9000 {

namespace fs = std::filesystem;

namespace {

std::string numbers(std::uint64_t from, std::uint64_t to) {
  return from == to ? "record " + std::to_string(from) + " is missing"
                    : "records " + std::to_string(from) + " to " + std::to_string(to) + " are missing";
}

std::string named(const fs::path& file) { return escape_control(file.filename().string()); }

// How a file begins: the number of its first record and the hash that this continues.
struct Beginning {
  std::uint64_t number = 0;
  std::string continues;
};

std::optional<Beginning> beginning_of(const fs::path& file) {
  std::optional<Beginning> beginning;
  (void)read_audit_lines(file, UINT64_MAX, [&](const AuditLine& line) {
    if (line.kind != AuditLine::Kind::whole) return true;
    if (const auto record = parse_audit_line(line.text)) beginning = {record->number, continued_hash(line.text)};
    return !beginning;
  });
  return beginning;
}

class Verification {
 public:
  explicit Verification(const OnAuditFault& on_fault) : on_fault_(on_fault) {}

  void check(const AuditLine& line) {
    const auto record = line.kind == AuditLine::Kind::whole ? parse_audit_line(line.text)
                                                            : Result<AuditRecord>(Error{ErrorCode::truncated, ""});
    if (!record)
      return fault(line.number, line.kind == AuditLine::Kind::cut_off ? "half a record: its end was cut off"
                                                                      : "this is no audit record");
    ++verdict.records;
    if (verdict.first == 0) {
      verdict.first = record->number;
      beginning_ = continued_hash(line.text);
      last_.chain = beginning_;
      last_.number = record->number - 1;
      if (beginning_.empty())
        fault(line.number, "the file's first records are missing, or it was written without a hash chain");
    }
    check_chain(line, *record);
    verdict.last = record->number;
  }

  // The file before this one: does it end where this one begins?
  // `later`: this file and those behind it, where pruning may have been recorded.
  void check_predecessor(const std::optional<fs::path>& file, std::span<const fs::path> later) {
    if (verdict.records == 0 || beginning_.empty()) return;
    if (!file) {
      if (beginning_ == chain_begin) return;
      if (const auto pruning = find_pruning(later))
        verdict.remarks.push_back("the files before it were removed on request, which record " +
                                  std::to_string(*pruning) + " tells");
      else
        verdict.remarks.push_back("the file before it is not there: records before " + std::to_string(verdict.first) +
                                  " were not looked for");
      return;
    }
    const auto end = last_audit_position(*file);
    if (!end || end->chain == beginning_) return;
    if (end->number + 1 < verdict.first)
      fault(0, numbers(end->number + 1, verdict.first - 1) + " between " + named(*file) + " and this file");
    else
      fault(0, "this file does not go on where " + named(*file) + " ends: one of the two was changed");
  }

  void check_successor(const fs::path& file) {
    const auto next = beginning_of(file);
    if (verdict.records == 0 || !next || next->continues == last_.chain) return;
    if (next->number > verdict.last + 1)
      fault(0, numbers(verdict.last + 1, next->number - 1) + " at the end of the file: " + named(file) +
                   " begins with " + std::to_string(next->number));
    else
      fault(0, "the end of the file was changed: " + named(file) + " does not go on from it");
  }

  void check_end(const AuditPosition& end) {
    if (end.number > verdict.last)
      fault(0, numbers(verdict.last + 1, end.number) + " at the end of the file: secauditd has written up to " +
                   std::to_string(end.number));
    else if (end.number == verdict.last && end.chain != last_.chain)
      fault(0, "the end of the file was changed: secauditd wrote another last record");
  }

  void fault(std::uint64_t line, std::string text) {
    ++verdict.faults;
    if (on_fault_) on_fault_({line, std::move(text)});
  }

  AuditVerdict verdict;

 private:
  // The number of the record that tells of the removal of all before this file.
  std::optional<std::uint64_t> find_pruning(std::span<const fs::path> later) const {
    std::optional<std::uint64_t> found;
    for (const auto& file : later) {
      (void)read_audit_lines(file, UINT64_MAX, [&](const AuditLine& line) {
        if (line.kind != AuditLine::Kind::whole || line.text.find(audit::audit_pruned.id) == std::string_view::npos)
          return true;
        const auto record = parse_audit_line(line.text);
        if (!record || record->event != audit::audit_pruned.id) return true;
        for (const auto& [name, value] : record->fields)
          if (name == "chain" && value == beginning_) found = record->number;
        return !found;
      });
      if (found) break;
    }
    return found;
  }

  void check_chain(const AuditLine& line, const AuditRecord& record) {
    const auto chained = split_chained_line(line.text);
    if (!chained) {
      fault(line.number, "record " + std::to_string(record.number) + " has no hash");
      last_.number = record.number;
      return;
    }
    const bool fits = last_.chain.empty() || chain_hash(last_.chain, chained->content) == chained->hash;
    if (record.number > last_.number + 1)
      fault(line.number, numbers(last_.number + 1, record.number - 1) + " before this line");
    else if (record.number != last_.number + 1)
      fault(line.number, "record " + std::to_string(record.number) + " is out of its place");
    else if (!fits)
      fault(line.number, "record " + std::to_string(record.number) + ", or the one before it, was changed");
    last_ = {record.number, std::string(chained->hash)};  // so that one fault is told once
  }

  const OnAuditFault& on_fault_;
  AuditPosition last_;
  std::string beginning_;
};

}  // namespace

Result<AuditVerdict> verify_audit_file(const fs::path& path, const OnAuditFault& on_fault,
                                       const std::optional<AuditPosition>& end) {
  Verification verification(on_fault);
  const auto read = read_audit_lines(path, UINT64_MAX, [&](const AuditLine& line) {
    verification.check(line);
    return true;
  });
  if (!read) return read.error();
  // Files without a record say nothing about the chain.
  auto files = audit_files(path.has_parent_path() ? path.parent_path() : fs::path("."));
  const auto here =
      std::find_if(files.begin(), files.end(), [&](const auto& file) { return file.filename() == path.filename(); });
  if (here == files.end()) {
    verification.verdict.remarks.emplace_back(
        "its name is not that of an audit file: files before and after it were not looked for");
  } else {
    const auto before = std::find_if(std::make_reverse_iterator(here), files.rend(),
                                     [](const auto& file) { return last_audit_position(file).has_value(); });
    verification.check_predecessor(before == files.rend() ? std::nullopt : std::optional(*before), {here, files.end()});
    const auto after =
        std::find_if(std::next(here), files.end(), [](const auto& file) { return beginning_of(file).has_value(); });
    if (after != files.end())
      verification.check_successor(*after);
    else if (end)
      verification.check_end(*end);
    else
      verification.verdict.remarks.emplace_back(
          "secauditd was not asked: records cut off the end would not be noticed");
  }
  return std::move(verification.verdict);
}

}  // namespace ipsec9000
