#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "service.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration wrong_password_delay = seconds(1);

Result<std::string> text_of(const Json& params, const char* name) {
  const auto found = params.find(name);
  if (found == params.end() || !found->is_string())
    return Error{ErrorCode::invalid_input, "\"" + std::string(name) + "\" must be a string"};
  return found->get<std::string>();
}

// Null where it is none.
std::shared_ptr<const Secret> secret_of(const Json& params, const char* name) {
  const auto found = params.find(name);
  if (found == params.end() || !found->is_string()) return nullptr;
  return std::make_shared<const Secret>(std::string_view(found->get_ref<const std::string&>()));
}

Result<std::vector<std::uint32_t>> reqids_of(const Json& params) {
  std::vector<std::uint32_t> reqids;
  const auto found = params.find("reqids");
  if (found == params.end() || !found->is_array())
    return Error{ErrorCode::invalid_input, "\"reqids\" must be an array of numbers"};
  for (const auto& each : *found) {
    if (!each.is_number_unsigned() || each.get<std::uint64_t>() > UINT32_MAX)
      return Error{ErrorCode::invalid_input, "\"reqids\" must be an array of numbers"};
    reqids.push_back(each.get<std::uint32_t>());
  }
  return reqids;
}

TrustRules rules_of(const Json& params) {
  TrustRules rules;
  if (params.contains("revocation") && params["revocation"] == "strict") rules.revocation = pki::Revocation::strict;
  rules.allow_legacy = params.contains("allow_legacy") && params["allow_legacy"] == true;
  return rules;
}

template <class T>
Json items_of(const std::vector<T>& values) {
  Json items = Json::array();
  for (const auto& value : values) items.push_back(to_json(value));
  return {{"items", items}, {"next", nullptr}};
}
}  // namespace

IkeMethods::IkeMethods(IkeService& service, RpcServer& server, EventLoop& loop)
    : service_(service), loop_(loop), sad_pages_(*service.kernel_, [this](const ike::SaKey& key, std::uint32_t reqid) {
        return facts_of(key, reqid);
      }) {
  add_negotiation(server);
  add_reports(server);
  add_keys(server);
  add_certificates(server);
  add_trace(server);
}

void IkeMethods::add_negotiation(RpcServer& server) {
  server.add("ike.configure",
             [this](const Json& params, const Caller&, const RpcServer::Reply& reply) { reply(configure(params)); });
  server.add("ike.acquire", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    auto protection = protection_from_json(params);
    if (!protection) return reply(protection.error());
    if (const auto asked = params.find("acquire"); asked != params.end()) {
      const auto question = unanswered_acquire_from_json(*asked);
      if (!question) return reply(question.error());
      service_.acquires_.asked(ike::PairKey::of(*protection), *question, loop_.now());
    }
    service_.engine_.acquire(*protection, loop_.now());
    auto correlation = service_.engine_.correlation_of(*protection);
    service_.settle();
    reply(Json{{"correlation", std::move(correlation)}});
  });
  server.add("ike.release", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    const auto acquire = unanswered_acquire_from_json(params);
    if (!acquire) return reply(acquire.error());
    const auto released = service_.sas_.release(*acquire);
    if (!released) return reply(released.error());
    reply(Json::object());
  });
  server.add("ike.forget", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    auto reqids = reqids_of(params);
    if (!reqids) return reply(reqids.error());
    service_.engine_.forget(*reqids, loop_.now());
    service_.settle();
    reply(Json::object());
  });
  server.add("ike.delete", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    const auto text = text_of(params, "remote");
    if (!text) return reply(text.error());
    const auto remote = IpAddress::parse(*text);
    if (!remote) return reply(remote.error());
    service_.when_listening([this, remote = *remote, reply] {
      service_.deletions_.add(service_.engine_.delete_peer(remote, loop_.now()), reply);
      service_.settle();
    });
  });
  server.add("ike.shutdown", [this](const Json&, const Caller&, const RpcServer::Reply& reply) {
    service_.engine_.shutdown(loop_.now());
    service_.settle();
    auto removed = service_.sas_.remove_all_ours();
    if (!removed) return reply(removed.error());
    reply(Json::object());
  });
}

Result<Json> IkeMethods::configure(const Json& params) {
  const auto policies = params.find("isakmp_policies");
  if (policies == params.end() || !policies->is_array())
    return Error{ErrorCode::invalid_input, "\"isakmp_policies\" must be an array"};
  std::vector<IsakmpPolicy> parsed;
  for (const auto& each : *policies) {
    auto policy = isakmp_policy_from_json(each);
    if (!policy) return policy.error();
    parsed.push_back(std::move(*policy));
  }
  std::map<std::uint32_t, std::string> names;
  if (const auto reqids = params.find("reqids"); reqids != params.end() && reqids->is_array()) {
    for (const auto& each : *reqids) {
      if (!each.is_object() || !each.contains("reqid") || !each["reqid"].is_number_unsigned() ||
          !each.contains("policy") || !each["policy"].is_string())
        continue;
      names[each["reqid"].get<std::uint32_t>()] = each["policy"].get<std::string>();
    }
  }
  auto entrust = service_.certificates_.settings();  // stays where secpolicyd could not read its file
  if (const auto told = params.find("entrust"); told != params.end()) {
    auto settings = entrust_settings_from_json(*told);
    if (!settings) return settings.error();
    entrust = std::move(*settings);
  }
  service_.policy_names_ = std::move(names);
  service_.certificates_.configure(rules_of(params), entrust);
  service_.engine_.configure(std::move(parsed));
  service_.configured_ = true;
  service_.listen_when_able();
  service_.acquires_.forgive(loop_.now());
  service_.release_acquires();
  return Json::object();
}

void IkeMethods::add_reports(RpcServer& server) {
  server.add("ike.status",
             [this](const Json&, const Caller&, const RpcServer::Reply& reply) { reply(service_.status()); });
  server.add("sad.list", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    reply(sad_pages_.page(params));
  });
  server.add("mad.list", [this](const Json&, const Caller&, const RpcServer::Reply& reply) {
    reply(items_of(service_.engine_.isakmp_sas(loop_.now())));
  });
  server.add("ike.peer", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    const auto text = text_of(params, "remote");
    if (!text) return reply(text.error());
    const auto remote = IpAddress::parse(*text);
    if (!remote) return reply(remote.error());
    const auto counts = service_.peers_.of(*remote).value_or(PeerTraffic::Counts{});
    const auto time = [](WallTime when) { return when == WallTime{} ? Json(nullptr) : Json(to_rfc3339(when)); };
    reply(Json{{"sent", counts.sent},
               {"received", counts.received},
               {"last_sent", time(counts.last_sent)},
               {"last_received", time(counts.last_received)}});
  });
  server.add("failures.list", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    std::optional<std::string> remote;
    if (params.is_object() && params.contains("remote") && params["remote"].is_string())
      remote = params["remote"].get<std::string>();
    reply(items_of(service_.failures_.list(remote)));
  });
}

// What the engine knows of an SA. An adopted one is known by its reqid only.
std::optional<ike::SaFacts> IkeMethods::facts_of(const ike::SaKey& key, std::uint32_t reqid) const {
  auto facts = service_.engine_.facts_of(key);
  const auto name = service_.policy_names_.find(reqid);
  if (name == service_.policy_names_.end() || (facts && !facts->policy.empty())) return facts;
  if (!facts) facts.emplace();
  facts->policy = name->second;
  return facts;
}

void IkeMethods::change_keys(const Json& params, const char* password_field, KeyRing::Change change,
                             const AuditEvent* event, const RpcServer::Reply& reply) {
  AuditFields fields;
  if (params.contains("remote") && params["remote"].is_string())
    fields = {{"remote", params["remote"].get<std::string>()}};
  with_password(params, password_field, std::move(change), reply, [this, event, fields, reply] {
    if (event != nullptr) service_.context_.audit.record(*event, fields);
    reply(Json::object());
  });
}

void IkeMethods::with_password(const Json& params, const char* password_field, KeyRing::Change change,
                               const RpcServer::Reply& reply, std::function<void()> right) {
  const auto password = secret_of(params, password_field);
  if (!password)
    return reply(Error{ErrorCode::invalid_input, "\"" + std::string(password_field) + "\" must be a string"});
  service_.keys_.with_password(password->clone(), std::move(change),
                               [this, reply, right = std::move(right)](const Result<void>& outcome) {
                                 auto& audit = service_.context_.audit;
                                 if (outcome) {
                                   service_.listen_when_able();
                                   service_.certificates_.reload();
                                   service_.acquires_.forgive(loop_.now());
                                   service_.release_acquires();
                                   return right();
                                 }
                                 if (outcome.error().code != ErrorCode::not_permitted) return reply(outcome.error());
                                 audit.record(audit::password_wrong);
                                 answer_late(outcome.error(), reply);
                               });
}

void IkeMethods::answer_late(const Error& error, const RpcServer::Reply& reply) {
  while (!slow_answers_.empty() && !slow_answers_.front().armed()) slow_answers_.pop_front();
  slow_answers_.emplace_back(loop_).arm(wrong_password_delay, [reply, error] { reply(error); });
}

void IkeMethods::add_trace(RpcServer& server) {
  server.add("trace.start", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    if (!params.is_object()) return reply(Error{ErrorCode::invalid_input, "the parameters must be an object"});
    Json order = params;
    order.erase("password");
    with_password(params, "password", {}, reply,
                  [this, order = std::move(order), reply] { service_.trace_.start(order, reply); });
  });
  server.add("trace.stop", [this](const Json&, const Caller&, const RpcServer::Reply& reply) {
    service_.trace_.stop();
    reply(Json::object());
  });
}

void IkeMethods::add_keys(RpcServer& server) {
  server.add("keystore.unlock", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    change_keys(params, "password", {}, nullptr, reply);
  });
  server.add("keystore.change_password", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    const auto before = secret_of(params, "old"), after = secret_of(params, "new");
    if (!before || !after) return reply(Error{ErrorCode::invalid_input, "\"old\" and \"new\" must be strings"});
    change_keys(
        params, "old", [before, after](Keystore& store) { return store.change_password(*before, *after); },
        &audit::password_changed, reply);
  });
  server.add("key.set", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    const auto remote = text_of(params, "remote");
    const auto hex = secret_of(params, "key_hex");
    if (!remote || !hex) return reply(Error{ErrorCode::invalid_input, "\"remote\" and \"key_hex\" must be strings"});
    auto name = normal_remote_name(*remote);
    auto key = from_hex({reinterpret_cast<const char*>(hex->view().data()), hex->size()});
    if (!name) return reply(name.error());
    if (!key) return reply(Error{ErrorCode::invalid_input, "\"key_hex\" must be hexadecimal"});
    auto secret = std::make_shared<Secret>(Secret::adopt(std::move(*key)));
    const auto now = wall_now();
    change_keys(
        params, "password",
        [name = *name, secret, now](Keystore& store) {
          return store.set({KeyKind::psk, name, secret->clone(), now});
        },
        &audit::key_set, reply);
  });
  server.add("key.delete", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    const auto remote = text_of(params, "remote");
    if (!remote) return reply(remote.error());
    auto name = normal_remote_name(*remote);
    if (!name) return reply(name.error());
    change_keys(
        params, "password", [name = *name](Keystore& store) { return store.erase(KeyKind::psk, name); },
        &audit::key_deleted, reply);
  });
  server.add("keystore.machine_slot", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    const auto enabled = params.find("enabled");
    if (enabled == params.end() || !enabled->is_boolean())
      return reply(Error{ErrorCode::invalid_input, "\"enabled\" must be true or false"});
    const auto file = Keystore::machine_key_file(service_.context_.paths.keystore());
    with_password(
        params, "password",
        [file, on = enabled->get<bool>()](Keystore& store) { return store.set_machine_slot(file, on); }, reply,
        [this, reply] {
          service_.keys_.machine_key_renewed();
          reply(Json::object());
        });
  });
  server.add("key.list", [this](const Json&, const Caller&, const RpcServer::Reply& reply) {
    const auto keys = service_.keys_.list();
    if (!keys) return reply(keys.error());
    Json items = Json::array();
    for (const auto& key : *keys)
      items.push_back({{"remote", key.name},
                       {"kind", std::string(to_string(key.kind))},
                       {"length", key.length},
                       {"set_at", to_rfc3339(key.set_at)}});
    reply(Json{{"items", items}, {"next", nullptr}});
  });
}

}  // namespace ipsec9000
