#include "daemon/rpc_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "ipc/message.hpp"
#include "ipc/unix_socket.hpp"
#include "support/run_loop.hpp"
#include "support/temporary_directory.hpp"

using namespace ipsec9000;
using test::run_for;
using test::run_until;

namespace {

struct Server {
  test::TemporaryDirectory directory;
  EventLoop loop;
  std::filesystem::path path = directory / "testd.sock";
  std::unique_ptr<RpcServer> rpc;
  std::vector<RpcServer::Reply> kept;  // of "keep": answered when the test says so
  int calls = 0;

  explicit Server(RpcLimits limits = {}) : rpc(std::make_unique<RpcServer>(loop, path, limits)) {
    rpc->add("echo", [this](const Json& params, const Caller&, const RpcServer::Reply& reply) {
      ++calls;
      reply(params);
    });
    rpc->add("keep", [this](const Json&, const Caller&, RpcServer::Reply reply) {
      ++calls;
      kept.push_back(std::move(reply));
    });
    rpc->add("drop", [](const Json&, const Caller&, const RpcServer::Reply&) {});
    rpc->add("twice", [](const Json&, const Caller&, const RpcServer::Reply& reply) {
      reply(Json(1));
      reply(Json(2));
    });
    rpc->add("throw",
             [](const Json& params, const Caller&, const RpcServer::Reply& reply) { reply(params.at("missing")); });
    rpc->add("large", [](const Json& params, const Caller&, const RpcServer::Reply& reply) {
      reply(Json(std::string(params.value("size", std::size_t{0}), 'x')));
    });
    rpc->add("who", [](const Json&, const Caller& caller, const RpcServer::Reply& reply) {
      reply(Json{{"uid", caller.uid}, {"pid", caller.pid}});
    });
    REQUIRE(rpc->start());
  }
};

// Talks to the server bytewise, while the test runs the loop.
class RawClient {
 public:
  explicit RawClient(Server& server) : loop_(server.loop), socket_(std::move(*ipc::connect_unix(server.path))) {}

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
      } else if (errno == EAGAIN) {
        run_for(loop_, Duration(2));
      } else {
        return;
      }
    }
  }
  void request(int id, const std::string& method, const Json& params = Json::object()) {
    send(ipc::encode(ipc::Request{id, method, params}) + "\n");
  }

  // The next line, or "" at the end of the connection.
  std::string line() {
    const bool settled = run_until(loop_, [&] {
      receive();
      return ended_ || text_.find('\n') != std::string::npos;
    });
    CHECK(settled);
    const auto end = text_.find('\n');
    if (end == std::string::npos) return {};
    auto first = text_.substr(0, end);
    text_.erase(0, end + 1);
    return first;
  }
  ipc::Response response() {
    auto message = ipc::decode(line());
    REQUIRE(std::holds_alternative<ipc::Response>(message));
    return std::get<ipc::Response>(message);
  }
  bool ended() {
    return run_until(loop_, [&] {
      receive();
      return ended_;
    });
  }
  void shut_writing() const { ::shutdown(socket_.get(), SHUT_WR); }

 private:
  void receive() {
    char chunk[65536];
    while (true) {
      const auto count = ::recv(socket_.get(), chunk, sizeof chunk, 0);
      if (count > 0) text_.append(chunk, static_cast<std::size_t>(count));
      if (count == 0 || (count < 0 && errno != EAGAIN)) ended_ = true;
      if (count <= 0) return;
    }
  }
  EventLoop& loop_;
  FileDescriptor socket_;
  std::string text_;
  bool ended_ = false;
};

}  // namespace

TEST_CASE("a method answers by its name") {
  Server server;
  RawClient client(server);
  client.request(1, "echo", Json{{"a", 1}});
  const auto response = client.response();
  CHECK(response.id == 1);
  CHECK(*response.outcome == Json{{"a", 1}});
}

TEST_CASE("the built-in methods are there") {
  Server server;
  RawClient client(server);
  client.request(1, "rpc.ping");
  CHECK(*client.response().outcome == Json::object());
  client.request(2, "rpc.methods");
  CHECK(client.response().outcome->dump() ==
        R"(["drop","echo","keep","large","rpc.methods","rpc.ping","throw","twice","who"])");
}

TEST_CASE("an unknown method names the nearest known one") {
  Server server;
  RawClient client(server);
  client.request(1, "ecko");
  const auto line = client.line();
  CHECK_THAT(line, Catch::Contains("-32601"));
  CHECK_THAT(line, Catch::Contains("did you mean \\\"echo\\\""));
}

TEST_CASE("the caller is known") {
  Server server;
  RawClient client(server);
  client.request(1, "who");
  const auto response = client.response();
  CHECK(response.outcome->at("uid") == ::geteuid());
  CHECK(response.outcome->at("pid") == ::getpid());
}

TEST_CASE("requests arrive however the stream is cut") {
  Server server;
  RawClient client(server);
  const auto text = ipc::encode(ipc::Request{1, "echo", Json{{"a", 1}}}) + "\n" +
                    ipc::encode(ipc::Request{2, "echo", Json{{"a", 2}}}) + "\n";
  for (const char c : text) {
    client.send(std::string_view(&c, 1));
    run_for(server.loop, Duration(0));
  }
  CHECK(client.response().id == 1);
  CHECK(client.response().id == 2);
}

TEST_CASE("answers may come later and in another order") {
  Server server;
  RawClient client(server);
  client.request(1, "keep");
  client.request(2, "keep");
  REQUIRE(run_until(server.loop, [&] { return server.kept.size() == 2; }));
  server.kept[1](Json("second"));
  server.kept[0](Json("first"));
  CHECK(client.response().id == 2);
  CHECK(client.response().id == 1);
}

TEST_CASE("a request is answered exactly once, whatever the method does") {
  Server server;
  RawClient client(server);
  client.request(1, "twice");
  client.request(2, "drop");
  client.request(3, "throw");
  client.request(4, "rpc.ping");
  std::map<int, Result<Json>> answers;
  for (int i = 0; i < 4; ++i) {
    const auto response = client.response();
    CHECK(answers.emplace(response.id.get<int>(), response.outcome).second);
  }
  CHECK(*answers.at(1) == 1);
  CHECK(answers.at(2).error().code == ErrorCode::internal);
  CHECK(answers.at(3).error().code == ErrorCode::invalid_input);
  CHECK(answers.at(4));
}

TEST_CASE("notifications are carried out and not answered") {
  Server server;
  RawClient client(server);
  client.send(ipc::encode(ipc::Notification{"echo", Json::object()}) + "\n");
  client.send(ipc::encode(ipc::Notification{"unknown", Json::object()}) + "\n");
  client.request(1, "rpc.ping");
  CHECK(client.response().id == 1);
  CHECK(server.calls == 1);
}

TEST_CASE("nonsense is answered with an error, and the connection goes on") {
  Server server;
  RawClient client(server);
  const std::string nonsense =
      GENERATE(as<std::string>(), "garbage", "[]", "{}", "1", "\xff\xff", "GET / HTTP/1.0", std::string(100000, '['),
               R"([{"jsonrpc":"2.0","id":1,"method":"echo"}])", std::string("\0\0", 2));
  client.send(nonsense + "\n");
  CHECK_FALSE(client.response().outcome);
  client.request(1, "rpc.ping");
  CHECK(client.response().outcome);
}

TEST_CASE("a line that is too long ends the connection, with a reason") {
  Server server;
  RawClient client(server);
  client.send(std::string(2 << 20, 'x'));
  const auto response = client.response();
  CHECK_THAT(response.outcome.error().text, Catch::Contains("at most"));
  CHECK(client.ended());
  CHECK(run_until(server.loop, [&] { return server.rpc->clients() == 0; }));
}

TEST_CASE("an answer that is too large becomes an error") {
  Server server;
  RawClient client(server);
  client.request(1, "large", Json{{"size", 2 << 20}});
  CHECK_FALSE(client.response().outcome);
  client.request(2, "large", Json{{"size", 1000000}});
  CHECK(client.response().outcome->get_ref<const std::string&>().size() == 1000000);
}

TEST_CASE("a client that never reads is dropped, and the others do not notice") {
  Server server(RpcLimits{.unsent_bytes = 4 << 20});
  RawClient deaf(server);
  RawClient other(server);
  for (int i = 0; i < 20; ++i) deaf.request(i, "large", Json{{"size", 1000000}});
  CHECK(run_until(server.loop, [&] { return server.rpc->clients() == 1; }));
  other.request(1, "rpc.ping");
  CHECK(other.response().outcome);
}

TEST_CASE("more requests than may be outstanding are read when the earlier ones are answered") {
  Server server(RpcLimits{.outstanding = 3});
  RawClient client(server);
  for (int i = 0; i < 10; ++i) client.request(i, "keep");
  run_for(server.loop, Duration(30));
  CHECK(server.kept.size() == 3);
  RawClient other(server);
  other.request(1, "rpc.ping");
  CHECK(other.response().outcome);
  for (std::size_t i = 0; i < 10; ++i) {
    REQUIRE(run_until(server.loop, [&] { return server.kept.size() > i; }));
    server.kept[i](Json());
    CHECK(client.response().id == static_cast<int>(i));
  }
}

TEST_CASE("a method is never called from inside another one's answer") {
  Server server(RpcLimits{.outstanding = 1});
  RawClient client(server);
  client.request(1, "keep");
  client.request(2, "keep");
  REQUIRE(run_until(server.loop, [&] { return server.kept.size() == 1; }));
  server.kept[0](Json());
  CHECK(server.kept.size() == 1);
  CHECK(run_until(server.loop, [&] { return server.kept.size() == 2; }));
}

TEST_CASE("more clients than allowed are told so") {
  Server server(RpcLimits{.clients = 2});
  RawClient first(server), second(server), third(server);
  CHECK(third.response().outcome.error().code == ErrorCode::refused);
  CHECK(third.ended());
  second.request(1, "rpc.ping");
  CHECK(second.response().outcome);
}

TEST_CASE("a client that only stops writing still gets its answers") {
  Server server;
  RawClient client(server);
  client.request(1, "keep");
  client.shut_writing();
  REQUIRE(run_until(server.loop, [&] { return server.kept.size() == 1; }));
  run_for(server.loop, Duration(20));
  server.kept[0](Json("late"));
  CHECK(*client.response().outcome == "late");
  CHECK(client.ended());
  CHECK(server.rpc->clients() == 0);
}

TEST_CASE("an answer for a client or a server that has gone is dropped") {
  Server server;
  {
    RawClient client(server);
    client.request(1, "keep");
    REQUIRE(run_until(server.loop, [&] { return server.kept.size() == 1; }));
  }
  RawClient client(server);
  client.request(2, "keep");
  REQUIRE(run_until(server.loop, [&] { return server.kept.size() == 2; }));
  server.kept[0](Json());
  server.rpc.reset();
  server.kept[1](Json());
  CHECK(client.ended());
}

TEST_CASE("a socket in use is not taken over, and one's own is removed at the end") {
  Server server;
  RpcServer second(server.loop, server.path);
  const auto started = second.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().code == ErrorCode::already_exists);
  RawClient client(server);
  client.request(1, "rpc.ping");
  CHECK(client.response().outcome);
  server.rpc.reset();
  CHECK_FALSE(std::filesystem::exists(server.path));
}

TEST_CASE("only root, or the user the daemon runs as, is served") {
  if (::geteuid() != 0) return;  // who is not root cannot become somebody else
  Server server;
  REQUIRE(::chmod(server.path.c_str(), 0666) == 0);
  REQUIRE(::chmod(server.directory.path().c_str(), 0755) == 0);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const FileDescriptor reader(ends[0]);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(1);
    const auto socket = ipc::connect_unix(server.path);
    char text[1024];
    ssize_t count = -1;
    for (int i = 0; socket && i < 1000 && count < 0; ++i) {
      count = ::recv(socket->get(), text, sizeof text, 0);
      ::usleep(5000);
    }
    ::_exit(count > 0 && ::write(ends[1], text, static_cast<std::size_t>(count)) == count ? 0 : 2);
  }
  ::close(ends[1]);
  int status = -1;
  REQUIRE(run_until(server.loop, [&] { return ::waitpid(child, &status, WNOHANG) == child; }));
  CHECK(status == 0);
  char text[1024] = {};
  CHECK(::read(reader.get(), text, sizeof text - 1) > 0);
  CHECK_THAT(std::string(text), Catch::Contains("not-permitted"));
  CHECK(server.rpc->clients() == 0);
}
