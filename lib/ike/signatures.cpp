#include "ike/signatures.hpp"

#include "ike/phase1_parts.hpp"
#include "pki/identities.hpp"

namespace ipsec9000::ike {

namespace {
constexpr std::size_t most_requests = 8;  // then we ask for whatever there is

class Signatures final : public Authentication {
 public:
  std::optional<Refusal> lacks(const phase1::Context& context) const override {
    if (context.own != nullptr) return std::nullopt;
    Refusal refusal;
    refusal.event = &audit::no_local_certificate;
    const auto own = context.credentials.own_certificate(context.policy, context.local.address, {});
    if (!own) refusal.fields = {{"reason", own.error().text}};
    refusal.reason = "no-local-certificate";
    refusal.difference.attribute = "certificate";
    refusal.notify = wire::notify::certificate_unavailable;
    refusal.fatal = true;
    return refusal;
  }
  Secret skeyid(const phase1::Context&, HashAlgorithm hash, ByteView ni, ByteView nr,
                const Secret& shared) const override {
    return skeyid_from_signatures(hash, ni, nr, shared);
  }
  Identity our_identity(const phase1::Context& context) const override {
    const auto& own = context.own->certificate;
    if (context.policy.local_id) {
      for (const auto& name : own.names())  // a DN as the certificate spells it: not every peer compares as we do
        if (pki::same_identity(name, *context.policy.local_id)) return name;
      return *context.policy.local_id;
    }
    auto address = Identity::of(context.local.address);
    if (pki::has_name(own, address) || own.names().empty()) return address;
    return own.names().front();
  }
  Payloads requests(const phase1::Context& context) const override {
    const auto names = context.credentials.trust()->anchor_names();
    if (names.empty() || names.size() > most_requests)
      return {wire::CertificateRequest{wire::encoding::x509_signature, {}}};  // any authority
    Payloads payloads;
    for (const auto& name : names)
      payloads.emplace_back(wire::CertificateRequest{wire::encoding::x509_signature, name});
    return payloads;
  }
  Proving prove(const phase1::Context& context, const Bytes& hash) const override {
    return SignJob{context.own->key, hash};
  }
  // Certificates go whether they were asked for or not: the peer may have asked in words that we do not know.
  Payloads signed_proof(const phase1::Context& context, const SignOutcome& outcome) const override {
    Payloads payloads;
    const auto add = [&](const pki::Certificate& certificate) {
      payloads.emplace_back(wire::Certificate{wire::encoding::x509_signature, to_bytes(certificate.der())});
    };
    add(context.own->certificate);
    for (const auto& intermediate : context.own->chain) add(intermediate);
    payloads.emplace_back(wire::Signature{outcome.signature});
    return payloads;
  }
  Checking check(const phase1::Context& context, const phase1::AuthMessage& message, const Bytes& hash) const override {
    if (message.signature.empty()) return unreadable({ErrorCode::invalid_input, "no SIG payload in it"});
    if (message.certificates.size() > most_certificates)
      return bad_packet(std::to_string(message.certificates.size()) + " CERT payloads (" +
                        std::to_string(most_certificates) + " are allowed)");
    VerifyJob job;
    job.trust = context.credentials.trust();
    job.sent = message.certificates;
    job.claimed = phase1::identity_from(message.id);
    job.expected = phase1::expected_identity(context);
    job.key = context.own->key.kind();
    job.hash = hash;
    job.signature = message.signature;
    return job;
  }
  Refusal unreadable(const Error& error) const override {
    return bad_packet("its proof of identity cannot be read: " + error.text);
  }
  std::string_view doubt() const override { return ""; }
  bool keys_before_proof() const override { return true; }
};

}  // namespace

const Authentication& signatures() {
  static const Signatures strategy;
  return strategy;
}

std::shared_ptr<const pki::Credential> find_own(const IsakmpPolicy& policy, const IpAddress& local,
                                                const Credentials& credentials) {
  if (policy.authentication == AuthenticationMethod::psk) return nullptr;
  auto own = credentials.own_certificate(policy, local, {});
  return own ? std::move(*own) : nullptr;
}

}  // namespace ipsec9000::ike
