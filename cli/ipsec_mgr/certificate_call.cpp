#include "cli/ipsec_mgr/certificate_call.hpp"

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "certstore/operations.hpp"
#include "cli/common/configuration.hpp"
#include "cli/common/daemons.hpp"
#include "cli/common/open_store.hpp"
#include "cli/common/secret_params.hpp"
#include "pki/bundle.hpp"

namespace ipsec9000::cli {

namespace {
constexpr std::size_t part_bytes = std::size_t{256} * 1024;  // of a message, which holds a megabyte
constexpr Duration certificate_patience = seconds(120);      // an RSA key of 8192 bits takes its time

TrustRules configured_rules(const Context& context) {
  const auto parsed = load_configuration(context.paths.configuration().string());
  TrustRules rules;
  if (!parsed.configuration) return rules;
  rules.allow_legacy = parsed.configuration->allow_legacy;
  if (parsed.configuration->strict_revocation) rules.revocation = pki::Revocation::strict;
  return rules;
}

// All but the last part of a large file.
Result<void> send_parts(Daemons& daemons, const std::string& method, Json& params) {
  const auto data = params.find("data_hex");
  if (data == params.end()) return {};
  auto& text = data->get_ref<std::string&>();
  std::size_t at = 0;
  for (; text.size() - at > part_bytes; at += part_bytes) {
    const SecretParams part(Json{{"data_hex", text.substr(at, part_bytes)}, {"more", true}});
    if (const auto taken = daemons.call("ikpmd", method, part.json); !taken) return taken.error();
  }
  if (at != 0) text.erase(0, at);
  return {};
}

Result<Json> ask_daemon(Daemons& daemons, const std::string& method, Json params) {
  SecretParams wiped(std::move(params));
  if (auto sent = send_parts(daemons, method, wiped.json); !sent) return sent.error();
  return daemons.call("ikpmd", method, wiped.json);
}

Result<Json> do_directly(const Context& context, const std::string& method, const Json& params,
                         const Secret& password) {
  const CertificateStore store(context.paths.certificates());
  CertificateTask task{store, configured_rules(context), wall_now()};
  if (!needs_keys(method)) return perform(task, method, params);
  auto keys = open_store(context, password);
  if (!keys) return keys.error();
  task.keys = &*keys;
  return perform(task, method, params);
}
}  // namespace

Result<Json> certificate_call(const Context& context, const std::string& method, Json params) {
  return certificate_call(context, method, std::move(params), [&] { return context.password("IPSec password: "); });
}

Result<Json> certificate_call(const Context& context, const std::string& method, Json params,
                              const PasswordSource& source) {
  Secret password;
  const SecretParams wiped(std::move(params));
  if (needs_keys(method)) {
    if (!Keystore::exists(context.paths.keystore()))
      return Error{ErrorCode::not_permitted, "no IPSec password has been set; use ipsec_admin -newpasswd first"};
    auto given = source();
    if (!given) return given.error();
    password = std::move(*given);
  }
  Daemons daemons(context.paths, certificate_patience);
  if (daemons.state("ikpmd") == DaemonState::not_running) return do_directly(context, method, wiped.json, password);
  auto asked = wiped.json;
  if (needs_keys(method)) asked["password"] = as_text(password);
  return ask_daemon(daemons, method, std::move(asked));
}

Json request_params(const std::string& name, const std::string& subject, const std::string& alternative_names) {
  Json params{{"name", name}, {"subject", subject}};
  auto names = split(alternative_names, ',');
  std::erase(names, "");
  if (!names.empty()) params["names"] = std::move(names);
  return params;
}

Result<Json> import_params(const std::string& file, const std::string& name, const std::string& key_file,
                           const Secret& file_password) {
  auto params = file_params(file);
  if (!params) return params;
  if (!name.empty()) (*params)["name"] = name;
  if (!file_password.empty()) (*params)["file_password"] = as_text(file_password);
  if (key_file.empty()) return params;
  auto key = file_as_hex(key_file);
  if (!key) return key.error();
  (*params)["key_hex"] = std::move(*key);
  return params;
}

Result<Json> file_params(const std::string& file) {
  auto data = file_as_hex(file);
  if (!data) return data.error();
  return Json{{"data_hex", std::move(*data)}};
}

Result<Json> crl_params(const std::string& file_or_url) {
  if (file_or_url.find("://") != std::string::npos) return Json{{"url", file_or_url}};
  return file_params(file_or_url);
}

Result<std::string> file_as_hex(const std::string& path) {
  auto bytes = read_file(path, pki::bundle_bytes_maximum);
  if (!bytes) return bytes.error();
  auto hex = to_hex(as_bytes(*bytes));
  wipe_memory(bytes->data(), bytes->size());
  return hex;
}

}  // namespace ipsec9000::cli
