#include "ipc/client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <thread>

#include "ipc/line_buffer.hpp"
#include "ipc/message.hpp"
#include "ipc/unix_socket.hpp"
#include "support/temporary_directory.hpp"

using namespace ipsec9000;
using namespace ipsec9000::ipc;

namespace {
constexpr Duration long_enough{10000};

// A daemon that takes one client and sends, for each line, what `answer` says, byte for byte; "" closes.
class ScriptedDaemon {
 public:
  using Answer = std::function<std::string(const Request&)>;
  explicit ScriptedDaemon(Answer answer)
      : answer_(std::move(answer)), listener_(std::move(*listen_unix(path()))), thread_([this] { serve(); }) {}
  ~ScriptedDaemon() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  std::filesystem::path path() const { return directory_ / "testd.sock"; }

 private:
  static bool wait(int fd) {
    pollfd ready{fd, POLLIN, 0};
    return ::poll(&ready, 1, 20000) == 1;
  }

  void serve() {
    if (!wait(listener_.get())) return;
    const FileDescriptor client(::accept(listener_.get(), nullptr, nullptr));
    LineBuffer input;
    char chunk[65536];
    while (client && wait(client.get())) {
      const auto count = ::read(client.get(), chunk, sizeof chunk);
      if (count <= 0) return;
      input.append({chunk, static_cast<std::size_t>(count)});
      for (auto line = input.next(); line && *line; line = input.next()) {
        const auto text = answer_(std::get<Request>(decode(**line)));
        if (text.empty()) return;
        (void)::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
      }
    }
  }

  test::TemporaryDirectory directory_;
  Answer answer_;
  FileDescriptor listener_;
  std::thread thread_;
};

std::string result(const Request& request, const Json& value) { return encode_result(request.id, value) + "\n"; }

Result<Json> call_once(const ScriptedDaemon& daemon, Duration timeout = long_enough) {
  auto client = Client::connect(daemon.path(), long_enough);
  REQUIRE(client);
  return client->call("m", Json::object(), timeout);
}
}  // namespace

TEST_CASE("a call gives the daemon's result") {
  const ScriptedDaemon daemon([](const Request& request) {
    return result(request, Json{{"method", request.method}, {"params", request.params}});
  });
  auto client = Client::connect(daemon.path(), long_enough);
  REQUIRE(client);
  CHECK(client->call("a", Json{{"x", 1}}, long_enough)->dump() == R"({"method":"a","params":{"x":1}})");
  CHECK(client->call("b", Json::array({1}), long_enough)->dump() == R"({"method":"b","params":[1]})");
}

TEST_CASE("a call gives the daemon's error") {
  const ScriptedDaemon daemon([](const Request& request) {
    return encode(Response{request.id, Error{ErrorCode::not_found, "no such thing"}}) + "\n";
  });
  const auto answer = call_once(daemon);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::not_found);
  CHECK(answer.error().text == "no such thing");
}

TEST_CASE("no daemon is not_running") {
  const test::TemporaryDirectory directory;
  const auto client = Client::connect(directory / "ikpmd.sock", long_enough);
  REQUIRE_FALSE(client);
  CHECK(client.error().code == ErrorCode::not_running);
  CHECK_THAT(client.error().text, Catch::StartsWith("ikpmd is not running"));
}

TEST_CASE("a daemon that is silent is timed_out, and its late answer is not taken for the next one") {
  int calls = 0;
  const ScriptedDaemon daemon([&](const Request& request) {
    if (++calls == 1) {
      std::this_thread::sleep_for(milliseconds(200));
      return result(request, "late");
    }
    return result(request, "right");
  });
  auto client = Client::connect(daemon.path(), long_enough);
  REQUIRE(client);
  const auto first = client->call("m", Json::object(), Duration(50));
  REQUIRE_FALSE(first);
  CHECK(first.error().code == ErrorCode::timed_out);
  CHECK(*client->call("m", Json::object(), long_enough) == "right");
}

TEST_CASE("a daemon that closes is not_running") {
  const ScriptedDaemon daemon([](const Request&) { return std::string(); });
  const auto answer = call_once(daemon);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::not_running);
}

TEST_CASE("a daemon that talks nonsense is an error") {
  const std::string nonsense = GENERATE(as<std::string>(), "garbage\n", "[]\n", "{}\n", std::string(2 << 20, 'x'),
                                        std::string(100000, '[') + "\n");
  const ScriptedDaemon daemon([&](const Request&) { return nonsense; });
  const auto answer = call_once(daemon);
  REQUIRE_FALSE(answer);
}

TEST_CASE("answers to others and notifications are passed over") {
  const ScriptedDaemon daemon([](const Request& request) {
    return encode_result(999, "other") + "\n" + encode(Notification{"changed", Json::object()}) + "\n" +
           result(request, "mine");
  });
  CHECK(*call_once(daemon) == "mine");
}

TEST_CASE("who is turned away hears why") {
  const ScriptedDaemon daemon([](const Request&) {
    return encode_error(nullptr, {ErrorCode::not_permitted, "only root"}, -32007) + "\n";
  });
  const auto answer = call_once(daemon);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::not_permitted);
}

TEST_CASE("pages are asked for until there is none") {
  const ScriptedDaemon daemon([](const Request& request) {
    const auto from = request.params.value("cursor", 0);
    return result(request,
                  {{"items", Json::array({from, from + 1})}, {"next", from < 4 ? Json(from + 2) : Json(nullptr)}});
  });
  auto client = Client::connect(daemon.path(), long_enough);
  std::vector<int> items;
  const auto each = [&](const Json& item) -> Result<void> {
    items.push_back(item.get<int>());
    return {};
  };
  REQUIRE(client->call_pages("list", Json{{"view", "sad"}}, each, long_enough));
  CHECK(items == std::vector<int>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("an item's error ends the pages") {
  const ScriptedDaemon daemon([](const Request& request) {
    return result(request, {{"items", Json::array({1, 2})}, {"next", 7}});
  });
  auto client = Client::connect(daemon.path(), long_enough);
  int seen = 0;
  const auto each = [&](const Json&) -> Result<void> {
    ++seen;
    return Error{ErrorCode::io, "disk full"};
  };
  CHECK(client->call_pages("list", Json::object(), each, long_enough).error().code == ErrorCode::io);
  CHECK(seen == 1);
}

TEST_CASE("pages that are none, or never end, are an error") {
  const Json page =
      GENERATE(Json(1), Json::array(), Json::object(), Json{{"items", 1}}, Json{{"items", Json::array()}, {"next", 7}});
  const ScriptedDaemon daemon([&](const Request& request) { return result(request, page); });
  auto client = Client::connect(daemon.path(), long_enough);
  CHECK_FALSE(client->call_pages(
      "list", Json::object(), [](const Json&) { return Result<void>(); }, long_enough));
}
