// ipsec_report -explain REMOTE: what there is between this host and another, and what to do next.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/common/daemons.hpp"
#include "cli/common/program.hpp"
#include "cli/ipsec_report/explain_certificates.hpp"
#include "model/reports.hpp"

namespace ipsec9000::cli {

// What was found out. What could not be is missing.
struct Findings {
  std::string remote;
  std::string local;  // "" when there is no route
  std::vector<std::string> daemons_down;
  std::string policy;  // its name
  std::string policy_kind;
  std::string action;                        // secure, pass, discard
  std::string asked;                         // the packet that the policy was asked about
  std::optional<std::string> isakmp_policy;  // nothing: there is none, or it was not asked for
  std::string authentication;                // of that policy: psk, rsa-signature, ecdsa-signature
  bool kernel_agrees = true;
  std::optional<bool> has_key;
  std::optional<CertificateState> certificates;  // nothing: not wanted, or not known
  std::size_t isakmp_sas = 0;
  std::size_t sas_in = 0;
  std::size_t sas_out = 0;
  std::uint64_t packets_in = 0;
  std::uint64_t packets_out = 0;
  std::vector<FailureRecord> failures;  // newest first
  std::uint64_t sent = 0;               // IKE messages
  std::uint64_t received = 0;
  std::vector<std::pair<std::string, std::uint64_t>> drops;  // in words; of the whole host
};

// Whether an ISAKMP policy with this authentication method proves by certificates.
bool wants_signatures(const std::string& method);

// What to do next, the most likely cause first: whole sentences. The chapter "Troubleshooting" as a function.
std::vector<std::string> advice(const Findings& findings);

// The page for a person.
std::string in_words(const Findings& found, const std::vector<std::string>& next);

int explain(Context& context);

}  // namespace ipsec9000::cli
