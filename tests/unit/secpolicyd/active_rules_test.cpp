#include "active_rules.hpp"

#include "service_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
LocalAddress at(const char* address, unsigned length, const char* interface, bool up = true) {
  return {*IpAddress::parse(address), length, interface, up};
}

std::string rule(const std::string& name, const std::string& filter, const std::string& more = R"("pass")") {
  return R"({"name": ")" + name + R"(", "filter": {)" + filter + R"(}, "action": )" + more + "}";
}

const std::string protected_by = R"("secure", "transforms": ["ESP-AES128-HMAC-SHA256"])";

// A host whose addresses the test gives.
struct Host : ServiceFixture {
  explicit Host(const std::string& policies, std::string bypass = "") : ServiceFixture(policies) {
    if (!bypass.empty()) {
      auto text = document(policies);
      text.insert(1, "\"bypass\": [\"" + bypass + "\"], ");
      write(text);
      REQUIRE(service->start());
      result("policy.reload");
    } else {
      REQUIRE(service->start());
    }
    service->see_as_host([this] { return addresses; });
  }
  // "address interface state" of each rule of the policy in that direction.
  std::vector<std::string> rules(const std::string& name, const std::string& direction = "out") {
    std::vector<std::string> found;
    for (const auto& item : all())
      if (item["name"] == name && item["direction"] == direction)
        found.push_back(item[direction == "out" ? "source" : "destination"].get<std::string>() + " " +
                        (item["interface"].is_null() ? "-" : item["interface"].get<std::string>()) + " " +
                        item["state"].get<std::string>());
    return found;
  }
  std::vector<Json> all(std::size_t limit = page_size_asked) {
    std::vector<Json> items;
    Json params{{"view", "active"}, {"limit", limit}};
    while (true) {
      const auto page = result("policy.list", params);
      CHECK(page["items"].size() <= limit);
      for (const auto& item : page["items"]) items.push_back(item);
      if (page["next"].is_null()) return items;
      params["cursor"] = page["next"];
    }
  }
  static constexpr std::size_t page_size_asked = 500;
  Result<std::vector<LocalAddress>> addresses =
      std::vector{at("10.1.0.1", 24, "eth0"), at("10.2.0.1", 24, "eth1", false), at("127.0.0.1", 8, "lo"),
                  at("::1", 128, "lo"), at("fd00::1", 64, "eth0")};
};
using Rules = std::vector<std::string>;
}  // namespace

TEST_CASE("a policy for any local address has an active rule for each address that this host has, up or down") {
  Host host(rule("any", R"("protocol": "tcp")") + "," + rule("v4", R"("remote": "10.0.0.0/8")") + "," +
            rule("net", R"("local": "10.2.0.0/16")") + "," + rule("six", R"("local": "fd00::/16")"));
  const Rules all{"10.1.0.1 eth0 up", "10.2.0.1 eth1 down", "fd00::1 eth0 up"};
  for (const auto* direction : {"out", "in"}) {
    INFO(direction);
    CHECK(host.rules("any", direction) == all);
    CHECK(host.rules("v4", direction) == Rules{all[0], all[1]});
    CHECK(host.rules("net", direction) == Rules{all[1]});
    CHECK(host.rules("six", direction) == Rules{all[2]});
  }
  // They follow the host.
  host.addresses->erase(host.addresses->begin());
  CHECK(host.rules("any") == Rules{all[1], all[2]});
  CHECK(host.rules("v4") == Rules{all[1]});
  host.addresses->insert(host.addresses->begin(), {at("10.1.0.1", 24, "eth0", false), at("10.1.0.7", 24, "eth0")});
  CHECK(host.rules("v4") == Rules{"10.1.0.1 eth0 down", "10.1.0.7 eth0 up", all[1]});
}

TEST_CASE("a policy for no address of this host has one rule that says so, and the bypass list has none") {
  Host host(rule("gone", R"("local": "10.9.0.0/16")") + "," + rule("one", R"("local": "10.9.0.1")") + "," +
                rule("here", R"("local": "10.1.0.1")") + "," + rule("any", R"("remote": "10.0.0.0/8")") + "," +
                rule("spared", R"("local": "10.2.0.1")") + "," +
                rule("tunnel", R"("local": "10.3.0.0/16", "remote": "10.4.0.0/16")",
                     protected_by + R"(, "tunnel": {"local": "10.1.0.1", "remote": "10.1.0.2"})"),
            "10.2.0.1");
  CHECK(host.rules("gone") == Rules{"10.9.0.0/16 - absent"});
  CHECK(host.rules("one", "in") == Rules{"10.9.0.1 - absent"});
  CHECK(host.rules("here") == Rules{"10.1.0.1 eth0 up"});
  CHECK(host.rules("any") == Rules{"10.1.0.1 eth0 up"});
  CHECK(host.rules("spared") == Rules{"10.2.0.1 - bypassed"});
  CHECK(host.rules("tunnel") == Rules{"10.3.0.0/16 - tunnel"});
  host.addresses = Error{ErrorCode::io, "no"};
  CHECK(host.rules("any") == Rules{"any - unknown"});
}

TEST_CASE("the pages of the active rules are bounded and lose nothing, whatever their size") {
  std::string policies = rule("p0", R"("remote": "10.4.0.1")");
  for (int n = 1; n < 40; ++n)
    policies += "," + rule("p" + std::to_string(n), R"("remote": "10.4.0.)" + std::to_string(n + 1) + "\"");
  Host host(policies);
  host.addresses->clear();
  for (int n = 1; n <= 30; ++n) host.addresses->push_back(at(("10.1.0." + std::to_string(n)).c_str(), 24, "eth0"));
  std::sort(host.addresses->begin(), host.addresses->end());
  const auto whole = host.all();
  REQUIRE(whole.size() == 2 * (40 * 30 + 1));
  CHECK(whole[1200]["name"] == "default");
  for (const std::size_t limit : {1U, 7U, 30U, 31U}) CHECK(host.all(limit) == whole);
  // A page that has begun goes on where addresses went away meanwhile.
  const auto page = host.result("policy.list", {{"limit", 40}});
  host.addresses->resize(5);
  const auto next = host.result("policy.list", {{"limit", 5}, {"cursor", page["next"]}});
  CHECK(next["items"][0]["name"] == "p2");
}

TEST_CASE("a query tells whether its local address is one of this host") {
  Host host(telnet_secured);
  const auto end = [&](const char* source, const char* destination, const char* direction) {
    return host.result("policy.query", {{"source", source},
                                        {"destination", destination},
                                        {"protocol", "tcp"},
                                        {"direction", direction}})["local_address"];
  };
  CHECK(end("10.1.0.1", "10.1.0.2", "out") == Json{{"interface", "eth0"}, {"state", "up"}});
  CHECK(end("10.2.0.1", "10.1.0.2", "out") == Json{{"interface", "eth1"}, {"state", "down"}});
  CHECK(end("10.1.0.2", "10.1.0.1", "out") == Json{{"interface", nullptr}, {"state", "absent"}});
  CHECK(end("10.1.0.2", "10.1.0.1", "in") == Json{{"interface", "eth0"}, {"state", "up"}});
  CHECK(end("0.0.0.0", "10.1.0.2", "out").is_null());
  host.addresses->push_back(at("10.1.0.2", 24, "eth2"));
  std::sort(host.addresses->begin(), host.addresses->end());
  CHECK(end("10.1.0.2", "10.1.0.1", "out") == Json{{"interface", "eth2"}, {"state", "up"}});
}

TEST_CASE("policies for local addresses that this host has not are a problem, once") {
  Host host(rule("gone", R"("local": "10.9.0.0/16")") + "," + rule("off", R"("local": "10.8.0.0/16")"));
  const auto problem = [&] { return host.result("policy.status")["problems"].dump(); };
  CHECK(problem().find("policy \\\"gone\\\" is for local addresses of 10.9.0.0/16, of which this host has none now") !=
        std::string::npos);
  CHECK(problem().find("(and 1 more like it)") != std::string::npos);
  host.addresses->push_back(at("10.9.255.255", 16, "eth2"));
  CHECK(problem().find("\\\"off\\\" is for") != std::string::npos);
  CHECK(problem().find("more like it") == std::string::npos);
  host.addresses->push_back(at("10.8.0.0", 16, "eth2"));
  CHECK(problem().find("of which this host has none") == std::string::npos);
}
