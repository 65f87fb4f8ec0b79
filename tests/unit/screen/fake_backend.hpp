// Daemons and files of one host, in memory: edits by the suite's own editor, "apply" remembers the text.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/ipsec_mgr/screen/backend.hpp"
#include "policy/changes.hpp"
#include "policy/matcher.hpp"
#include "policy/parse.hpp"

namespace ipsec9000::test {

class FakeBackend : public screen::Backend {
 public:
  std::optional<std::string> file;
  std::optional<std::string> in_force;  // nothing: secpolicyd does not run
  std::map<std::string, std::vector<Json>> lists;
  std::map<std::string, std::string> stored_keys;
  std::string password;
  std::vector<std::string> calls;

  Result<std::string> configuration() override {
    if (!file) return Error{ErrorCode::not_found, "ipsec.json is not there"};
    return *file;
  }
  Result<std::vector<std::string>> edit(const std::vector<Edit>& edits, const std::string& revision) override {
    auto text = file.value_or(std::string(empty_configuration));
    if (revision != revision_of(text)) return Error{ErrorCode::refused, "changed by somebody else meanwhile"};
    for (const auto& each : edits) {
      auto next = edited(text, each);
      if (!next) return next.error();
      text = *next;
    }
    const auto parsed = parse_configuration(text, "ipsec.json");
    if (!parsed.valid()) return Error{ErrorCode::invalid_input, parsed.lines().front()};
    file = text;
    return parsed.lines();
  }
  Result<Json> difference() override {
    if (!in_force) return Error{ErrorCode::not_running, "secpolicyd is not running"};
    const auto now = parse_configuration(*in_force, "");
    const auto then = parse_configuration(*configuration_or_empty(), "");
    const Matcher old_matcher(*now.configuration);
    const Matcher new_matcher(*then.configuration);
    const Keying old_keying(old_matcher);
    const Keying new_keying(new_matcher, old_keying.reqid_map());
    Json changes = Json::array();
    for (const auto& change : changes_between(*now.configuration, old_keying, *then.configuration, new_keying))
      changes.push_back(to_json(change));
    return Json{{"changes", changes},
                {"changed", changes.size()},
                {"revision", revision_of(*configuration_or_empty())},
                {"warnings", Json::array()}};
  }
  Result<void> apply(const std::string& revision) override {
    if (revision != revision_of(*configuration_or_empty())) return Error{ErrorCode::refused, "changed meanwhile"};
    in_force = configuration_or_empty();
    return {};
  }
  std::map<std::string, Json> certificate_answers;  // by method; calls of those are kept
  Result<Json> call(const std::string& daemon, const std::string& method, const Json& params) override {
    calls.push_back(daemon + " " + method + " " + params.dump());
    return Json{{"ipsec_sas", 2}, {"isakmp_sas", 1}};
  }
  Result<std::vector<Json>> list(const std::string&, const std::string& method, std::size_t) override {
    return lists[method];
  }
  bool has_password() const override { return !password.empty(); }
  Result<void> set_first_password(const Secret& secret) override {
    password = text(secret);
    return {};
  }
  Result<Json> keys(const Secret*) override {
    Json items = Json::array();
    for (const auto& [remote, key] : stored_keys)
      items.push_back(Json{{"remote", remote}, {"kind", "psk"}, {"length", key.size()}, {"set_at", "2026-01-01"}});
    return items;
  }
  Result<void> set_key(const std::string& remote, const Secret& key, const Secret& with) override {
    if (text(with) != password) return Error{ErrorCode::not_permitted, "wrong password"};
    stored_keys[remote] = text(key);
    return {};
  }
  Result<void> delete_key(const std::string& remote, const Secret& with) override {
    if (text(with) != password) return Error{ErrorCode::not_permitted, "wrong password"};
    stored_keys.erase(remote);
    return {};
  }
  Result<Json> certificate_call(const std::string& method, Json params, const Secret* with) override {
    const bool keys = method == "cert.delete" || method == "cert.import" || method == "cert.request";
    if (keys && (with == nullptr || text(*with) != password)) return Error{ErrorCode::not_permitted, "wrong password"};
    if (certificate_answers.contains(method)) {
      calls.push_back(method + " " + params.dump());
      return certificate_answers[method];
    }
    if (method == "cert.list")
      return Json{{"items", {Json{{"name", "web"}, {"kind", "own"}, {"subject", "CN=a.example"}, {"key", "rsa"}}}}};
    return Json{{"items", Json::array()}};
  }
  Result<std::string> set_bootup(bool on, const Secret&) override {
    calls.push_back(on ? "bootup on" : "bootup off");
    return std::string();
  }

 private:
  static std::string text(const Secret& secret) { return {secret.view().begin(), secret.view().end()}; }
  std::optional<std::string> configuration_or_empty() const { return file.value_or(std::string(empty_configuration)); }
};

}  // namespace ipsec9000::test
