#include "daemon/rpc_peer.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "daemon/rpc_server.hpp"
#include "ipc/unix_socket.hpp"
#include "support/run_loop.hpp"
#include "support/temporary_directory.hpp"

using namespace ipsec9000;
using test::run_for;
using test::run_until;

namespace {
constexpr Duration long_enough{10000};

struct PeerWorld {
  test::TemporaryDirectory directory;
  EventLoop loop;
  std::filesystem::path path = directory / "ikpmd.sock";
  std::unique_ptr<RpcServer> server;
  std::vector<RpcServer::Reply> kept;
  std::vector<std::string> notified;
  RpcPeer peer{loop, path};
  int connected = 0;
  int lost = 0;
  std::vector<Result<Json>> answers;

  PeerWorld() {
    peer.on_connected([this] { ++connected; });
    peer.on_lost([this] { ++lost; });
  }
  void start_server() {
    server = std::make_unique<RpcServer>(loop, path);
    server->add("echo", [](const Json& params, const Caller&, const RpcServer::Reply& reply) { reply(params); });
    server->add("keep",
                [this](const Json&, const Caller&, RpcServer::Reply reply) { kept.push_back(std::move(reply)); });
    server->add("note", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
      notified.push_back(params.dump());
      reply(Json());
    });
    REQUIRE(server->start());
  }
  void connect() {
    start_server();
    peer.start();
    REQUIRE(run_until(loop, [&] { return connected == 1; }));
  }
  void call(const std::string& method, const Json& params = Json::object(), Duration timeout = long_enough,
            RpcPeer::WhenAway away = RpcPeer::WhenAway::fail) {
    peer.call(
        method, params, timeout, [this](const Result<Json>& answer) { answers.push_back(answer); }, away);
  }
  bool answered(std::size_t count) {
    return run_until(loop, [&] { return answers.size() >= count; });
  }
};
}  // namespace

TEST_CASE("a call over the connection is answered, later than it was made") {
  PeerWorld world;
  world.connect();
  world.call("echo", Json{{"a", 1}});
  CHECK(world.answers.empty());
  REQUIRE(world.answered(1));
  CHECK(*world.answers[0] == Json{{"a", 1}});
}

TEST_CASE("the other side's errors come through") {
  PeerWorld world;
  world.connect();
  world.call("ecko");
  REQUIRE(world.answered(1));
  CHECK(world.answers[0].error().code == ErrorCode::unsupported);
}

TEST_CASE("a call while nobody is there fails at once, but not inside the call") {
  PeerWorld world;
  world.peer.start();
  world.call("echo");
  CHECK(world.answers.empty());
  REQUIRE(world.answered(1));
  CHECK(world.answers[0].error().code == ErrorCode::not_running);
  CHECK_THAT(world.answers[0].error().text, Catch::StartsWith("ikpmd"));
}

TEST_CASE("a call may wait for the other side, up to its time") {
  PeerWorld world;
  world.peer.start();
  world.call("echo", Json{{"n", 1}}, long_enough, RpcPeer::WhenAway::wait);
  world.call("echo", Json{{"n", 2}}, long_enough, RpcPeer::WhenAway::wait);
  world.call("echo", Json{{"n", 3}}, Duration(20), RpcPeer::WhenAway::wait);
  REQUIRE(world.answered(1));
  CHECK(world.answers[0].error().code == ErrorCode::timed_out);
  world.start_server();
  REQUIRE(world.answered(3));
  CHECK(world.answers[1]->at("n") == 1);
  CHECK(world.answers[2]->at("n") == 2);
}

TEST_CASE("the connection comes back by itself") {
  PeerWorld world;
  world.peer.start();
  run_for(world.loop, Duration(150));
  CHECK_FALSE(world.peer.connected());
  world.start_server();
  CHECK(run_until(world.loop, [&] { return world.connected == 1; }));
  world.server.reset();
  CHECK(run_until(world.loop, [&] { return world.lost == 1; }));
  CHECK_FALSE(world.peer.connected());
  world.start_server();
  CHECK(run_until(world.loop, [&] { return world.connected == 2; }));
  world.call("echo");
  CHECK(world.answered(1));
  CHECK(world.answers[0]);
}

TEST_CASE("calls under way fail when the connection is lost, and then the loss is told") {
  PeerWorld world;
  world.connect();
  int lost_when_answered = -1;
  world.peer.call("keep", Json::object(), long_enough, [&](const Result<Json>& answer) {
    lost_when_answered = world.lost;
    world.answers.push_back(answer);
  });
  REQUIRE(run_until(world.loop, [&] { return world.kept.size() == 1; }));
  world.server.reset();
  REQUIRE(world.answered(1));
  CHECK(world.answers[0].error().code == ErrorCode::not_running);
  CHECK(run_until(world.loop, [&] { return world.lost == 1; }));
  CHECK(lost_when_answered == 0);
}

TEST_CASE("a call that is not answered ends in time, and the late answer is ignored") {
  PeerWorld world;
  world.connect();
  world.call("keep", Json::object(), Duration(20));
  REQUIRE(world.answered(1));
  CHECK(world.answers[0].error().code == ErrorCode::timed_out);
  world.kept.at(0)(Json("late"));
  world.call("echo");
  REQUIRE(world.answered(2));
  CHECK(world.answers.size() == 2);
  CHECK(*world.answers[1] == Json::object());
}

TEST_CASE("notifications arrive, and are dropped while nobody is there") {
  PeerWorld world;
  world.peer.notify("note", Json::array({1}));
  world.connect();
  world.peer.notify("note", Json::array({2}));
  CHECK(run_until(world.loop, [&] { return !world.notified.empty(); }));
  CHECK(world.notified == std::vector<std::string>{"[2]"});
}

TEST_CASE("what cannot be sent is refused") {
  PeerWorld world;
  world.connect();
  world.call("echo", Json{{"x", std::string(2 << 20, 'x')}});
  REQUIRE(world.answered(1));
  CHECK(world.answers[0].error().code == ErrorCode::invalid_input);
}

TEST_CASE("a listener that never reads holds a bounded amount and times out") {
  PeerWorld world;
  const auto listener = ipc::listen_unix(world.path);
  world.peer.start();
  REQUIRE(run_until(world.loop, [&] { return world.connected == 1; }));
  for (int i = 0; i < 30; ++i) world.call("echo", Json{{"x", std::string(500000, 'x')}}, Duration(200));
  REQUIRE(world.answered(30));
  int refused = 0;
  int timed_out = 0;
  for (const auto& answer : world.answers) {
    refused += answer.error().code == ErrorCode::refused ? 1 : 0;
    timed_out += answer.error().code == ErrorCode::timed_out ? 1 : 0;
  }
  CHECK(refused > 0);
  CHECK(timed_out > 0);
  CHECK(refused + timed_out == 30);
}

TEST_CASE("a listener that talks nonsense is left") {
  PeerWorld world;
  const auto listener = ipc::listen_unix(world.path);
  const std::string nonsense =
      GENERATE(as<std::string>(), "garbage\n", std::string(2 << 20, 'x'),
               "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1,\"message\":\"go away\"}}\n");
  world.peer.start();
  REQUIRE(run_until(world.loop, [&] { return world.connected == 1; }));
  world.call("echo");
  const FileDescriptor client(::accept4(listener->get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  std::size_t sent = 0;
  REQUIRE(run_until(world.loop, [&] {
    const auto count = ::send(client.get(), nonsense.data() + sent, nonsense.size() - sent, MSG_NOSIGNAL);
    if (count > 0) sent += static_cast<std::size_t>(count);
    return world.lost == 1;
  }));
  REQUIRE(world.answers.size() == 1);
  CHECK_FALSE(world.answers[0]);
}

TEST_CASE("a peer may be destroyed from inside a callback, and its calls are never answered then") {
  test::TemporaryDirectory directory;
  EventLoop loop;
  auto server = std::make_unique<RpcServer>(loop, directory / "a.sock");
  REQUIRE(server->start());
  auto peer = std::make_unique<RpcPeer>(loop, directory / "a.sock");
  int answers = 0;
  peer->on_connected([&] {
    peer->call("rpc.ping", Json::object(), long_enough, [&](const Result<Json>&) {
      ++answers;
      peer.reset();
    });
    peer->call("rpc.ping", Json::object(), long_enough, [&](const Result<Json>&) { ++answers; });
  });
  peer->start();
  run_until(loop, [&] { return peer == nullptr; });
  run_for(loop, Duration(30));
  CHECK(answers == 1);
}
