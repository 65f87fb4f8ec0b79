// What the screens need from outside: the daemons, by the same calls as the verbs, and what the verbs do without them.
// Blocking; an error's text is a sentence for a person. Tests have one of their own.
#pragma once
#include <string>
#include <vector>

#include "base/json_fwd.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "policy/edit.hpp"

namespace ipsec9000::screen {

class Backend {
 public:
  virtual ~Backend() = default;

  // The text of ipsec.json, to be looked at; not_found when there is none.
  virtual Result<std::string> configuration() = 0;
  // Changes the file as a whole or not at all; see edit_file(). Gives the warnings.
  virtual Result<std::vector<std::string>> edit(const std::vector<Edit>& edits, const std::string& revision) = 0;
  virtual Result<Json> difference() = 0;                        // policy.diff; not_running
  virtual Result<void> apply(const std::string& revision) = 0;  // policy.reload
  virtual Result<Json> call(const std::string& daemon, const std::string& method, const Json& params) = 0;
  // At most `maximum` items of a method that answers in pages.
  virtual Result<std::vector<Json>> list(const std::string& daemon, const std::string& method, std::size_t maximum) = 0;

  virtual bool has_password() const = 0;  // one has been set
  virtual Result<void> set_first_password(const Secret& password) = 0;
  // Items of key.list. not_permitted: the password is needed.
  virtual Result<Json> keys(const Secret* password) = 0;
  virtual Result<void> set_key(const std::string& remote, const Secret& key, const Secret& password) = 0;
  virtual Result<void> delete_key(const std::string& remote, const Secret& password) = 0;
  // A method of cert, ca and crl. not_permitted: it needs the password, and none or a wrong one was given.
  virtual Result<Json> certificate_call(const std::string& method, Json params, const Secret* password = nullptr) = 0;
  // Gives what is still to be done for a start at boot, "" for nothing.
  virtual Result<std::string> set_bootup(bool on, const Secret& password) = 0;
};

}  // namespace ipsec9000::screen
