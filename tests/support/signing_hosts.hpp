// Two hosts that prove themselves with certificates of one CA.
#pragma once
#include "support/certificates.hpp"
#include "support/ike_network.hpp"

namespace ipsec9000::test {

inline pki::Certificate certificate_of(const Issued& issued) { return *pki::Certificate::parse(issued.der()); }

// What a host has: its certificate with key and intermediates, and whom it believes.
inline std::shared_ptr<const pki::Credentials> identity_of(const Issued& own, const std::vector<Issued>& chain,
                                                           pki::TrustContents trust) {
  pki::Credentials made;
  std::vector<pki::Certificate> above;
  for (const auto& each : chain) above.push_back(certificate_of(each));
  made.own.push_back({"own", certificate_of(own), above, *pki::PrivateKey::parse(own.key_der())});
  made.trust = std::make_shared<const pki::Trust>(std::move(trust));
  return std::make_shared<const pki::Credentials>(std::move(made));
}

inline pki::TrustContents trusting(const Issued& root) {
  pki::TrustContents trust;
  trust.anchors = {certificate_of(root)};
  return trust;
}

struct SigningHosts : TwoHosts {
  explicit SigningHosts(const std::string& key = "P-256", ike::Limits limits = {}) : TwoHosts(1, limits) {
    policy.authentication =
        key.starts_with("RSA") ? AuthenticationMethod::rsa_signature : AuthenticationMethod::ecdsa_signature;
    configure();
    cert_a = issue({.subject = "O=Example, CN=a", .alternative_names = "IP:10.1.0.1", .key = test_key(key, 1)}, &ca);
    cert_b = issue({.subject = "O=Example, CN=b", .alternative_names = "IP:10.1.0.2", .key = test_key(key, 2)}, &ca);
    a.identity = identity_of(cert_a, {}, trusting(ca));
    b.identity = identity_of(cert_b, {}, trusting(ca));
  }
  void configure() {
    a.engine.configure({policy});
    b.engine.configure({policy});
  }
  // b shows this instead.
  void show(const Issued& other) { b.identity = identity_of(other, {}, trusting(ca)); }
  bool absent() const {
    return a.sas.empty() && b.sas.empty() && a.engine.isakmp_sas(network.now).empty() &&
           b.engine.isakmp_sas(network.now).empty();
  }

  Issued ca = root();
  Issued cert_a, cert_b;
  IsakmpPolicy policy = usual_isakmp_policy();
};

}  // namespace ipsec9000::test
