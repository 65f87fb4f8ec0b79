// What the screens show: the configuration file, how it differs from what is in force, and what happens right now.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json_fwd.hpp"
#include "cli/ipsec_mgr/screen/backend.hpp"
#include "model/reports.hpp"
#include "policy/parse.hpp"

namespace ipsec9000::screen {

class Workspace {
 public:
  explicit Workspace(Backend& backend) : backend_(backend) { refresh(); }

  void refresh();  // everything
  void refresh_file();
  void refresh_live();

  // The file. Where there is none, what it counts as.
  const std::string& text() const { return text_; }
  const std::string& revision() const { return revision_; }
  bool file_exists() const { return exists_; }
  const ParsedConfiguration& parsed() const { return parsed_; }
  const Configuration* configuration() const { return parsed_.configuration ? &*parsed_.configuration : nullptr; }
  // Carries out the edits, on the file as it was last read; then reads it anew.
  Result<std::vector<std::string>> edit(const std::vector<Edit>& edits);

  // How many changes apply would make; nothing while secpolicyd does not answer.
  std::optional<std::uint64_t> pending() const { return pending_; }
  bool is_pending(const std::string& section, const std::string& name) const;
  bool policies_in_force() const { return pending_.has_value(); }

  // Right now. At most `maximum` of each.
  static constexpr std::size_t maximum = 5000;
  const std::vector<SadEntry>& sas() const { return sas_; }
  const std::vector<MadEntry>& isakmp_sas() const { return isakmp_sas_; }
  const std::vector<FailureRecord>& failures() const { return failures_; }
  std::size_t sas_of(const std::string& policy) const;
  std::optional<std::uint64_t> idle(const std::string& policy) const;  // seconds since it was used last
  // Why something of that is not known, "" when all is.
  const std::string& obstacle() const { return obstacle_; }

 private:
  void refresh_pending();
  template <class Entry, class Read>
  void read_list(const char* method, std::vector<Entry>& entries, Read read);

  Backend& backend_;
  std::string text_;
  std::string revision_;
  bool exists_ = false;
  ParsedConfiguration parsed_;
  std::optional<std::uint64_t> pending_;
  std::set<std::pair<std::string, std::string>> pending_names_;
  std::vector<SadEntry> sas_;
  std::vector<MadEntry> isakmp_sas_;
  std::vector<FailureRecord> failures_;
  std::map<std::string, std::size_t> sas_of_;
  std::map<std::string, std::uint64_t> idle_;
  std::string obstacle_;
};

}  // namespace ipsec9000::screen
