#include "service_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

TEST_CASE("after start the policies are in the kernel and everything else follows the default") {
  ServiceFixture host(telnet_secured + "," + no_udp);
  REQUIRE(host.service->start());
  CHECK(host.decides(telnet_out) == Decision::secure);
  CHECK(host.decides(flow("10.1.0.2", 23, "10.1.0.1", 40000), PolicyDirection::in) == Decision::secure);
  CHECK(host.decides(flow("10.1.0.1", 1, "10.9.0.2", 2, IpProtocol::udp)) == Decision::discard);
  CHECK(host.decides(flow("10.1.0.1", 1, "10.9.0.2", 80)) == Decision::pass);
  CHECK(host.kernel->defaults().out == PolicyAction::block);
  const auto status = host.service->status();
  CHECK(status["protected"] == true);
  CHECK(status["in_step"] == true);
  CHECK(status["kernel"] == "up");
  CHECK(status["policies"] == 2);
}

TEST_CASE("a start that fails leaves nothing behind") {
  for (std::size_t after = 0; after < 20; ++after) {
    ServiceFixture host;
    host.kernel->fail_next(Error{ErrorCode::refused, "no memory"}, after);
    if (host.service->start()) continue;
    INFO(after);
    CHECK(host.kernel->policies().empty());
    CHECK(host.kernel->defaults().out == PolicyAction::allow);
  }
}

TEST_CASE("an ACQUIRE becomes an order to ikpmd, which knows the ISAKMP policies by then") {
  ServiceFixture host;
  ListeningIke ike(host.loop, host.paths);
  REQUIRE(host.service->start());
  REQUIRE(host.kernel->send(telnet_out)->outcome == FakeKernel::Outcome::held);
  REQUIRE(run_until(host.loop, [&] { return ike.count("ike.acquire") == 1; }));
  CHECK(ike.heard.front().first == "ike.configure");
  CHECK(ike.heard.front().second["isakmp_policies"].size() == 1);
  CHECK(ike.heard.front().second["reqids"][0]["policy"] == "telnet");
  const auto order = protection_from_json(ike.last("ike.acquire"));
  REQUIRE(order);
  CHECK(order->policy == "telnet");
  CHECK(order->reqid == ike.heard.front().second["reqids"][0]["reqid"]);
  CHECK(order->selector == Selector{*Prefix::parse("10.1.0.1"), *Prefix::parse("10.1.0.2"), IpProtocol::tcp,
                                    PortRange::any(), PortRange::one(23)});
  CHECK(host.service->status()["acquires"] == 1);
}

TEST_CASE("while ikpmd is away an order waits for it") {
  ServiceFixture host;
  REQUIRE(host.service->start());
  REQUIRE(host.kernel->send(telnet_out)->outcome == FakeKernel::Outcome::held);
  run_for(host.loop, Duration(20));
  CHECK(host.service->status()["problems"].size() == 1);
  ListeningIke ike(host.loop, host.paths);
  REQUIRE(run_until(host.loop, [&] { return ike.count("ike.acquire") == 1; }));
  CHECK(ike.heard.front().first == "ike.configure");
}

TEST_CASE("what another program does to our policies is put right, at once and counted") {
  ServiceFixture host(telnet_secured + "," + no_udp);
  REQUIRE(host.service->start());
  const auto before = host.kernel->policies().size();
  host.kernel->flush_policies();
  CHECK(host.decides(telnet_out) == Decision::discard);  // the kernel's default: closed meanwhile
  REQUIRE(run_until(
      host.loop, [&] { return host.kernel->policies().size() == before; }, Duration(1000)));
  CHECK(host.decides(telnet_out) == Decision::secure);
  CHECK(host.service->status()["repairs"] == 1);
  host.kernel->delete_foreign((*host.kernel->lookup(PolicyDirection::out, telnet_out))->spec.key());
  REQUIRE(run_until(
      host.loop, [&] { return host.kernel->policies().size() == before; }, Duration(1000)));
  CHECK(host.service->status()["repairs"] == 2);
}

TEST_CASE("lost events lead to a look at the whole, counted") {
  ServiceFixture host;
  REQUIRE(host.service->start());
  const auto before = host.kernel->policies().size();
  host.kernel->flush_policies();
  host.kernel->lose_events();
  REQUIRE(run_until(
      host.loop, [&] { return host.kernel->policies().size() == before; }, Duration(1000)));
  CHECK(host.service->status()["overruns"] == 1);
}

TEST_CASE("a reload tells what changed, and ikpmd which SAs have lost their policy") {
  ServiceFixture host(telnet_secured + "," + no_udp);
  ListeningIke ike(host.loop, host.paths);
  REQUIRE(host.service->start());
  const auto reqid = host.service->set().keying.reqid_of(0);
  host.write(document(
      R"({"name": "new", "filter": {"remote": "10.7.0.1"}, "action": "pass"}, {"name": "telnet", "filter": {"remote": "10.1.0.0/24", "protocol": "tcp", "remote_port": 23},
                          "action": "secure", "transforms": ["ESP-AES256-GCM16"]})"));
  const auto answer = host.result("policy.reload");
  std::vector<std::string> told;
  for (const auto& change : answer["changes"])
    told.push_back(change["change"].get<std::string>() + change["policy"].get<std::string>() + " " +
                   change["sas"].get<std::string>());
  CHECK(told == std::vector<std::string>{"-no_udp none", "+new none", "~telnet renegotiated"});
  CHECK(answer["changed"] == 3);
  CHECK(answer["generation"] == 2);
  REQUIRE(run_until(host.loop, [&] { return ike.count("ike.forget") >= 1; }));
  CHECK(ike.last("ike.forget")["reqids"] == Json::array({reqid}));
  CHECK(host.decides(flow("10.1.0.1", 1, "10.9.0.2", 2, IpProtocol::udp)) == Decision::pass);
}

TEST_CASE("a reload of the same file touches nothing; a bad file changes nothing and is explained in full") {
  ServiceFixture host;
  REQUIRE(host.service->start());
  const auto before = host.kernel->policies();
  CHECK(host.result("policy.reload")["changes"].empty());
  CHECK(host.kernel->policies() == before);
  host.write(R"({"version": 1, "polices": [], "default_policy": {"action": "drop"}})");
  const auto refused = host.call("policy.reload");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::invalid_input);
  CHECK(refused.error().text.find("/polices") != std::string::npos);
  CHECK(refused.error().text.find("/default_policy/action") != std::string::npos);
  CHECK(host.kernel->policies() == before);
  CHECK(host.service->status()["generation"] == 2);
}

TEST_CASE("a reload takes over entrust.ini too: both files or neither") {
  ServiceFixture host;
  ListeningIke ike(host.loop, host.paths);
  const auto write_ini = [&](const std::string& lines) {
    REQUIRE(replace_file(entrust_ini(host.paths.configuration()), "[Entrust Settings]\n" + lines));
  };
  const auto told = [&](const char* manager) {
    return run_until(
        host.loop,
        [&] {
          const auto last = ike.last("ike.configure");
          return last.is_object() && last.contains("entrust") && last["entrust"]["manager"] == manager;
        },
        seconds(5));
  };
  write_ini("Manager=http://one.example/pkix/\nServer=a+389\n");
  REQUIRE(host.service->start());
  CHECK(told("http://one.example/pkix/"));
  write_ini("Manager=http://two.example/pkix/\nServer=a+389\n");
  CHECK(host.result("config.in_force")["same"] == false);
  CHECK(host.result("policy.diff")["changed"] == 1);
  const auto answer = host.result("policy.reload");
  REQUIRE(answer["changes"].size() == 1);
  CHECK(answer["changes"][0]["section"] == "entrust.ini");
  CHECK(answer["changes"][0]["fields"] ==
        Json::array(
            {{{"field", "Manager"}, {"before", "http://one.example/pkix/"}, {"after", "http://two.example/pkix/"}}}));
  CHECK(told("http://two.example/pkix/"));
  CHECK(host.result("config.in_force")["same"] == true);

  const auto policies = host.kernel->policies();
  const auto configured = ike.count("ike.configure");
  SECTION("a mistake in it keeps ipsec.json from being taken over") {
    write_ini("Manager=http://three.example/pkix/\nServer=a b\n");
    host.write(document(telnet_secured + "," + no_udp));
    for (const char* method : {"policy.diff", "policy.reload"}) {
      const auto refused = host.call(method);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == ErrorCode::invalid_input);
      CHECK(refused.error().text.find("entrust.ini: line 3: ") != std::string::npos);
    }
  }
  SECTION("and the other way round") {
    write_ini("Manager=http://three.example/pkix/\n");
    host.write(R"({"version": 1, "polices": []})");
    CHECK_FALSE(host.call("policy.reload"));
  }
  run_for(host.loop, milliseconds(50));
  CHECK(host.kernel->policies() == policies);
  CHECK(ike.count("ike.configure") == configured);
  CHECK(ike.last("ike.configure")["entrust"]["manager"] == "http://two.example/pkix/");
}

TEST_CASE("at the start a mistake in entrust.ini is told, and the policies are in force") {
  ServiceFixture host;
  ListeningIke ike(host.loop, host.paths);
  REQUIRE(replace_file(entrust_ini(host.paths.configuration()), "[Entrust Settings]\nnonsense\n"));
  REQUIRE(host.service->start());
  CHECK(host.decides(telnet_out) == Decision::secure);
  CHECK(host.service->status()["problems"].dump().find("entrust.ini: line 2: ") != std::string::npos);
  REQUIRE(run_until(host.loop, [&] { return ike.count("ike.configure") >= 1; }));
  CHECK_FALSE(ike.last("ike.configure").contains("entrust"));  // it keeps what it has
  REQUIRE(replace_file(entrust_ini(host.paths.configuration()), ""));
  REQUIRE(host.call("policy.reload"));
  CHECK(host.service->status()["problems"].dump().find("entrust.ini") == std::string::npos);
  CHECK(run_until(host.loop, [&] { return ike.last("ike.configure").contains("entrust"); }));
}

TEST_CASE("a reload that the kernel refuses half way goes back to what was") {
  ServiceFixture host;
  REQUIRE(host.service->start());
  const auto before = host.kernel->policies();
  host.write(document(telnet_secured + "," + no_udp +
                      R"(,{"name": "c", "action": "pass", "filter": {"remote": "10.9.0.1"}})"));
  host.kernel->fail_next(Error{ErrorCode::refused, "no memory"}, 3);
  CHECK_FALSE(host.call("policy.reload"));
  CHECK(host.kernel->policies() == before);
  CHECK(host.service->status()["in_step"] == true);
  CHECK(host.result("policy.reload")["changes"].size() == 2);
}

TEST_CASE("a policy that is set is in force after a reload, without the kernel being read") {
  ServiceFixture host(telnet_secured + "," + no_udp);
  ListeningIke ike(host.loop, host.paths);
  REQUIRE(host.service->start());
  const auto reqid = host.service->set().keying.reqid_of(0);
  const auto dumps = [&] {
    const auto& log = host.kernel->log();
    return std::count_if(log.begin(), log.end(), [](const auto& line) { return line.starts_with("dump policies"); });
  };
  const auto earlier = dumps();
  const auto set = [&](const std::string& name, Json values) {
    const Json edit{{"verb", "set"}, {"section", "policies"}, {"name", name}, {"values", std::move(values)}};
    return host.call("config.edit", {{"edits", {edit}}});
  };
  REQUIRE(set("telnet", {{"transforms", {"ESP-AES256-GCM16"}}}));
  const auto told = host.result("policy.diff");
  const auto answer = host.result("policy.reload", {{"revision", told["revision"]}});
  CHECK(answer["changes"] == told["changes"]);
  REQUIRE(answer["changed"] == 1);
  CHECK(answer["changes"][0]["sas"] == "renegotiated");
  CHECK(dumps() == earlier);
  REQUIRE(run_until(host.loop, [&] { return ike.count("ike.forget") >= 1; }));
  CHECK(ike.last("ike.forget")["reqids"] == Json::array({reqid}));
  const auto refused = set("no_udp", {{"action", "nothing"}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("/policies/1/action") != std::string::npos);
  REQUIRE(set("no_udp", {{"action", "pass"}}));
  // The kernel refuses: everything is as before, and the next try does it.
  const auto before = host.kernel->policies();
  host.kernel->fail_next(Error{ErrorCode::refused, "no memory"}, 3, 2);  // an update, then reading the whole
  CHECK_FALSE(host.call("policy.reload"));
  CHECK(host.kernel->policies() == before);
  CHECK(host.decides(flow("10.1.0.1", 1, "10.9.0.2", 2, IpProtocol::udp)) == Decision::discard);
  CHECK(host.result("policy.reload")["changed"] == 1);
  CHECK(host.decides(flow("10.1.0.1", 1, "10.9.0.2", 2, IpProtocol::udp)) == Decision::pass);
  CHECK(host.result("policy.reload")["changed"] == 0);
}

TEST_CASE("diff tells what a reload would do and does nothing; a reload for another revision is refused") {
  ServiceFixture host;
  REQUIRE(host.service->start());
  const auto before = host.kernel->policies();
  host.write(document(telnet_secured + "," + no_udp));
  const auto told = host.result("policy.diff");
  CHECK(told["changed"] == 1);
  CHECK(told["changes"][0]["policy"] == "no_udp");
  CHECK(host.kernel->policies() == before);
  CHECK(host.service->status()["generation"] == 1);
  const Json seen{{"revision", told["revision"]}};
  host.write(document(no_udp));
  const auto refused = host.call("policy.reload", seen);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::refused);
  CHECK(host.kernel->policies() == before);
  host.write(document(telnet_secured + "," + no_udp));
  CHECK(host.result("policy.reload", seen)["changed"] == 1);
  CHECK_FALSE(host.call("policy.diff", {{"file", "relative.json"}}));
  CHECK_FALSE(host.call("policy.diff", {{"file", (host.paths.root / "absent").string()}}));
}

TEST_CASE("an edit changes the file as a whole or not at all, and the kernel only with the next reload") {
  ServiceFixture host;
  REQUIRE(host.service->start());
  const auto before = host.kernel->policies();
  const auto edit = [](Json values) {
    return Json{{"verb", "add"}, {"section", "policies"}, {"name", "new"}, {"values", std::move(values)}};
  };
  const auto done =
      host.result("config.edit", {{"edits", {edit({{"action", "pass"}, {"filter.remote", "10.9.9.9"}})}}});
  CHECK(done["revision"] == host.result("config.revision")["revision"]);
  CHECK(host.kernel->policies() == before);
  CHECK(host.result("policy.reload")["changes"][0]["policy"] == "new");
  // Crossing edits: the second goes by what is no longer there.
  CHECK_FALSE(host.call("config.edit", {{"edits", {edit({{"action", "pass"}})}}, {"revision", "0"}}));
  for (const auto& odd : {Json::array(), Json(7), Json::array({7}), Json::array({edit({{"action", "pas"}})})})
    CHECK_FALSE(host.call("config.edit", {{"edits", odd}}));
  CHECK(done["revision"] == host.result("config.revision")["revision"]);
}

TEST_CASE("whether the file is what is in force is told without checking it") {
  ServiceFixture host;
  REQUIRE(host.service->start());
  CHECK(host.result("config.in_force")["same"] == true);
  CHECK(host.result("config.in_force")["bootup"] == false);
  host.write(document(telnet_secured) + " ");
  CHECK(host.result("config.in_force")["same"] == false);
  host.result("policy.reload");
  CHECK(host.result("config.in_force")["same"] == true);
  host.write("nonsense");
  CHECK(host.result("config.in_force")["same"] == false);
}

TEST_CASE("after withdrawing nothing is repaired or reloaded any more") {
  ServiceFixture host;
  REQUIRE(host.service->start());
  host.result("policy.withdraw");
  CHECK(host.kernel->policies().empty());
  run_for(host.loop, Duration(200));
  CHECK(host.kernel->policies().empty());
  CHECK_FALSE(host.call("policy.reload"));
  CHECK(host.service->status()["protected"] == false);
}
