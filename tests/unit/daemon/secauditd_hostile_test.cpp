// What a client may do to secauditd harms that client only.
#include <sys/socket.h>

#include <fstream>

#include "ipc/unix_socket.hpp"
#include "secauditd_fixture.hpp"
#include "support/hostile_text.hpp"

using namespace ipsec9000;
using test::long_enough;
using test::Secauditd;

namespace {
FileDescriptor connect(const Secauditd& daemon) {
  for (int i = 0; i < 2000; ++i) {
    auto socket = ipc::connect_unix(daemon.socket());
    if (socket) return std::move(*socket);
    std::this_thread::sleep_for(Duration(5));
  }
  return {};
}

// Until everything is sent, or the daemon closes, or takes nothing for a while.
std::size_t push(const FileDescriptor& socket, std::string_view bytes) {
  std::size_t sent = 0;
  for (int waits = 0; sent < bytes.size() && waits < 100;) {
    const auto count = ::send(socket.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
      waits = 0;
    } else if (errno == EAGAIN) {
      ++waits;
      std::this_thread::sleep_for(Duration(5));
    } else {
      break;
    }
  }
  return sent;
}

// Far more than it needs; AddressSanitizer keeps freed memory back (256 MB).
#ifdef IPSEC9000_SANITIZED
constexpr std::size_t most_kilobytes = 800000;
#else
constexpr std::size_t most_kilobytes = 100000;
#endif

std::size_t resident_kilobytes(Secauditd& daemon) {
  std::ifstream status("/proc/" + std::to_string(daemon.process().pid()) + "/status");
  std::string word;
  while (status >> word)
    if (word == "VmRSS:") {
      std::size_t kilobytes = 0;
      status >> kilobytes;
      return kilobytes;
    }
  return 0;
}

void check_alive(const Secauditd& daemon) {
  const auto answer = daemon.record({{audit::mm_failed, "still here"}});
  REQUIRE(answer);
  CHECK(answer->at("accepted") == 1);
}
}  // namespace

TEST_CASE("garbage of all kinds is survived") {
  const Secauditd daemon;
  for (const auto& garbage :
       {std::string("garbage\n"), std::string(100000, '['), std::string(100000, '{') + "\n", std::string("\0\0\n", 3),
        std::string("\n\n\n\n"), std::string("\xff\xff\xff\xff\n"), std::string(2 << 20, 'x'),
        std::string(2 << 20, '\n'), std::string(R"([{"jsonrpc":"2.0","id":1,"method":"daemon.stop"}])") + "\n"}) {
    const auto socket = connect(daemon);
    push(socket, garbage);
  }
  check_alive(daemon);
}

TEST_CASE("records of wrong shape are counted, and the good ones beside them are kept") {
  const Secauditd daemon;
  auto good = to_json(make_record(audit::mm_failed, {{"reason", "good"}}));
  good["from"] = "test";
  Json records = Json::array({1, nullptr, Json::object(), Json::array(), "x", good});
  auto deep = good;
  deep["fields"] = Json{{"a", Json{{"b", 1}}}};
  records.push_back(deep);
  const auto answer = daemon.call("audit.record", Json{{"records", records}});
  REQUIRE(answer);
  CHECK(answer->at("accepted") == 7);
  CHECK(answer->at("malformed") == 6);
  CHECK(daemon.written().size() == 1);
  for (const auto& params : {Json::object(), Json::array(), Json{{"records", 1}}, Json{{"records", Json::object()}}})
    CHECK_FALSE(daemon.call("audit.record", params));
}

TEST_CASE("hostile texts cannot forge a line of the file") {
  const Secauditd daemon;
  for (const auto& [what, text] : test::hostile_texts()) {
    AuditRecord record;
    record.from = "test";
    record.event = "test-event";
    record.text = text;
    const auto line = to_json(record).dump(-1, ' ', false, Json::error_handler_t::replace);
    REQUIRE(daemon.call("audit.record", Json{{"records", Json::array({Json::parse(line)})}}));
  }
  const auto records = daemon.written();
  CHECK(records.size() == test::hostile_texts().size());
  for (const auto& record : records) CHECK(test::is_one_clean_line(record.text));
  const auto content = read_file(daemon.status().at("file").get<std::string>());
  REQUIRE(content);
  CHECK(static_cast<std::size_t>(std::count(content->begin(), content->end(), '\n')) == records.size());
}

TEST_CASE("a client that asks and never reads is dropped, and memory stays bounded") {
  Secauditd daemon;
  const auto socket = connect(daemon);
  std::string requests;
  for (int i = 0; i < 2000; ++i)
    requests += R"({"jsonrpc":"2.0","id":)" + std::to_string(i) +
                R"(,"method":"audit.status"})"
                "\n";
  std::size_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    const auto count = push(socket, requests);
    sent += count;
    if (count < requests.size()) break;
  }
  CHECK(sent < 100 * requests.size());
  check_alive(daemon);
  CHECK(resident_kilobytes(daemon) < most_kilobytes);
}

TEST_CASE("questions that wait are bounded too") {
  Secauditd daemon;
  std::string questions;
  for (int i = 0; i < 60; ++i)
    questions += R"({"jsonrpc":"2.0","id":)" + std::to_string(i) +
                 R"(,"method":"audit.level","params":{"known":"error"}})"
                 "\n";
  for (int i = 0; i < 200; ++i) push(connect(daemon), questions);
  check_alive(daemon);
  CHECK(resident_kilobytes(daemon) < most_kilobytes);
}

TEST_CASE("a thousand connections, idle or broken off, do not keep others out for good") {
  const Secauditd daemon;
  {
    std::vector<FileDescriptor> idle;
    for (int i = 0; i < 1000; ++i) {
      auto socket = ipc::connect_unix(daemon.socket());
      if (socket) idle.push_back(std::move(*socket));
      if (i % 3 == 0 && !idle.empty()) push(idle.back(), R"({"jsonrpc":"2.0","id":1,"method":"audit.sta)");
    }
    CHECK(idle.size() > 100);
  }
  for (int i = 0; i < 1000; ++i) {
    const auto answer = daemon.call("rpc.ping");
    if (answer) break;
    std::this_thread::sleep_for(Duration(5));
  }
  check_alive(daemon);
}
