// The daemons behind the screens.
#pragma once
#include "cli/common/daemons.hpp"
#include "cli/common/program.hpp"
#include "cli/ipsec_mgr/screen/backend.hpp"

namespace ipsec9000::screen {

class DaemonBackend final : public Backend {
 public:
  explicit DaemonBackend(const cli::Context& context) : context_(context), daemons_(context.paths, seconds(3)) {}

  Result<std::string> configuration() override;
  Result<std::vector<std::string>> edit(const std::vector<Edit>& edits, const std::string& revision) override;
  Result<Json> difference() override;
  Result<void> apply(const std::string& revision) override;
  Result<Json> call(const std::string& daemon, const std::string& method, const Json& params) override;
  Result<std::vector<Json>> list(const std::string& daemon, const std::string& method, std::size_t maximum) override;
  bool has_password() const override;
  Result<void> set_first_password(const Secret& password) override;
  Result<Json> keys(const Secret* password) override;
  Result<void> set_key(const std::string& remote, const Secret& key, const Secret& password) override;
  Result<void> delete_key(const std::string& remote, const Secret& password) override;
  Result<Json> certificate_call(const std::string& method, Json params, const Secret* password) override;
  Result<std::string> set_bootup(bool on, const Secret& password) override;

 private:
  const cli::Context& context_;
  cli::Daemons daemons_;
};

}  // namespace ipsec9000::screen
