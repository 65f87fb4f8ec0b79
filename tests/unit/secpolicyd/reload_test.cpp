// A reload of very many policies, while everybody else wants something.
#include "service_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
constexpr std::size_t very_many = 3000;

std::string secured_host(std::size_t number, const std::string& transform = "ESP-AES128-HMAC-SHA256") {
  return R"({"name": "host_)" + std::to_string(number) + R"(", "filter": {"remote": "10.2.)" +
         std::to_string(number / 250) + "." + std::to_string(number % 250) +
         R"("}, "action": "secure", "transforms": [")" + transform + "\"]}";
}

std::string secured_hosts(std::size_t count) {
  std::string policies = telnet_secured;
  for (std::size_t number = 0; number < count; ++number) policies += ",\n" + secured_host(number);
  return policies;
}

const Flow to_first = flow("10.1.0.1", 40000, "10.2.0.0", 80);
const Flow to_last = flow("10.1.0.1", 40000, "10.2.11.249", 80);

class ReloadFixture : public ServiceFixture {
 public:
  ReloadFixture() {
    REQUIRE(service->start());
    before = kernel->policies();
    write(document(secured_hosts(very_many)));
    kernel->slow_down(std::chrono::microseconds(20));  // else a fast machine is done before anybody can ask
  }
  struct Asked {
    std::optional<Result<Json>> answer;
    explicit operator bool() const { return answer.has_value(); }
  };
  std::shared_ptr<Asked> ask(const std::string& method, const Json& params = Json::object()) {
    auto asked = std::make_shared<Asked>();
    server.dispatch(method, params, Caller{}, [asked](Result<Json> given) { asked->answer = std::move(given); });
    return asked;
  }
  bool answered(const std::shared_ptr<Asked>& asked) {
    return run_until(loop, [&] { return static_cast<bool>(*asked); });
  }
  // A part of the new entries is in the kernel, and the loop has a turn for others.
  bool is_half_way() {
    return run_until(loop, [&] { return kernel->policies().size() > before.size(); });
  }
  std::string policy_for(const Flow& packet) {
    const auto answer = ask("policy.query", {{"source", packet.source.to_string()},
                                             {"source_port", packet.source_port},
                                             {"destination", packet.destination.to_string()},
                                             {"destination_port", packet.destination_port},
                                             {"protocol", "tcp"}});
    REQUIRE(*answer);  // at once
    REQUIRE(*answer->answer);
    agreed = (**answer->answer)["kernel_agrees"];
    return (**answer->answer)["policy"]["name"];
  }

  std::vector<PolicyState> before;
  Json agreed;
};
}  // namespace

TEST_CASE_METHOD(ReloadFixture, "while very many policies are checked and put into the kernel others are answered") {
  const auto reload = ask("policy.reload");
  CHECK_FALSE(*reload);  // nothing is parsed before others have had their turn
  CHECK(policy_for(to_first) == "default");
  CHECK(agreed == true);
  REQUIRE(run_until(loop, [&] { return service->status()["reloading"] == true; }));
  REQUIRE(is_half_way());
  CHECK_FALSE(*reload);
  CHECK(kernel->policies().size() < before.size() + 2 * very_many);
  CHECK(policy_for(to_first) == "default");  // of the set that is in force
  CHECK(agreed.is_null());
  CHECK(service->status()["policies"] == 1);
  CHECK(service->status()["in_step"] == false);
  REQUIRE(answered(reload));
  REQUIRE(*reload->answer);
  CHECK((**reload->answer)["changed"] == very_many);
  CHECK(kernel->policies().size() == before.size() + 2 * very_many);
  CHECK(policy_for(to_first) == "host_0");
  CHECK(agreed == true);
  CHECK(service->status()["in_step"] == true);
  CHECK(service->status()["reloading"] == false);
  CHECK(service->status()["repairs"] == 0);

  write(document(telnet_secured));
  REQUIRE(call("policy.reload"));
  CHECK(kernel->policies().size() == before.size());
}

TEST_CASE_METHOD(ReloadFixture, "what the kernel asks for half way is ordered by the set that its entry is of") {
  ListeningIke ike(loop, paths);
  REQUIRE(run_until(loop, [&] { return ike.count("ike.configure") == 1; }));
  const auto reload = ask("policy.reload");
  REQUIRE(is_half_way());
  REQUIRE(kernel->send(telnet_out)->outcome == FakeKernel::Outcome::held);
  REQUIRE(run_until(loop, [&] { return ike.count("ike.acquire") == 1; }));
  CHECK(ike.last("ike.acquire")["policy"] == "telnet");
  REQUIRE_FALSE(*reload);
  REQUIRE(kernel->send(to_first)->outcome == FakeKernel::Outcome::held);
  REQUIRE(answered(reload));
  REQUIRE(run_until(loop, [&] { return ike.count("ike.acquire") == 2; }));
  CHECK(ike.last("ike.acquire")["policy"] == "host_0");
  // ikpmd knows the new set by then.
  CHECK(ike.heard.back().first == "ike.acquire");
  CHECK(ike.count("ike.configure") == 2);
}

TEST_CASE_METHOD(ReloadFixture, "reloads, edits and comparisons that meet are done one after the other") {
  const auto reload = ask("policy.reload");
  const auto edit = ask("config.edit", {{"edits",
                                         {{{"verb", "add"},
                                           {"section", "policies"},
                                           {"name", "late"},
                                           {"values", {{"action", "discard"}, {"filter.remote", "10.9.9.9"}}}}}}});
  const auto difference = ask("policy.diff");
  const auto second = ask("policy.reload");
  REQUIRE(answered(second));
  REQUIRE(*reload);
  REQUIRE(*edit);
  REQUIRE(*difference);
  INFO((*edit->answer ? "" : edit->answer->error().text));
  REQUIRE(*edit->answer);
  CHECK((**reload->answer)["changed"] == very_many);
  CHECK((**difference->answer)["changed"] == 1);
  CHECK((**second->answer)["changed"] == 1);
  CHECK(decides(flow("10.1.0.1", 40000, "10.9.9.9", 80)) == Decision::discard);

  write(document(telnet_secured));
  std::vector<std::shared_ptr<Asked>> many;
  for (std::size_t n = 0; n < Turns::most_waiting + 2; ++n) {
    service->reload();  // has no caller
    many.push_back(ask("policy.reload"));
  }
  REQUIRE(*many.back());
  CHECK(many.back()->answer->error().code == ErrorCode::refused);
  REQUIRE(answered(many.front()));
  CHECK(*many.front()->answer);
}

TEST_CASE_METHOD(ReloadFixture, "a stop during a reload leaves nothing in the kernel, and nothing comes afterwards") {
  const auto reload = ask("policy.reload");
  const auto waiting = ask("policy.reload");
  SECTION("while the file is read") {}
  SECTION("while the file is checked") {
    REQUIRE(run_until(loop, [&] { return service->status()["reloading"] == true; }));
  }
  SECTION("while the kernel is changed") { REQUIRE(is_half_way()); }
  REQUIRE_FALSE(*reload);
  REQUIRE(*ask("policy.withdraw"));
  CHECK(kernel->policies().empty());
  REQUIRE(answered(reload));
  CHECK(reload->answer->error().code == ErrorCode::refused);
  REQUIRE(answered(waiting));
  CHECK(waiting->answer->error().code == ErrorCode::refused);
  CHECK(run_until(loop, [&] { return loop.pool_jobs() == 0; }));
  run_for(loop, Duration(100));
  CHECK(kernel->policies().empty());
  CHECK(service->status()["reloading"] == false);
}

TEST_CASE_METHOD(ReloadFixture, "the service may go while a thread still checks a file for it") {
  const auto reload = ask("policy.reload");
  service.reset();
  CHECK(run_until(loop, [&] { return loop.pool_jobs() == 0; }));
  CHECK_FALSE(*reload);
}

TEST_CASE_METHOD(ReloadFixture, "what the kernel refuses half way is taken back, before that is said") {
  const auto reload = ask("policy.reload");
  REQUIRE(is_half_way());
  kernel->fail_next(Error{ErrorCode::refused, "no memory"}, 10);
  REQUIRE(answered(reload));
  REQUIRE_FALSE(*reload->answer);
  CHECK(reload->answer->error().text.find("no memory") != std::string::npos);
  CHECK(kernel->policies() == before);
  CHECK(service->status()["in_step"] == true);
  CHECK(service->status()["repairs"] == 0);
  CHECK(service->status()["policies"] == 1);
  CHECK(policy_for(to_first) == "default");
  CHECK(agreed == true);
  REQUIRE(call("policy.reload"));
  CHECK(policy_for(to_last) == "host_2999");
}

TEST_CASE_METHOD(ReloadFixture, "what others do to the kernel half way is put right afterwards") {
  const auto reload = ask("policy.reload");
  REQUIRE(is_half_way());
  kernel->flush_policies();
  REQUIRE(answered(reload));
  REQUIRE(*reload->answer);
  CHECK(run_until(loop, [&] { return kernel->policies().size() == before.size() + 2 * very_many; }));
  CHECK(run_until(loop, [&] { return service->status()["repairs"] == 1; }));
  CHECK(decides(telnet_out) == Decision::secure);
}

TEST_CASE("a reload that changes both files tells ikpmd once") {
  ServiceFixture host;
  ListeningIke ike(host.loop, host.paths);
  REQUIRE(host.service->start());
  REQUIRE(run_until(host.loop, [&] { return ike.count("ike.configure") == 1; }));
  REQUIRE(replace_file(entrust_ini(host.paths.configuration()), "[Entrust Settings]\nManager=http://two.example/\n"));
  std::string policies = telnet_secured;
  SECTION("as a whole") { policies += "," + no_udp; }
  SECTION("quickly") { policies.replace(policies.find("AES128"), 6, "AES256"); }
  host.write(document(policies));
  CHECK(host.result("policy.reload")["changed"] == 2);
  run_for(host.loop, Duration(50));
  CHECK(ike.count("ike.configure") == 2);
  CHECK(ike.last("ike.configure")["entrust"]["manager"] == "http://two.example/");
  CHECK(ike.last("ike.configure")["reqids"][0]["reqid"] == host.service->set().keying.reqid_of(0));
}
