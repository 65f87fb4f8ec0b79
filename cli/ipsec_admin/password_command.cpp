#include <unistd.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/common/daemons.hpp"
#include "cli/common/open_store.hpp"
#include "cli/common/password.hpp"
#include "cli/common/secret_params.hpp"
#include "cli/ipsec_admin/commands.hpp"

namespace ipsec9000::cli {

namespace {
Result<Secret> new_password(const Context& context) {
  if (const auto file = context.arguments.value("new-password-file")) {
    auto password = read_password_file(*file);
    if (!password) return password;
    if (auto checked = check_new_password(*password); !checked) return checked.error();
    return password;
  }
  auto first = ask_password("New IPSec password: ");
  if (!first) return first;
  if (auto checked = check_new_password(*first); !checked) return checked.error();
  const auto second = ask_password("New IPSec password again: ");
  if (!second) return second.error();
  if (!equal_constant_time(first->view(), second->view()))
    return Error{ErrorCode::invalid_input, "the two new passwords differ"};
  return first;
}

// ikpmd changes the store itself when it runs, so that it audits and slows down wrong passwords.
Result<void> change(const Context& context, const Secret& old_password, const Secret& password) {
  Daemons daemons(context.paths, seconds(30));
  const SecretParams params(Json{{"old", as_text(old_password)}, {"new", as_text(password)}});
  const auto answer = daemons.call("ikpmd", "keystore.change_password", params.json);
  if (answer) return {};
  if (answer.error().code != ErrorCode::not_running) return answer.error();
  auto store = open_store(context, old_password);
  if (!store) return store.error();
  return store->change_password(old_password, password);
}
}  // namespace

int admin_newpasswd(Context& context) {
  const bool exists = Keystore::exists(context.paths.keystore());
  Result<Secret> old_password = exists ? context.password("IPSec password: ") : Result<Secret>(Secret());
  if (!old_password) return context.fail("reading the old password", old_password.error());
  const auto password = new_password(context);
  if (!password) return context.fail("reading the new password", password.error());
  const auto done = exists ? change(context, *old_password, *password) : create_store(context, *password);
  if (!done) return context.fail(exists ? "changing the password" : "setting the password", done.error());
  if (context.json)
    context.out << Json{{exists ? "changed" : "created", true}}.dump() << "\n";
  else
    context.out << (exists ? "IPSec password changed\n" : "IPSec password set\n");
  return 0;
}

}  // namespace ipsec9000::cli
