// cert.check: the judgement of a negotiation, without one.
#include "certstore/describe.hpp"
#include "certstore/methods.hpp"

namespace ipsec9000::certstore {

namespace {
Identity showing_name(const pki::Certificate& certificate) {
  for (const auto& name : certificate.names())
    if (name.type != IdType::der_dn) return name;
  return certificate.names().empty() ? Identity{} : certificate.names().front();
}

// As a peer with our own trust would see it.
Json check_own(const Task& task, const CertificateContents& contents, const pki::Trust& trust) {
  Json checked = Json::array();
  for (const auto& entry : contents.entries) {
    if (entry.kind != EntryKind::own) continue;
    std::vector<Bytes> sent{to_bytes(entry.certificate.der())};
    for (const auto& ca : chain_of(contents, entry.certificate)) sent.push_back(to_bytes(ca.der()));
    auto verdict = describe(pki::validate(trust, sent, showing_name(entry.certificate), std::nullopt, task.now));
    verdict["name"] = entry.name;
    checked.push_back(std::move(verdict));
  }
  return checked;
}
}  // namespace

Result<Json> cert_check(const Task& task, const Json& params) {
  const auto contents = task.store.load();
  if (!contents) return contents.error();
  const pki::Trust trust(trust_of(*contents, task.rules));
  const auto remote = optional_text(params, "remote");
  if (remote.empty()) {
    auto checked = check_own(task, *contents, trust);
    if (checked.empty())
      return Error{ErrorCode::not_found, "No local certificate available (ipsec_mgr cert request, cert import)"};
    return Json{{"items", std::move(checked)}};
  }
  const auto identity = Identity::parse(remote);
  if (!identity) return identity.error();
  std::vector<Bytes> sent;
  if (params.contains("data_hex")) {
    const auto bundle = bundle_of(params);
    if (!bundle) return bundle.error();
    for (const auto& certificate : bundle->certificates) sent.push_back(to_bytes(certificate.der()));
  }
  auto verdict = describe(pki::validate(trust, sent, *identity, std::nullopt, task.now));
  verdict["name"] = remote;
  return Json{{"items", Json::array({std::move(verdict)})}};
}

}  // namespace ipsec9000::certstore
