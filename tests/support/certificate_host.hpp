// What is at rest on a host, certificates and keys, in a directory of a test's own.
#pragma once
#include <nlohmann/json.hpp>

#include "certstore/operations.hpp"
#include "support/certificates.hpp"
#include "support/temporary_directory.hpp"

namespace ipsec9000::test {

struct CertificateHost {
  TemporaryDirectory directory;
  CertificateStore store{directory.path() / "certs"};
  Keystore keys =
      Keystore::create(directory.path() / "keystore.json", Secret("correct horse battery staple"), {1024, 8, 1})
          .value();
  TrustRules rules = {};

  Result<Json> call(const std::string& method, const Json& params = Json::object()) {
    return perform({store, rules, pki_now, &keys}, method, params);
  }
  static Json file(const Bytes& bytes) { return {{"data_hex", to_hex(bytes)}}; }
  static Json file(const std::string& text) { return {{"data_hex", to_hex(as_bytes(text))}}; }
  std::size_t count(const std::string& method) { return call(method).value()["items"].size(); }

  std::map<std::string, Secret> private_keys() const {
    std::map<std::string, Secret> all;
    for (const auto& summary : keys.list()) all.emplace(summary.name, keys.find_private_key(summary.name)->clone());
    return all;
  }
  // What is stored, as far as an import can change it.
  std::string stored() const {
    const auto contents = store.load().value();
    std::string text = write_entries(contents.entries);
    for (const auto& [id, crl] : contents.crls) text += id + crl.fingerprint();
    for (const auto& key : keys.list()) text += key.name + "\n";
    return text;
  }
};

}  // namespace ipsec9000::test
