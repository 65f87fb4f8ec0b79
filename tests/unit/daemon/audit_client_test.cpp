#include "daemon/audit_client.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "daemon/rpc_server.hpp"
#include "support/run_loop.hpp"
#include "support/temporary_directory.hpp"

using namespace ipsec9000;
using test::run_for;
using test::run_until;

namespace {
// secauditd as the client sees it: takes `room` records, then refuses.
struct AuditWorld {
  test::TemporaryDirectory directory;
  EventLoop loop;
  std::filesystem::path path = directory / "secauditd.sock";
  std::unique_ptr<RpcServer> server;
  std::vector<AuditRecord> received;
  std::size_t room = SIZE_MAX;
  std::string level = "debug";
  RpcServer::Reply level_question;
  AuditClient client{loop, path, "ikpmd"};

  void start_server() {
    server = std::make_unique<RpcServer>(loop, path);
    server->add("audit.record", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
      std::size_t accepted = 0;
      for (const auto& json : params.at("records")) {
        if (room == 0) break;
        --room;
        ++accepted;
        received.push_back(*audit_record_from_json(json));
      }
      reply(Json{{"accepted", accepted}, {"malformed", 0}, {"level", level}});
    });
    server->add("audit.level", [this](const Json& params, const Caller&, RpcServer::Reply reply) {
      if (params.value("known", "") != level) return reply(Json{{"level", level}});
      level_question = std::move(reply);
    });
    REQUIRE(server->start());
  }
  void record(const std::string& text, const AuditEvent& event = audit::mm_failed) {
    client.record(event, {{"reason", text}});
  }
  // Of many kinds, so that they are no flood.
  void record_mixed(std::size_t count, AuditLevel at_level) {
    for (std::size_t i = 0; i < count; ++i) {
      AuditRecord record;
      record.event = "event-" + std::to_string(i % 100);
      record.level = at_level;
      record.text = "text: " + std::to_string(i);
      client.record(std::move(record));
    }
  }
  bool received_count(std::size_t count) {
    return run_until(loop, [&] { return received.size() >= count; });
  }
};
}  // namespace

TEST_CASE("records arrive in order, with their sender, time and correlation") {
  AuditWorld world;
  world.start_server();
  world.client.start();
  for (int i = 0; i < 1000; ++i) world.record(std::to_string(i));
  world.client.record(audit::mm_timeout, {{"remote", "10.1.0.2"}}, "cafe");
  REQUIRE(world.received_count(1001));
  for (std::size_t i = 0; i < 1000; ++i) CHECK_THAT(world.received[i].text, Catch::EndsWith(": " + std::to_string(i)));
  CHECK(world.received[0].from == "ikpmd");
  CHECK(world.received[0].time > WallTime(milliseconds(1700000000000)));
  CHECK(world.received[1000].correlation == "cafe");
}

TEST_CASE("records wait while secauditd is away, across its restart") {
  AuditWorld world;
  world.client.start();
  world.record("before");
  run_for(world.loop, Duration(20));
  world.start_server();
  REQUIRE(world.received_count(1));
  world.server.reset();
  world.record("between");
  run_for(world.loop, Duration(20));
  world.start_server();
  REQUIRE(world.received_count(2));
  CHECK_THAT(world.received[1].text, Catch::EndsWith("between"));
  CHECK(world.client.queued() == 0);
}

TEST_CASE("what a full disk refuses is offered again, once each") {
  AuditWorld world;
  world.start_server();
  world.client.start();
  world.room = 3;
  for (int i = 0; i < 5; ++i) world.record(std::to_string(i));
  REQUIRE(world.received_count(3));
  run_for(world.loop, Duration(50));
  CHECK(world.client.queued() == 2);
  world.room = SIZE_MAX;
  REQUIRE(world.received_count(5));
  CHECK(world.received.size() == 5);
  CHECK_THAT(world.received[4].text, Catch::EndsWith(": 4"));
}

TEST_CASE("the queue is bounded, and what was lost is told") {
  AuditWorld world;
  world.client.start();
  world.record_mixed(AuditClient::max_queued + 50, AuditLevel::error);
  CHECK(world.client.queued() == AuditClient::max_queued);
  CHECK(world.client.dropped() == 50);
  world.start_server();
  REQUIRE(world.received_count(AuditClient::max_queued + 1));
  const auto lost = std::find_if(world.received.begin(), world.received.end(),
                                 [](const auto& record) { return record.event == "audit-records-dropped"; });
  REQUIRE(lost != world.received.end());
  CHECK_THAT(lost->text, Catch::StartsWith("50 audit records of ikpmd were lost"));
}

TEST_CASE("a flood of unimportant records leaves room for important ones") {
  AuditWorld world;
  world.client.start();
  world.record_mixed(AuditClient::max_queued, AuditLevel::debug);
  CHECK(world.client.queued() == AuditClient::max_queued / 2);
  world.client.record(audit::auth_failed, {{"remote", "10.1.0.2"}});
  CHECK(world.client.queued() == AuditClient::max_queued / 2 + 1);
}

TEST_CASE("a secauditd that takes connections and never answers holds nobody up, and loses nothing that was queued") {
  AuditWorld world;
  std::vector<RpcServer::Reply> kept;
  world.server = std::make_unique<RpcServer>(world.loop, world.path);
  for (const char* method : {"audit.record", "audit.level"})
    world.server->add(method,
                      [&](const Json&, const Caller&, RpcServer::Reply reply) { kept.push_back(std::move(reply)); });
  REQUIRE(world.server->start());
  world.client.start();
  world.record_mixed(3 * AuditClient::max_queued, AuditLevel::error);
  CHECK(world.client.queued() <= AuditClient::max_queued);
  REQUIRE(run_until(world.loop, [&] { return kept.size() == 2; }));
  const auto before = world.loop.now();
  run_for(world.loop, Duration(100));
  CHECK(world.loop.now() - before < Duration(2000));  // the loop turned meanwhile
  CHECK(world.received.empty());
  const auto waiting = world.client.queued();
  world.server.reset();  // somebody ends it, and a good one is started
  kept.clear();
  world.start_server();
  CHECK(world.received_count(waiting));
}

TEST_CASE("the level follows secauditd's, at the beginning and when it changes") {
  AuditWorld world;
  world.level = "error";
  world.start_server();
  world.client.start();
  REQUIRE(run_until(world.loop, [&] { return world.client.level() == AuditLevel::error; }));
  CHECK_FALSE(world.client.wants(AuditLevel::informative));
  world.record("unwanted", audit::qm_started);
  CHECK(world.client.queued() == 0);
  REQUIRE(run_until(world.loop, [&] { return static_cast<bool>(world.level_question); }));
  world.level = "debug";
  world.level_question(Json{{"level", "debug"}});
  REQUIRE(run_until(world.loop, [&] { return world.client.wants(AuditLevel::debug); }));
  world.record("wanted", audit::qm_started);
  CHECK(world.received_count(1));
}

TEST_CASE("who waits for the queue to empty is told once") {
  AuditWorld world;
  int drained = 0;
  world.client.when_drained([&] { ++drained; });
  CHECK(drained == 1);
  world.client.start();
  world.record("x");
  world.client.when_drained([&] { ++drained; });
  run_for(world.loop, Duration(20));
  CHECK(drained == 1);
  world.start_server();
  CHECK(run_until(world.loop, [&] { return drained == 2; }));
}

TEST_CASE("the largest records go through") {
  AuditWorld world;
  world.start_server();
  world.client.start();
  AuditFields fields;
  for (std::size_t i = 0; i < max_audit_fields; ++i)
    fields.emplace_back("f" + std::to_string(i), std::string(5000, '\n'));
  for (int i = 0; i < 20; ++i) {
    fields[0].second = std::to_string(i);
    world.client.record(audit::mm_failed, fields, std::to_string(i));
  }
  CHECK(world.received_count(20));
  CHECK(world.client.dropped() == 0);
}

TEST_CASE("a flood is summarised, and memory stays bounded while secauditd is away") {
  AuditWorld world;
  world.client.start();
  for (int i = 0; i < 100'000; ++i) world.record(std::to_string(i));
  CHECK(world.client.queued() <= 1001);
  for (int i = 0; i < 100'000; ++i) world.record("the same", audit::qm_failed);
  world.start_server();
  REQUIRE(run_until(world.loop, [&] {
    return std::any_of(world.received.begin(), world.received.end(), [](const auto& record) {
      return record.text.find("(repeated 99999 times)") != std::string::npos;
    });
  }));
  CHECK(world.received.size() <= 1004);
  CHECK(world.client.dropped() == 0);
}

TEST_CASE("what is summarised is told before the end") {
  AuditWorld world;
  world.start_server();
  world.client.start();
  for (int i = 0; i < 3; ++i) world.record("the same");
  bool drained = false;
  world.client.when_drained([&] { drained = true; });
  REQUIRE(run_until(world.loop, [&] { return drained; }));
  REQUIRE(world.received.size() == 2);
  CHECK_THAT(world.received[1].text, Catch::EndsWith("(repeated 2 times)"));
}
