#include "cli/ipsec_report/explain.hpp"

namespace ipsec9000::cli {

namespace {
using Advice = std::vector<std::string>;

// Says it all, as far as the policy decides alone.
bool by_policy(const Findings& found, Advice& out) {
  if (found.action == "pass") {
    out.push_back(
        "Policy " + found.policy +
        " lets this traffic pass in clear: no SAs are to be expected. If it is to be "
        "secured, see with ipsec_policy -why which policy should have matched, and in which field it does not.");
    return true;
  }
  if (found.action == "discard") {
    out.push_back("Policy " + found.policy +
                  " discards this traffic: programs are told that it is not permitted. If it is "
                  "to flow, see with ipsec_policy -why which policy should have matched.");
    return true;
  }
  return false;
}

std::string differing(const FailureRecord& failure) {
  if (failure.differs.empty()) return "";
  auto text = ": " + failure.differs + " differs";
  if (!failure.offered.empty()) text += ", offered " + failure.offered;
  if (!failure.wanted.empty()) text += ", wanted " + failure.wanted;
  return text;
}

void by_silence(const Findings& found, Advice& out) {
  if (found.sent != 0 && found.received == 0)
    out.push_back("Nothing has ever come back from " + found.remote +
                  " on UDP 500. Is the peer up, does it run IKE, and do "
                  "packet filters on the way let UDP 500 pass in both directions?");
  else if (found.received != 0)
    out.push_back(
        "UDP 500 passes both ways, but the peer stopped answering: most likely it refuses in silence. Look into "
        "its audit file for the reason.");
}

void by_failure(const Findings& found, Advice& out) {
  const auto& last = found.failures.front();
  const bool main_mode = last.phase != "quick";  // or Aggressive Mode
  if (last.reason == "no-preshared-key") {
    out.push_back("Set the key: ipsec_mgr key set " + found.remote + ".");
  } else if (last.reason == "no-local-certificate") {
    out.push_back(
        "Import a certificate of this host with its private key (ipsec_mgr cert import), and see ipsec_mgr cert list.");
  } else if (last.differs == "certificate" || last.reason.starts_with("certificate-")) {
    out.push_back("A certificate is refused, here or by the peer: ipsec_mgr cert check " + found.remote +
                  " on both hosts names the step.");
  } else if (last.reason == "authentication-failed") {
    out.push_back("The two hosts most likely have different keys. Set the same on both: ipsec_mgr key set " +
                  found.remote + ". Text is taken byte for byte; hex begins with 0x.");
  } else if (!last.differs.empty()) {
    out.push_back(std::string("Make the two hosts agree") + differing(last) + ". It stands in the " +
                  (main_mode ? "ISAKMP policy" : "IPSec policy") + (last.policy.empty() ? "" : " " + last.policy) +
                  " of each.");
  } else if (last.reason == "timeout") {
    by_silence(found, out);
  } else if (!main_mode) {
    out.push_back(
        "Main Mode worked and Quick Mode did not: compare transforms, lifetimes, PFS and filters of the IPSec "
        "policies of both hosts.");
  } else {
    out.push_back(
        "Main Mode failed: compare group, hash, encryption and authentication of the ISAKMP policies of both "
        "hosts, and read the peer's audit file.");
  }
}

void by_sas(const Findings& found, Advice& out) {
  if (found.sas_in != 0 && found.sas_out != 0) {
    if (found.packets_out != 0 && found.packets_in == 0)
      out.push_back(
          "SAs are there, packets leave, and none comes back in them: does the peer have SAs with the same SPIs "
          "(its ipsec_report -sad), and do packet filters let IP protocols 50 and 51 pass?");
    else
      out.push_back(
          "SAs are there in both directions. If the connection fails all the same, look above IPSec: routes, "
          "the service itself, packet filters.");
    return;
  }
  if (!found.failures.empty()) return by_failure(found, out);
  if (found.isakmp_sas != 0) {
    out.push_back(
        "There is an ISAKMP SA and no IPSec SA, and no negotiation has failed: none was needed yet. Send traffic "
        "that the policy covers, then ask again.");
  } else if (found.sent != 0) {
    by_silence(found, out);
  } else {
    out.push_back(
        "Nothing was negotiated yet. SAs are made when the first packet wants them: send traffic that the policy "
        "covers, then ask again.");
  }
}
}  // namespace

bool wants_signatures(const std::string& method) { return method.ends_with("-signature"); }

std::vector<std::string> advice(const Findings& found) {
  Advice out;
  for (const auto& daemon : found.daemons_down)
    out.push_back(daemon + " does not answer. Start IPSec: ipsec_admin -start.");
  if (found.local.empty()) out.push_back("There is no route to " + found.remote + ".");
  if (!found.kernel_agrees)
    out.push_back(
        "The kernel decides otherwise than the policies say: another program has changed them. See "
        "ipsec_admin -status.");
  if (!found.policy.empty() && !by_policy(found, out)) {
    if (!found.isakmp_policy)
      out.push_back("No ISAKMP policy covers " + found.remote + ": add one with the parameters that the peer has.");
    const bool by_key = !wants_signatures(found.authentication);
    if (by_key && found.has_key == false)
      out.push_back("No pre-shared key is stored for " + found.remote + ": ipsec_mgr key set " + found.remote + ".");
    if (found.certificates)
      for (auto& sentence : advice(*found.certificates)) out.push_back(std::move(sentence));
    if (found.isakmp_policy && (!by_key || found.has_key != false)) by_sas(found, out);
  }
  return out;
}

}  // namespace ipsec9000::cli
