// The verbs cert, ca and crl of ipsec_mgr, done by ikpmd while it runs and by the tool itself while it does not: the
// same functions, so that the two cannot differ. They read and write files and take their time: not for an event loop.
#pragma once
#include <optional>
#include <string_view>

#include "base/json_fwd.hpp"
#include "base/result.hpp"
#include "certstore/snapshot.hpp"
#include "keystore/keystore.hpp"

namespace ipsec9000 {

struct CertificateTask {
  const CertificateStore& store;
  TrustRules rules;
  WallTime now;
  Keystore* keys = nullptr;  // open; needed where needs_keys says so
};

// Whether the method is one of these at all, and whether it reads or writes private keys.
bool is_certificate_method(std::string_view method);
bool needs_keys(std::string_view method);
bool changes_certificates(std::string_view method);
std::vector<std::string_view> certificate_methods();

// `params` and the answer are those of ipsec9000-rpc(7), without the password.
Result<Json> perform(const CertificateTask& task, std::string_view method, const Json& params);

}  // namespace ipsec9000
