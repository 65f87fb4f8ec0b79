#include "cli/ipsec_mgr/screen/daemon_backend.hpp"

#include <nlohmann/json.hpp>

#include "cli/common/open_store.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/certificate_call.hpp"
#include "cli/ipsec_mgr/operations.hpp"
#include "policy/parse.hpp"

namespace ipsec9000::screen {

namespace {
constexpr Duration long_patience = seconds(60);  // comparing and loading very many policies

cli::PasswordSource source_of(const Secret* password) {
  return [password]() -> Result<Secret> {
    if (password == nullptr) return Error{ErrorCode::not_permitted, "the key store is locked"};
    return password->clone();
  };
}
}  // namespace

Result<std::string> DaemonBackend::configuration() {
  std::error_code failure;
  const auto file = context_.paths.configuration();
  if (!std::filesystem::exists(file, failure)) return Error{ErrorCode::not_found, file.string() + " is not there"};
  return read_file(file, maximum_configuration_bytes);
}

Result<std::vector<std::string>> DaemonBackend::edit(const std::vector<Edit>& edits, const std::string& revision) {
  const auto answer = cli::carry_out_edits(context_, edits, revision);
  if (!answer) return answer.error();
  return cli::texts_of(*answer, "warnings");
}

Result<Json> DaemonBackend::difference() {
  return daemons_.call("secpolicyd", "policy.diff", Json::object(), long_patience);
}

Result<void> DaemonBackend::apply(const std::string& revision) {
  std::string warning;  // about the next boot; ipsec_admin -status tells it too
  const auto done = cli::load_configuration_into_force(context_, revision, warning);
  return done ? Result<void>() : done.error();
}

Result<Json> DaemonBackend::call(const std::string& daemon, const std::string& method, const Json& params) {
  return method == "ike.delete" ? daemons_.call(daemon, method, params, cli::telling_patience)
                                : daemons_.call(daemon, method, params);
}

Result<std::vector<Json>> DaemonBackend::list(const std::string& daemon, const std::string& method,
                                              std::size_t maximum) {
  std::vector<Json> items;
  const auto listed = daemons_.pages(daemon, method, Json::object(), [&](const Json& item) -> Result<void> {
    if (items.size() >= maximum) return Error{ErrorCode::refused, "more than can be shown"};
    items.push_back(item);
    return {};
  });
  if (!listed && items.size() < maximum) return listed.error();
  return items;
}

bool DaemonBackend::has_password() const { return Keystore::exists(context_.paths.keystore()); }

Result<void> DaemonBackend::set_first_password(const Secret& password) { return cli::create_store(context_, password); }

Result<Json> DaemonBackend::keys(const Secret* password) { return cli::list_keys(context_, source_of(password)); }

Result<void> DaemonBackend::set_key(const std::string& remote, const Secret& key, const Secret& password) {
  return cli::store_key(context_, remote, key, password);
}

Result<void> DaemonBackend::delete_key(const std::string& remote, const Secret& password) {
  return cli::erase_key(context_, remote, password);
}

Result<Json> DaemonBackend::certificate_call(const std::string& method, Json params, const Secret* password) {
  return cli::certificate_call(context_, method, std::move(params), source_of(password));
}

Result<std::string> DaemonBackend::set_bootup(bool on, const Secret& password) {
  const auto change = cli::change_bootup(context_, on, password);
  if (!change) return change.error();
  return change->obstacle ? std::string(sentence(*change->obstacle)) : std::string();
}

}  // namespace ipsec9000::screen
