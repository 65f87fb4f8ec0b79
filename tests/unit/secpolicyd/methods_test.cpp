#include "service_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
Json query(std::string_view direction, bool why = false) {
  return {{"source", "10.1.0.1"},
          {"source_port", 65535},
          {"destination", "10.1.0.2"},
          {"destination_port", 23},
          {"protocol", "tcp"},
          {"direction", direction},
          {"why", why}};
}
}  // namespace

TEST_CASE("policy.query names the policy, its ISAKMP policy, and whether the kernel agrees") {
  ServiceFixture host(no_udp + "," + telnet_secured);
  REQUIRE(host.service->start());
  auto answer = host.result("policy.query", query("out"));
  CHECK(answer["policy"]["name"] == "telnet");
  CHECK(answer["policy"]["kind"] == "ordered");
  CHECK(answer["policy"]["place"] == 2);
  CHECK(answer["policy"]["action"] == "secure");
  CHECK(answer["isakmp_policy"]["name"] == "all");
  CHECK(answer["kernel_agrees"] == true);
  CHECK_FALSE(answer.contains("candidates"));
  answer = host.result("policy.query", query("in", true));
  CHECK(answer["policy"]["name"] == "default");
  CHECK(answer["policy"]["kind"] == "default");
  CHECK(answer["isakmp_policy"].is_null());
  CHECK(answer["kernel_agrees"] == true);
  CHECK(answer["candidates"].size() == 3);
  host.kernel->flush_policies();
  CHECK(host.result("policy.query", query("out"))["kernel_agrees"] == false);
}

TEST_CASE("policy.cover answers a protection or a refusal in words") {
  ServiceFixture host;
  REQUIRE(host.service->start());
  CoverQuery asked{*IpAddress::parse("10.1.0.1"), *IpAddress::parse("10.1.0.2"), Mode::transport,
                   telnet_out.as_selector()};
  const auto protection = protection_from_json(host.result("policy.cover", to_json(asked))["protection"]);
  REQUIRE(protection);
  CHECK(protection->selector == asked.proposed);
  // But for the mode it would do: the caller learns which one is wanted.
  asked.mode = Mode::tunnel;
  const auto other = protection_from_json(host.result("policy.cover", to_json(asked))["protection"]);
  REQUIRE(other);
  CHECK(other->mode == Mode::transport);
  CHECK(other->policy == protection->policy);
  asked.proposed.protocol = IpProtocol::udp;
  const auto refused = host.call("policy.cover", to_json(asked));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::refused);
}

TEST_CASE("lists come in pages") {
  std::string policies = telnet_secured;
  for (int n = 0; n < 1200; ++n)
    policies += R"(,{"name": "p)" + std::to_string(n) + R"(", "action": "pass", "filter": {"remote": "10.3.)" +
                std::to_string(n / 250) + "." + std::to_string(n % 250 + 1) + R"("}})";
  ServiceFixture host(policies);
  REQUIRE(host.service->start());
  host.service->see_as_host([] { return std::vector{LocalAddress{*IpAddress::parse("10.1.0.1"), 24, "eth0", true}}; });
  const auto all = [&](const std::string& method, Json params) {
    std::vector<Json> items;
    for (int pages = 0; pages < 100; ++pages) {
      const auto page = host.result(method, params);
      for (const auto& item : page["items"]) items.push_back(item);
      if (page["next"].is_null()) return items;
      params["cursor"] = page["next"];
    }
    FAIL("no end");
    return items;
  };
  const auto configured = all("policy.list", {{"view", "configured"}});
  REQUIRE(configured.size() == 1202);
  CHECK(configured.front()["name"] == "telnet");
  CHECK(configured.front()["remote"] == "10.1.0.0/24");
  CHECK(configured.back()["name"] == "default");
  const auto active = all("policy.list", Json::object());
  REQUIRE(active.size() == 2404);
  CHECK(active.front()["direction"] == "out");
  CHECK(active[1200]["name"] == "telnet");  // ordered, so behind the hashed ones
  CHECK(active[1200]["destination_port"] == 23);
  CHECK(active.back()["direction"] == "in");
  auto cache = all("policy.cache", Json::object());
  std::erase_if(cache, [](const Json& item) { return item["kind"] == "flow"; });  // of whatever runs on this machine
  CHECK(cache.size() == host.kernel->policies().size());
  std::size_t of_telnet = 0;
  for (const auto& item : cache)
    if (item["policy"] == "telnet") {
      CHECK(item["cookie"] == 2);
      CHECK(item["action"] == "secure");
      ++of_telnet;
    }
  CHECK(of_telnet == 2);
  CHECK(all("isakmp.list", Json::object()).size() == 1);
  CHECK(all("policy.bypass", Json::object()).empty());
}

TEST_CASE("wrong parameters are refused, whatever they are") {
  ServiceFixture host;
  REQUIRE(host.service->start());
  for (const auto* method : {"policy.query", "policy.cover", "policy.list", "policy.cache", "isakmp.list"})
    for (const auto& params : {Json::array({1}), Json{{"cursor", "x"}, {"view", 7}}, Json{{"cursor", 1.5}, {"view", 1}},
                               Json{{"cursor", -1}, {"view", "none"}}}) {
      INFO(method << " " << params.dump());
      CHECK_FALSE(host.call(method, params));
    }
  const Json wrong{{"source", "10.1.0.300"}, {"destination", "fd00::1"}, {"source_port", 65536},
                   {"destination_port", -1}, {"protocol", "tpc"},        {"direction", "sideways"}};
  for (const auto& [key, value] : wrong.items()) {
    auto params = query("out");
    params[key] = value;
    INFO(key);
    CHECK(host.call("policy.query", params).error().code == ErrorCode::invalid_input);
  }
  CHECK(host.result("policy.list", {{"cursor", 1000000000}})["items"].empty());
}
