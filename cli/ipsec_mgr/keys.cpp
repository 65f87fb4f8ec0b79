#include <nlohmann/json.hpp>
#include <ostream>

#include "base/clock.hpp"
#include "cli/common/daemons.hpp"
#include "cli/common/open_store.hpp"
#include "cli/common/password.hpp"
#include "cli/common/secret_params.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/operations.hpp"
#include "cli/ipsec_mgr/verbs.hpp"

namespace ipsec9000::cli {

namespace {
constexpr std::size_t key_text_maximum = 4096;

std::string_view as_view(const Secret& secret) {
  return {reinterpret_cast<const char*>(secret.view().data()), secret.size()};
}

Result<PreSharedKey> typed_key() {
  const auto first = ask_password("Pre-shared key: ");
  if (!first) return first.error();
  auto key = parse_pre_shared_key(as_view(*first));
  if (!key) return key;
  const auto second = ask_password("Pre-shared key again: ");
  if (!second) return second.error();
  if (!equal_constant_time(first->view(), second->view()))
    return Error{ErrorCode::invalid_input, "the two keys differ"};
  return key;
}

Result<PreSharedKey> key_of(const Context& context) {
  const auto file = context.arguments.value("file");
  if (!file) return typed_key();
  const auto text = read_secret_file(*file, key_text_maximum, Privacy::advised);
  if (!text) return text.error();
  return parse_pre_shared_key(as_view(*text));
}

Result<Secret> store_password(const Context& context) {
  if (!Keystore::exists(context.paths.keystore()))
    return Error{ErrorCode::not_permitted, "no IPSec password has been set; use ipsec_admin -newpasswd first"};
  return context.password("IPSec password: ");
}

Json as_items(const std::vector<KeySummary>& keys) {
  Json items = Json::array();
  for (const auto& key : keys)
    items.push_back(Json{{"remote", key.name},
                         {"kind", std::string(to_string(key.kind))},
                         {"length", key.length},
                         {"set_at", to_rfc3339(key.set_at)}});
  return items;
}

// From the file itself. Reading it is safe also while ikpmd runs: it is only ever replaced as a whole.
Result<Json> list_directly(const Context& context, const PasswordSource& ask) {
  const auto password = ask();
  if (!password) return password.error();
  const auto store = open_store(context, *password);
  if (!store) return store.error();
  return as_items(store->list());
}

Result<Json> list_from_daemon(const Context& context, Daemons& daemons, const PasswordSource& ask) {
  Json items = Json::array();
  const auto listed = daemons.pages("ikpmd", "key.list", Json::object(), [&](const Json& item) -> Result<void> {
    items.push_back(item);
    return {};
  });
  if (listed) return items;
  const bool locked = listed.error().code == ErrorCode::not_permitted;  // it has not been given the password yet
  return locked ? list_directly(context, ask) : listed.error();
}

int done(const Context& context, const char* what, const std::string& remote, const std::string& sentence) {
  if (context.json)
    context.out << Json{{what, remote}}.dump() << "\n";
  else
    context.out << sentence << "\n";
  return 0;
}
}  // namespace

Result<Json> list_keys(const Context& context, const PasswordSource& password) {
  Daemons daemons(context.paths, seconds(30));
  const bool asks_daemon = daemons.state("ikpmd") != DaemonState::not_running;
  return asks_daemon ? list_from_daemon(context, daemons, password) : list_directly(context, password);
}

Result<void> store_key(const Context& context, const std::string& remote, const Secret& key, const Secret& password) {
  {
    Daemons daemons(context.paths, seconds(30));
    const SecretParams params(
        Json{{"remote", remote}, {"key_hex", to_hex(key.view())}, {"password", as_text(password)}});
    const auto answer = daemons.call("ikpmd", "key.set", params.json);
    if (answer) return {};
    if (answer.error().code != ErrorCode::not_running) return answer.error();
  }
  auto store = open_store(context, password);
  if (!store) return store.error();
  return store->set(KeyEntry{KeyKind::psk, remote, key.clone(), wall_now()});
}

Result<void> erase_key(const Context& context, const std::string& remote, const Secret& password) {
  {
    Daemons daemons(context.paths, seconds(30));
    const SecretParams params(Json{{"remote", remote}, {"password", as_text(password)}});
    const auto answer = daemons.call("ikpmd", "key.delete", params.json);
    if (answer) return {};
    if (answer.error().code != ErrorCode::not_running) return answer.error();
  }
  auto store = open_store(context, password);
  if (!store) return store.error();
  return store->erase(KeyKind::psk, remote);
}

int mgr_key_set(Context& context, const VerbArguments& arguments) {
  const auto remote = normal_remote_name(arguments[0]);
  if (!remote) return context.fail("key set", remote.error());
  const auto password = store_password(context);
  if (!password) return context.fail("reading the password", password.error());
  auto key = key_of(context);
  if (!key) return context.fail("reading the key", key.error());
  if (!key->warning.empty()) context.err << context.tool.name << ": warning: " << key->warning << "\n";

  const auto stored = store_key(context, *remote, key->secret, *password);
  if (!stored) return context.fail(daemon_failure("storing the key for " + *remote, stored.error()));
  return done(context, "set", *remote, "Pre-shared key set for " + *remote);
}

int mgr_key_list(Context& context, const VerbArguments&) {
  const auto items = list_keys(context, [&] { return store_password(context); });
  if (!items) return context.fail(daemon_failure("listing the keys", items.error()));
  if (context.json) {
    context.out << Json{{"keys", *items}}.dump(2) << "\n";
    return 0;
  }
  for (const auto& item : *items)
    context.out << "Remote: " << text_of(item, "remote") << "     Kind: " << text_of(item, "kind")
                << "     Length: " << text_of(item, "length") << " bytes     Set: " << text_of(item, "set_at") << "\n";
  if (items->empty()) context.out << "No keys\n";
  return 0;
}

int mgr_key_delete(Context& context, const VerbArguments& arguments) {
  const auto remote = normal_remote_name(arguments[0]);
  if (!remote) return context.fail("key delete", remote.error());
  const auto password = store_password(context);
  if (!password) return context.fail("reading the password", password.error());
  const auto erased = erase_key(context, *remote, *password);
  if (!erased) return context.fail(daemon_failure("deleting the key for " + *remote, erased.error()));
  return done(context, "deleted", *remote, "Pre-shared key deleted for " + *remote);
}

}  // namespace ipsec9000::cli
