#include "ike/authentication.hpp"

#include "base/secret.hpp"
#include "ike/phase1_parts.hpp"
#include "ike/signatures.hpp"

namespace ipsec9000::ike {

namespace {
class PreSharedKeys final : public Authentication {
 public:
  std::optional<Refusal> lacks(const phase1::Context& context) const override {
    if (key(context) != nullptr) return std::nullopt;
    Refusal refusal;
    refusal.event = &audit::no_preshared_key;
    refusal.reason = "no-preshared-key";
    refusal.fatal = true;
    return refusal;
  }
  Secret skeyid(const phase1::Context& context, HashAlgorithm hash, ByteView ni, ByteView nr,
                const Secret&) const override {
    return skeyid_from_pre_shared_key(hash, *key(context), ni, nr);
  }
  Identity our_identity(const phase1::Context& context) const override {
    return context.policy.local_id.value_or(Identity::of(context.local.address));
  }
  Payloads requests(const phase1::Context&) const override { return {}; }
  Proving prove(const phase1::Context&, const Bytes& hash) const override { return Payloads{wire::Hash{hash}}; }
  Payloads signed_proof(const phase1::Context&, const SignOutcome&) const override { return {}; }
  Checking check(const phase1::Context& context, const phase1::AuthMessage& message, const Bytes& hash) const override {
    if (message.hash.empty()) return unreadable({ErrorCode::invalid_input, "no HASH payload in it"});
    if (!equal_constant_time(hash, message.hash))
      return phase1::authentication_refused("its HASH does not verify: the two hosts have different pre-shared keys",
                                            {"pre-shared key", "", ""});
    if (auto refusal = phase1::check_identity(message.id, context)) {
      refusal->in_private = std::make_shared<const Channel>(message.next);
      refusal->fatal = true;  // it has the key, so it is what the peer says
      return std::move(*refusal);
    }
    return phase1::identity_from(message.id);
  }
  Refusal unreadable(const Error& error) const override {
    return phase1::authentication_refused(
        "its message cannot be decrypted (" + error.text + "): the two hosts have different pre-shared keys",
        {"pre-shared key", "", ""});
  }
  std::string_view doubt() const override { return ": the pre-shared keys may differ"; }
  bool keys_before_proof() const override { return false; }

 private:
  static const Secret* key(const phase1::Context& context) {
    return context.credentials.pre_shared_key(context.remote.address, context.policy.remote_id);
  }
};
}  // namespace

const Authentication& authentication_of(AuthenticationMethod method) {
  static const PreSharedKeys keys;
  return method == AuthenticationMethod::psk ? static_cast<const Authentication&>(keys) : signatures();
}

std::uint16_t method_number(const phase1::Context& context) {
  std::optional<pki::PublicKeyKind> key;
  const auto kinds = key_kinds(context.policy.authentication);
  if (!kinds.empty()) key = context.own != nullptr ? context.own->key.kind() : kinds.front();
  const auto* method = find_method(context.policy.authentication, key);
  return method != nullptr ? method->number : std::uint16_t{0};
}

}  // namespace ipsec9000::ike
