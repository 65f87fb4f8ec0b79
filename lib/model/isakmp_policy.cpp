#include "model/isakmp_policy.hpp"

#include "model/json_codec.hpp"

namespace ipsec9000 {

std::string to_string(AuthenticationMethod method) {
  switch (method) {
    case AuthenticationMethod::psk:
      return "psk";
    case AuthenticationMethod::rsa_signature:
      return "rsa-signature";
    case AuthenticationMethod::ecdsa_signature:
      return "ecdsa-signature";
  }
  return "";
}

namespace codec {
template <>
struct Text<AuthenticationMethod> {
  static std::string show(const AuthenticationMethod& method) { return to_string(method); }
  static Result<AuthenticationMethod> parse(std::string_view text) {
    if (text == "psk") return AuthenticationMethod::psk;
    if (text == "rsa-signature") return AuthenticationMethod::rsa_signature;
    if (text == "ecdsa-signature") return AuthenticationMethod::ecdsa_signature;
    return expected("psk, rsa-signature or ecdsa-signature");
  }
};
template <>
struct Fields<IsakmpPolicy> {
  static constexpr auto list = std::tuple{field("name", &IsakmpPolicy::name),
                                          field("place", &IsakmpPolicy::place),
                                          field("remote", &IsakmpPolicy::remote),
                                          field("authentication", &IsakmpPolicy::authentication),
                                          optional_field("aggressive", &IsakmpPolicy::aggressive),
                                          field("proposals", &IsakmpPolicy::proposals),
                                          field("lifetime", &IsakmpPolicy::lifetime),
                                          field("max_quick_modes", &IsakmpPolicy::max_quick_modes),
                                          field("local_id", &IsakmpPolicy::local_id),
                                          field("remote_id", &IsakmpPolicy::remote_id)};
};
}  // namespace codec

const IsakmpPolicy* select_isakmp_policy(const std::vector<IsakmpPolicy>& policies, const IpAddress& remote) {
  for (const auto& policy : policies)
    if (policy.matches(remote)) return &policy;
  return nullptr;
}

Json to_json(const IsakmpPolicy& policy) { return codec::encode(policy); }
Result<IsakmpPolicy> isakmp_policy_from_json(const Json& json) { return codec::decode<IsakmpPolicy>(json); }

}  // namespace ipsec9000
