// secpolicyd's service on a kernel in memory, with an ikpmd that only listens.
#pragma once
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "../policy/policies.hpp"
#include "base/files.hpp"
#include "policy/kernel_view.hpp"
#include "service.hpp"
#include "support/fake_kernel.hpp"
#include "support/run_loop.hpp"
#include "support/temporary_directory.hpp"

namespace ipsec9000::test {

inline const std::string telnet_secured =
    R"({"name": "telnet", "filter": {"remote": "10.1.0.0/24", "protocol": "tcp", "remote_port": 23}, "action": "secure", "transforms": ["ESP-AES128-HMAC-SHA256"]})";
inline const std::string no_udp = R"({"name": "no_udp", "filter": {"protocol": "udp"}, "action": "discard"})";

inline std::string document(const std::string& policies) {
  return R"({"version": 1, "policies": [)" + policies +
         R"(], "isakmp_policies": [{"name": "all", "proposals": ["AES128-SHA256-MODP2048"]}]})";
}

inline const Flow telnet_out = flow("10.1.0.1", 40000, "10.1.0.2", 23);

class ListeningIke {
 public:
  ListeningIke(EventLoop& loop, const Paths& paths) : server_(loop, paths.socket("ikpmd")) {
    for (const auto* name : {"ike.configure", "ike.acquire", "ike.forget"})
      server_.add(name, [this, name](const Json& params, const Caller&, const RpcServer::Reply& reply) {
        heard.emplace_back(name, params);
        reply(Json::object());
      });
    REQUIRE(server_.start());
  }
  std::size_t count(std::string_view name) const {
    std::size_t found = 0;
    for (const auto& [method, params] : heard) found += method == name ? 1 : 0;
    return found;
  }
  Json last(std::string_view name) const {
    Json found;
    for (const auto& [method, params] : heard)
      if (method == name) found = params;
    return found;
  }
  std::vector<std::pair<std::string, Json>> heard;

 private:
  RpcServer server_;
};

class ServiceFixture {
 public:
  explicit ServiceFixture(const std::string& policies = telnet_secured) : paths{directory.path()} {
    REQUIRE(make_directory(paths.run_directory(), 0700));
    write(document(policies));
    auto parsed = load_configuration(paths.configuration());
    REQUIRE(parsed.valid());
    auto owned = std::make_unique<FakeKernel>();
    kernel = owned.get();
    service = std::make_unique<PolicyService>(context, std::move(owned), std::move(*parsed.configuration));
    service->remember({std::move(parsed.text), std::move(parsed.spans)}, parsed.messages.empty());
  }

  void write(const std::string& text) {
    REQUIRE(make_directory(paths.configuration().parent_path(), 0700));
    REQUIRE(replace_file(paths.configuration(), text));
  }
  Decision decides(const Flow& packet, PolicyDirection direction = PolicyDirection::out) const {
    const auto found = kernel->lookup(direction, packet);
    REQUIRE(found);
    if (!*found) return kernel->defaults().out == PolicyAction::block ? Decision::discard : Decision::pass;
    return decision_of((*found)->spec);
  }
  Result<Json> call(const std::string& method, const Json& params = Json::object()) {
    const auto answer = std::make_shared<std::optional<Result<Json>>>();  // it may come after we have given up
    server.dispatch(method, params, Caller{}, [answer](Result<Json> given) { *answer = std::move(given); });
    // What takes long is answered from the loop: a debug build checks 200 000 policies in half a minute.
    if (!*answer)
      run_until(
          loop, [&] { return answer->has_value(); }, Duration(180'000));
    return answer->value_or(Error{ErrorCode::internal, "no answer"});
  }
  Json result(const std::string& method, const Json& params = Json::object()) {
    auto answer = call(method, params);
    INFO(method << (answer ? "" : ": " + answer.error().text));
    REQUIRE(answer);
    return *answer;
  }

  TemporaryDirectory directory;
  Paths paths;
  EventLoop loop;
  RpcServer server{loop, paths.socket("secpolicyd")};
  AuditClient audit{loop, paths.socket("secauditd"), "secpolicyd"};
  DaemonContext context{loop, paths, server, audit, [](std::string) {}};
  FakeKernel* kernel = nullptr;
  std::unique_ptr<PolicyService> service;
};

}  // namespace ipsec9000::test
