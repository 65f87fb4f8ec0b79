#include "pki/judgement.hpp"

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "pki/identities.hpp"
#include "pki/openssl.hpp"

namespace ipsec9000::pki {

namespace {
struct Meaning {
  int code;  // X509_V_ERR_...
  StepKind step;
  PkiFailureKind kind;
};

// What OpenSSL objects to, and what it is to us. What is not here is a fault of the path.
constexpr std::array meanings = {
    Meaning{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, StepKind::chain, PkiFailureKind::unknown_ca},
    Meaning{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, StepKind::chain, PkiFailureKind::unknown_ca},
    Meaning{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, StepKind::chain, PkiFailureKind::unknown_ca},
    Meaning{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, StepKind::chain, PkiFailureKind::unknown_ca},
    Meaning{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, StepKind::chain, PkiFailureKind::unknown_ca},
    Meaning{X509_V_ERR_CERT_UNTRUSTED, StepKind::chain, PkiFailureKind::unknown_ca},
    Meaning{X509_V_ERR_CERT_REJECTED, StepKind::chain, PkiFailureKind::unknown_ca},
    Meaning{X509_V_ERR_CERT_CHAIN_TOO_LONG, StepKind::chain, PkiFailureKind::chain_too_long},
    Meaning{X509_V_ERR_CERT_SIGNATURE_FAILURE, StepKind::signature, PkiFailureKind::bad_signature},
    Meaning{X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, StepKind::signature, PkiFailureKind::bad_signature},
    Meaning{X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, StepKind::signature, PkiFailureKind::bad_signature},
    Meaning{X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH, StepKind::signature, PkiFailureKind::bad_signature},
    Meaning{X509_V_ERR_NO_ISSUER_PUBLIC_KEY, StepKind::signature, PkiFailureKind::bad_signature},
    Meaning{X509_V_ERR_CERT_NOT_YET_VALID, StepKind::dates, PkiFailureKind::not_yet_valid},
    Meaning{X509_V_ERR_CERT_HAS_EXPIRED, StepKind::dates, PkiFailureKind::expired},
    Meaning{X509_V_ERR_INVALID_CA, StepKind::usage, PkiFailureKind::bad_usage},
    Meaning{X509_V_ERR_INVALID_NON_CA, StepKind::usage, PkiFailureKind::bad_usage},
    Meaning{X509_V_ERR_PATH_LENGTH_EXCEEDED, StepKind::usage, PkiFailureKind::bad_usage},
    Meaning{X509_V_ERR_INVALID_PURPOSE, StepKind::usage, PkiFailureKind::bad_usage},
    Meaning{X509_V_ERR_KEYUSAGE_NO_CERTSIGN, StepKind::usage, PkiFailureKind::bad_usage},
    Meaning{X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, StepKind::usage, PkiFailureKind::bad_usage},
    Meaning{X509_V_ERR_PERMITTED_VIOLATION, StepKind::usage, PkiFailureKind::name_constraint},
    Meaning{X509_V_ERR_EXCLUDED_VIOLATION, StepKind::usage, PkiFailureKind::name_constraint},
    Meaning{X509_V_ERR_SUBTREE_MINMAX, StepKind::usage, PkiFailureKind::name_constraint},
    Meaning{X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, StepKind::usage, PkiFailureKind::name_constraint},
    Meaning{X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, StepKind::usage, PkiFailureKind::name_constraint},
    Meaning{X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, StepKind::usage, PkiFailureKind::name_constraint},
    Meaning{X509_V_ERR_CERT_REVOKED, StepKind::revocation, PkiFailureKind::revoked},
    Meaning{X509_V_ERR_UNABLE_TO_GET_CRL, StepKind::revocation, PkiFailureKind::crl_unavailable},
    Meaning{X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, StepKind::revocation, PkiFailureKind::crl_unavailable},
    Meaning{X509_V_ERR_CRL_HAS_EXPIRED, StepKind::revocation, PkiFailureKind::crl_unavailable},
    Meaning{X509_V_ERR_CRL_NOT_YET_VALID, StepKind::revocation, PkiFailureKind::crl_unavailable},
    Meaning{X509_V_ERR_CRL_SIGNATURE_FAILURE, StepKind::revocation, PkiFailureKind::crl_unavailable},
    Meaning{X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, StepKind::revocation, PkiFailureKind::crl_unavailable},
    Meaning{X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, StepKind::revocation, PkiFailureKind::crl_unavailable},
    Meaning{X509_V_ERR_DIFFERENT_CRL_SCOPE, StepKind::revocation, PkiFailureKind::crl_unavailable},
    Meaning{X509_V_ERR_CRL_PATH_VALIDATION_ERROR, StepKind::revocation, PkiFailureKind::crl_unavailable},
    Meaning{X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, StepKind::revocation, PkiFailureKind::crl_unavailable},
    Meaning{X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, StepKind::revocation, PkiFailureKind::crl_unavailable},
    Meaning{X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, StepKind::revocation, PkiFailureKind::crl_unavailable},
};

Meaning meaning_of(int code) {
  const auto* found = std::ranges::find(meanings, code, &Meaning::code);
  return found == meanings.end() ? Meaning{code, StepKind::chain, PkiFailureKind::unknown_ca} : *found;
}

std::string date(WallTime time) { return to_rfc3339(std::chrono::floor<seconds>(time)).substr(0, 19) + "Z"; }

std::string span_text(Duration duration) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(duration).count();
  if (hours >= 48) return std::to_string(hours / 24) + " days";
  if (hours >= 2) return std::to_string(hours) + " hours";
  return std::to_string(std::chrono::duration_cast<std::chrono::minutes>(duration).count()) + " minutes";
}

const ChainObjection* objection_of(const Chain& chain, StepKind step) {
  const auto is_of_step = [&](const ChainObjection& objection) { return meaning_of(objection.code).step == step; };
  const auto found = std::ranges::find_if(chain.objections, is_of_step);
  return found == chain.objections.end() ? nullptr : &*found;
}

PkiFailure failure(PkiFailureKind kind, std::string text) { return PkiFailure{kind, std::move(text), "", ""}; }

std::string words_of(const ChainObjection& objection) { return X509_verify_cert_error_string(objection.code); }
}  // namespace

Judgement judge_key(const Certificate& leaf, bool allow_legacy) {
  if (auto usable = check_key(leaf, allow_legacy); !usable)
    return {StepKind::key, "", failure(PkiFailureKind::weak_key, leaf.subject() + " has " + usable.error().text)};
  return {
      StepKind::key, std::string(to_string(leaf.key_kind())) + ", " + std::to_string(leaf.key_bits()) + " bits", {}};
}

Judgement judge_path(const Chain& chain, const Trust& trust) {
  std::string path;
  for (const auto& certificate : chain.path) path += (path.empty() ? "" : " < ") + certificate.subject();
  for (const auto& certificate : chain.path)
    if (auto usable = check_key(certificate, trust.allow_legacy()); !usable)
      return {StepKind::chain, "",
              failure(PkiFailureKind::weak_key, certificate.subject() + " has " + usable.error().text)};
  const auto* objection = objection_of(chain, StepKind::chain);
  if (objection == nullptr) return {StepKind::chain, path, {}};
  const auto kind = meaning_of(objection->code).kind;
  if (kind == PkiFailureKind::chain_too_long)
    return {StepKind::chain, "",
            failure(kind,
                    "more than " + std::to_string(chain_depth_maximum) + " CAs between the certificate and its root")};
  const auto& last = chain.path.empty() ? objection->issuer : chain.path.back().issuer();
  return {
      StepKind::chain, "",
      failure(kind, "unknown CA " + last + ": it is not among those that are trusted (" + words_of(*objection) + ")")};
}

Judgement judge_signatures(const Chain& chain, const Trust& trust) {
  for (const auto& certificate : chain.path) {
    if (std::ranges::find(trust.anchors(), certificate) != trust.anchors().end())
      continue;  // believed without a signature
    if (auto counts = check_digest(certificate, trust.allow_legacy()); !counts)
      return {StepKind::signature, "",
              failure(PkiFailureKind::weak_digest, certificate.subject() + " is " + counts.error().text)};
  }
  if (const auto* objection = objection_of(chain, StepKind::signature))
    return {StepKind::signature, "",
            failure(PkiFailureKind::bad_signature,
                    "the certificate of " + objection->subject + " is not what " + objection->issuer + " signed")};
  return {StepKind::signature,
          "signed by " + (chain.path.empty() ? std::string("nobody") : chain.path.front().issuer()) + " with " +
              (chain.path.empty() ? std::string() : chain.path.front().signature_digest()),
          {}};
}

Judgement judge_dates(const Chain& chain, const Certificate& leaf, WallTime now) {
  const auto validity = "valid from " + date(leaf.not_before()) + " to " + date(leaf.not_after());
  const auto* objection = objection_of(chain, StepKind::dates);
  if (objection == nullptr) return {StepKind::dates, validity + ", " + span_text(leaf.not_after() - now) + " left", {}};
  const auto kind = meaning_of(objection->code).kind;
  const auto at = std::ranges::find(chain.path, objection->serial, &Certificate::serial);
  const auto& certificate = at == chain.path.end() ? leaf : *at;
  return {
      StepKind::dates, "",
      failure(kind, "the certificate of " + certificate.subject() +
                        (kind == PkiFailureKind::expired ? " expired at " + date(certificate.not_after())
                                                         : " is not valid before " + date(certificate.not_before())))};
}

namespace {
// RFC 4945, 5.1.3.2 and 5.1.3.12; certificates for TLS are common in use and harmless here.
std::optional<std::string> usage_objection(X509* leaf) {
  const auto flags = X509_get_extension_flags(leaf);
  if ((flags & EXFLAG_INVALID) != 0) return "has extensions that cannot be read";
  if ((flags & EXFLAG_KUSAGE) != 0 && (X509_get_key_usage(leaf) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
    return "is not for signatures (its key usage lacks digitalSignature)";
  if ((flags & EXFLAG_XKUSAGE) == 0) return std::nullopt;
  static constexpr std::array allowed = {NID_anyExtendedKeyUsage, NID_ipsec_IKE,   NID_ipsecEndSystem, NID_ipsecTunnel,
                                         NID_ipsecUser,           NID_server_auth, NID_client_auth};
  using UsagePtr = std::unique_ptr<EXTENDED_KEY_USAGE, FreeBy<EXTENDED_KEY_USAGE_free>>;
  const UsagePtr usage(static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(leaf, NID_ext_key_usage, nullptr, nullptr)));
  for (int i = 0; usage && i < sk_ASN1_OBJECT_num(usage.get()); ++i)
    if (std::ranges::find(allowed, OBJ_obj2nid(sk_ASN1_OBJECT_value(usage.get(), i))) != allowed.end())
      return std::nullopt;
  return "is not for IKE (its extended key usage names other purposes only)";
}
}  // namespace

Judgement judge_usage(const Chain& chain, const Certificate& leaf) {
  if (const auto* objection = objection_of(chain, StepKind::usage)) {
    const auto kind = meaning_of(objection->code).kind;
    return {
        StepKind::usage, "",
        failure(kind, kind == PkiFailureKind::name_constraint
                          ? "a CA of " + leaf.subject() + " may not certify its names (" + words_of(*objection) + ")"
                          : "the certificate of " + objection->subject + " is not for this use (" +
                                words_of(*objection) + ")")};
  }
  if (const auto wrong = usage_objection(leaf.native()))
    return {StepKind::usage, "",
            failure(PkiFailureKind::bad_usage, "the certificate of " + leaf.subject() + " " + *wrong)};
  return {StepKind::usage, "signatures of IKE", {}};
}

namespace {
bool is_forged_list(int code) {
  return code == X509_V_ERR_CRL_SIGNATURE_FAILURE || code == X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE ||
         code == X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER || code == X509_V_ERR_KEYUSAGE_NO_CRL_SIGN ||
         code == X509_V_ERR_CRL_PATH_VALIDATION_ERROR;
}

// That nothing is known of the revocation of a certificate, from this depth on. An anchor is believed in itself: what
// its own list would say of it does not count (RFC 5280, 6.1), though OpenSSL looks for it.
const ChainObjection* first_unknown(const Chain& chain, const Trust& trust, int depth) {
  const auto last = static_cast<int>(chain.path.size()) - 1;
  const bool anchored = last > 0 && std::ranges::find(trust.anchors(), chain.path.back()) != trust.anchors().end();
  const auto is_of_kind = [&](const ChainObjection& objection) {
    return meaning_of(objection.code).kind == PkiFailureKind::crl_unavailable && objection.depth >= depth &&
           (!anchored || objection.depth < last);
  };
  const auto found = std::ranges::find_if(chain.objections, is_of_kind);
  return found == chain.objections.end() ? nullptr : &*found;
}

// A list that its CA did not sign revokes nobody: OpenSSL goes on after that objection, so we must not.
const ChainObjection* first_revoked(const Chain& chain) {
  const auto forged_at = [&](int depth) {
    return std::ranges::any_of(chain.objections, [&](const ChainObjection& objection) {
      return objection.depth == depth && is_forged_list(objection.code);
    });
  };
  const auto is_revoked = [&](const ChainObjection& objection) {
    return objection.code == X509_V_ERR_CERT_REVOKED && !forged_at(objection.depth);
  };
  const auto found = std::ranges::find_if(chain.objections, is_revoked);
  return found == chain.objections.end() ? nullptr : &*found;
}

std::string unavailable_text(const ChainObjection& objection) {
  if (objection.code == X509_V_ERR_UNABLE_TO_GET_CRL) return "no CRL of " + objection.issuer;
  if (objection.code == X509_V_ERR_CRL_HAS_EXPIRED)
    return "the CRL of " + objection.issuer + (objection.crl_date ? " of " + date(*objection.crl_date) : "") +
           " is out of date";
  return "the CRL of " + objection.issuer + " cannot be used (" + words_of(objection) + ")";
}

// The newest CRL of the leaf's issuer that is in use.
std::string crl_age(const Trust& trust, const Certificate& leaf, WallTime now) {
  const Crl* newest = nullptr;
  for (const auto& crl : trust.crls())
    if (crl.issuer_der() == leaf.issuer_der() && (newest == nullptr || crl.this_update() > newest->this_update()))
      newest = &crl;
  if (newest == nullptr) return "not revoked";
  auto text = "not on the CRL of " + date(newest->this_update()) + ", which is " +
              span_text(now - newest->this_update()) + " old";
  if (const auto next = newest->next_update()) text += "; the next is due " + date(*next);
  return text;
}
}  // namespace

Judgement judge_revocation(const Chain& chain, const Trust& trust, const Certificate& leaf, WallTime now) {
  if (const auto* revoked = first_revoked(chain))
    return {StepKind::revocation, "",
            failure(PkiFailureKind::revoked,
                    "the certificate of " + revoked->subject + ", serial " + revoked->serial + ", is revoked" +
                        (revoked->crl_date ? " by the CRL of " + date(*revoked->crl_date) : ""))};
  const auto* answer = trust.ocsp(leaf.fingerprint());
  const bool answered = answer != nullptr && now <= answer->next_update;
  if (answered && answer->revoked)
    return {
        StepKind::revocation, "",
        failure(PkiFailureKind::revoked, "the certificate of " + leaf.subject() + ", serial " + leaf.serial() +
                                             ", is revoked, said its OCSP responder at " + date(answer->this_update))};
  // The answer is about the leaf alone; the CAs above it have their CRLs.
  const auto* unavailable = first_unknown(chain, trust, answered ? 1 : 0);
  if (unavailable == nullptr && answered)
    return {StepKind::revocation, "not revoked, said its OCSP responder at " + date(answer->this_update), {}};
  if (unavailable == nullptr) return {StepKind::revocation, crl_age(trust, leaf, now), {}};
  const auto text = unavailable_text(*unavailable);
  if (trust.revocation() == Revocation::tolerant)
    return {StepKind::revocation, text + " (revocation: tolerant)", {}, true};
  return {StepKind::revocation, "", failure(PkiFailureKind::crl_unavailable, text + " (revocation: strict)")};
}

Judgement judge_identity(const Certificate& leaf, const Identity& claimed, const std::optional<Identity>& expected) {
  const auto names = names_text(leaf);
  const auto mismatch = [&](const std::string& wanted, const std::string& found, std::string text) {
    return Judgement{StepKind::identity, "",
                     PkiFailure{PkiFailureKind::identity_mismatch, std::move(text), wanted, found}};
  };
  // What it says and what is expected may be two names of its certificate: the CA says that they are the same host.
  if (expected && !same_identity(*expected, claimed) && !has_name(leaf, *expected))
    return mismatch(
        expected->to_string(), names,
        "the peer says it is \"" + claimed.to_string() + "\", expected is \"" + expected->to_string() + "\"");
  if (!has_name(leaf, claimed))
    return mismatch(claimed.to_string(), names,
                    "the peer says it is \"" + claimed.to_string() + "\", its certificate is for \"" + names + "\"");
  return {StepKind::identity, "\"" + claimed.to_string() + "\" is in \"" + names + "\"", {}};
}

}  // namespace ipsec9000::pki
