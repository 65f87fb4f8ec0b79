#include "cli/common/open_store.hpp"

#include <syslog.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "audit/record.hpp"
#include "base/clock.hpp"
#include "cli/common/daemons.hpp"
#include "cli/common/secret_params.hpp"

namespace ipsec9000::cli {

namespace {
constexpr Duration wrong_password_delay{1000};

void record_wrong_password(const Context& context) {
  auto record = make_record(audit::password_wrong, {{"program", std::string(context.tool.name)}});
  record.from = context.tool.name;
  record.time = wall_now();
  Daemons daemons(context.paths, seconds(3));
  if (daemons.call("secauditd", "audit.record", Json{{"records", Json::array({to_json(record)})}})) return;
  ::syslog(LOG_MAKEPRI(LOG_AUTHPRIV, LOG_ALERT), "%s", record.text.c_str());
}
}  // namespace

Result<Keystore> open_store(const Context& context, const Secret& password) {
  auto opened = Keystore::open(context.paths.keystore(), password);
  if (opened || opened.error().code != ErrorCode::not_permitted) return opened;
  record_wrong_password(context);
  std::this_thread::sleep_for(wrong_password_delay);
  return opened;
}

Result<void> create_store(const Context& context, const Secret& password) {
  if (auto made = make_directory(context.paths.state_directory(), 0700); !made) return made;
  const auto store = Keystore::create(context.paths.keystore(), password);
  if (!store) return store.error();
  // A running ikpmd learns of it; one that does not run learns when it starts.
  Daemons daemons(context.paths, seconds(30));
  const SecretParams params(Json{{"password", as_text(password)}});
  const auto told = daemons.call("ikpmd", "keystore.unlock", params.json);
  if (!told && told.error().code != ErrorCode::not_running) return told.error();
  return {};
}

}  // namespace ipsec9000::cli
