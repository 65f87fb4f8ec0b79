// The client of a CA's management protocol CMP (RFC 4210, in the profile of RFC 9483): a first certificate by a shared
// secret (ir), and a new key with a new certificate by the one that is there (kur). OpenSSL does the protocol. Blocks.
#pragma once
#include <string>
#include <vector>

#include "base/json_fwd.hpp"
#include "base/secret.hpp"
#include "pki/certificate.hpp"
#include "pki/private_key.hpp"

struct ossl_cmp_ctx_st;

namespace ipsec9000::fetch {

struct Enrolled {
  pki::Certificate certificate;
  pki::PrivateKey key;
  std::vector<pki::Certificate> others;  // CAs that came with it; of enrol() the roots too, vouched for by the secret
};

struct Enrolment {
  std::string url;        // http://host:port/path
  std::string reference;  // what the CA calls the secret
  Secret secret;
  std::string subject;          // "C=DE, CN=host"
  std::vector<Identity> names;  // for the subjectAltName: addresses, host names, mail addresses
  pki::PrivateKey key;          // the new one
};

struct Renewal {
  std::string url;
  pki::Certificate certificate;  // which is to be followed by another
  pki::PrivateKey key;           // its key
  pki::PrivateKey new_key;
  std::vector<pki::Certificate> helpers;  // CAs over it
  std::vector<pki::Certificate> trusted;  // CAs, one of which the answer must come from
};

// io or timed_out: no answer; refused: the CA says no, and the text has its words, or its answer proves nothing.
// `adjust` is called with OpenSSL's context before it is used: for tests, which have their server in the same process.
using Adjust = void (*)(ossl_cmp_ctx_st*, void*);
Result<Enrolled> enrol(const Enrolment& enrolment, Adjust adjust = nullptr, void* adjust_argument = nullptr);
Result<Enrolled> renew(const Renewal& renewal, Adjust adjust = nullptr, void* adjust_argument = nullptr);

// Between a daemon and its child: the request in JSON, with the new key still to be made (of the kind and size of the
// old one), and as its answer PKCS#8 of the new key and the certificates, in JSON as well.
Json to_json(const std::string& url, const pki::Certificate& certificate, const pki::PrivateKey& key,
             const std::vector<pki::Certificate>& helpers, const std::vector<pki::Certificate>& trusted);
Result<Bytes> renew(const Json& request);
Result<Enrolled> enrolled_from(ByteView answer);

}  // namespace ipsec9000::fetch
