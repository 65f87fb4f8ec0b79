#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "model/isakmp_policy.hpp"
#include "model/protection.hpp"

using namespace ipsec9000;

namespace {
Protection sample() {
  Protection protection;
  protection.policy = "telnet";
  protection.place = 3;
  protection.reqid = 0x49500007;
  protection.local = *IpAddress::parse("10.1.0.1");
  protection.remote = *IpAddress::parse("10.1.0.2");
  protection.selector = {*Prefix::parse("10.1.0.1"), *Prefix::parse("10.1.0.2"), IpProtocol::tcp, PortRange::any(),
                         PortRange::one(23)};
  protection.transforms = {*Transform::parse("ESP-AES128-HMAC-SHA256/28800/0"), *Transform::parse("AH-SHA1")};
  protection.pfs = Group::modp2048;
  return protection;
}
}  // namespace

TEST_CASE("a protection goes to JSON and back unchanged") {
  auto protection = sample();
  CHECK(*protection_from_json(to_json(protection)) == protection);
  protection.pfs.reset();
  protection.exclusive = true;
  protection.mode = Mode::tunnel;
  CHECK(*protection_from_json(to_json(protection)) == protection);
}

TEST_CASE("a cover query goes to JSON and back unchanged") {
  const auto protection = sample();
  const CoverQuery query{protection.local, protection.remote, Mode::tunnel, protection.selector};
  CHECK(*cover_query_from_json(to_json(query)) == query);
}

TEST_CASE("an ISAKMP policy goes to JSON and back unchanged") {
  IsakmpPolicy policy;
  policy.name = "finance";
  policy.place = 1;
  policy.remote = *Prefix::parse("10.0.0.0/8");
  policy.proposals = {*IkeProposal::parse("AES128-SHA256-MODP2048")};
  policy.local_id = *Identity::parse("a@b.example");
  CHECK(*isakmp_policy_from_json(to_json(policy)) == policy);
  policy.remote.reset();
  CHECK(*isakmp_policy_from_json(to_json(policy)) == policy);
}

TEST_CASE("a member that is missing or of another type is an error that names it, never an exception") {
  const auto good = to_json(sample());
  for (const auto& [key, value] : good.items()) {
    for (const Json& wrong :
         {Json(nullptr), Json(-1), Json("\x01"), Json::array({1}), Json::object(), Json(1.5), Json(1e30)}) {
      Json damaged = good;
      damaged[key] = wrong;
      const auto read = protection_from_json(damaged);
      if (!read) CHECK(read.error().code == ErrorCode::invalid_input);
    }
    Json missing = good;
    missing.erase(key);
    const auto read = protection_from_json(missing);
    INFO(key);
    CHECK(read.has_value() == (key == "pfs"));
    if (!read) CHECK(read.error().text.find(key) != std::string::npos);
  }
  CHECK_FALSE(protection_from_json(Json::array()));
  CHECK_FALSE(protection_from_json(Json("x")));
  Json unusable = good;
  unusable["reqid"] = 0;
  CHECK_FALSE(protection_from_json(unusable));
  unusable = good;
  unusable["transforms"] = Json::array();
  CHECK_FALSE(protection_from_json(unusable));
}

TEST_CASE("the first ISAKMP policy in file order whose remote holds the address is taken") {
  std::vector<IsakmpPolicy> policies(3);
  policies[0].remote = *Prefix::parse("10.1.0.0/16");
  policies[1].remote = *Prefix::parse("10.1.2.3");
  CHECK(select_isakmp_policy(policies, *IpAddress::parse("10.1.2.3")) == &policies[0]);
  CHECK(select_isakmp_policy(policies, *IpAddress::parse("fd00::1")) == &policies[2]);
  policies.pop_back();
  CHECK(select_isakmp_policy(policies, *IpAddress::parse("10.2.0.1")) == nullptr);
}
