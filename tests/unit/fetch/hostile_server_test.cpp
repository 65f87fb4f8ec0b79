// Servers that are boundless, or so slow that they never end: each is given up in time, with little memory.
#include <arpa/inet.h>
#include <openssl/cmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <functional>
#include <thread>

#include "base/files.hpp"
#include "fetch/cmp.hpp"
#include "fetch/fetch.hpp"
#include "support/certificates.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;
using Clock = std::chrono::steady_clock;

// libldap loses notices that nobody asked for. Where it runs for us, in a child of ikpmd, the process ends with the
// answer.
extern "C" const char* __lsan_default_suppressions() { return "leak:liblber"; }

namespace {
// One connection after the other on a port of the loopback; what is said there is `talk`'s to do, after the first
// request has come, for as long as send() says true.
class HostileServer {
 public:
  using Send = std::function<bool(const std::string&)>;
  explicit HostileServer(std::function<void(const std::string& request, const Send&)> talk) : talk_(std::move(talk)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener_.get(), any, size) == 0);
    REQUIRE(::listen(listener_.get(), 4) == 0);
    REQUIRE(::getsockname(listener_.get(), any, &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~HostileServer() {
    ending_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  std::string at(const std::string& scheme, const std::string& path) const {
    return scheme + "://127.0.0.1:" + std::to_string(port_) + "/" + path;
  }
  std::size_t sent() const { return sent_; }

 private:
  void serve() {
    while (!ending_) {
      const FileDescriptor peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!peer) return;
      const timeval patience{0, 200'000};  // so that an end of the test is seen
      ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
      std::string request(4096, '\0');
      const auto length = ::recv(peer.get(), request.data(), request.size(), 0);
      if (length <= 0) continue;
      request.resize(static_cast<std::size_t>(length));
      talk_(request, [&](const std::string& text) { return send(peer.get(), text); });
    }
  }
  bool send(int peer, const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      const auto length = ::send(peer, text.data() + at, text.size() - at, MSG_NOSIGNAL);
      if (length < 0 && errno == EAGAIN && !ending_) continue;
      if (length <= 0) return false;
      at += static_cast<std::size_t>(length);
      sent_ += static_cast<std::size_t>(length);
    }
    return !ending_;
  }

  std::function<void(const std::string&, const Send&)> talk_;
  FileDescriptor listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::uint16_t port_ = 0;
  std::atomic<bool> ending_ = false;
  std::atomic<std::size_t> sent_ = 0;
  std::thread thread_;
};

void trickle(const std::string& text, const HostileServer::Send& send) {
  constexpr auto pause = std::chrono::milliseconds(100);
  for (const char c : text) {
    if (!send(std::string(1, c))) return;
    std::this_thread::sleep_for(pause);
  }
}

// BER, as far as LDAP (RFC 4511) needs it here: a tag, the length in four bytes, the content.
std::string ber(unsigned char tag, const std::string& content, std::size_t length) {
  std::string head{static_cast<char>(tag), static_cast<char>(0x84)};
  for (int shift = 24; shift >= 0; shift -= 8) head.push_back(static_cast<char>((length >> shift) & 0xff));
  return head + content;
}
std::string ber(unsigned char tag, const std::string& content) { return ber(tag, content, content.size()); }
constexpr unsigned char sequence = 0x30, integer = 0x02, octets = 0x04, set = 0x31, search_entry = 0x64,
                        search_reference = 0x73, extended = 0x78, enumerated = 0x0a;

// The message ID of a request that the client library made: SEQUENCE, INTEGER of one byte.
std::string id_of(const std::string& request) {
  const auto at = request.find(std::string("\x02\x01", 2));
  return at == std::string::npos || at + 2 >= request.size() ? std::string(1, '\x01') : request.substr(at + 2, 1);
}
std::string message(const std::string& id, const std::string& operation) {
  return ber(sequence, ber(integer, id) + operation);
}
std::string entry(const std::string& value) {
  const auto attribute = ber(sequence, ber(octets, "certificateRevocationList;binary") + ber(set, ber(octets, value)));
  return ber(search_entry, ber(octets, "CN=Root") + ber(sequence, attribute));
}

constexpr std::size_t maximum = 64 * 1024;
constexpr unsigned patience = 2;

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

struct Bounds {
  Clock::time_point began = Clock::now();
  std::size_t memory = resident_bytes();
  void hold(const std::string& what) const {
    INFO(what);
    CHECK(Clock::now() - began < std::chrono::seconds(patience + 3));
    const auto now = resident_bytes();
    CHECK((now < memory || now - memory < 300U << 20));
  }
};
}  // namespace

TEST_CASE("a directory that answers is read, whatever else it has to say") {
  HostileServer server([](const std::string& request, const HostileServer::Send& send) {
    const auto id = id_of(request);
    send(message(id, ber(search_reference, ber(octets, "ldap://elsewhere/"))) + message(id, entry("a list")) +
         message(id, ber(0x65, ber(enumerated, std::string(1, '\0')) + ber(octets, "") + ber(octets, ""))));
  });
  const auto got = fetch::ldap_get(server.at("ldap", "CN=Root"), maximum, patience);
  if (!got) FAIL(got.error().text);
  CHECK(std::string(got->begin(), got->end()) == "a list");
}

TEST_CASE("a directory that sends without end, or hardly at all, is given up in time and with little memory") {
  using Talk = std::function<void(const std::string&, const HostileServer::Send&)>;
  const std::string big(60'000, 'x');
  const auto for_ever = [](const std::string& text, const HostileServer::Send& send) {
    while (send(text)) {
    }
  };
  struct Case {
    const char* what;
    Talk talk;
  };
  const Case cases[] = {
      {"a byte now and then",
       [&](const std::string& r, const HostileServer::Send& send) { trickle(message(id_of(r), entry(big)), send); }},
      {"nothing",
       [](const std::string&, const HostileServer::Send& send) {
         while (send("")) std::this_thread::sleep_for(std::chrono::milliseconds(50));
       }},
      {"references without end",
       [&](const std::string& r, const HostileServer::Send& send) {
         for_ever(message(id_of(r), ber(search_reference, ber(octets, "ldap://" + big))), send);
       }},
      {"messages that belong to nothing",
       [&](const std::string&, const HostileServer::Send& send) { for_ever(message("\x70", entry(big)), send); }},
      {"notices that nobody asked for",
       [&](const std::string&, const HostileServer::Send& send) {
         const auto notice = ber(extended, ber(enumerated, std::string(1, '\0')) + ber(octets, "") + ber(octets, big) +
                                               ber(0x8a, "1.3.6.1.4.1.1"));
         for_ever(message(std::string(1, '\0'), notice), send);
       }},
      {"a value without end",
       [&](const std::string& r, const HostileServer::Send& send) {
         constexpr std::size_t huge = 0x7fff'0000;
         send(ber(sequence, ber(integer, id_of(r)) + ber(search_entry, "", huge - 100), huge));
         for_ever(big, send);
       }},
      {"a value that is too large",
       [&](const std::string& r, const HostileServer::Send& send) {
         send(message(id_of(r), entry(std::string(maximum + 1, 'x'))));
       }},
      {"no BER at all", [&](const std::string&, const HostileServer::Send& send) { for_ever(big, send); }}};
  for (const auto& each : cases) {
    HostileServer server(each.talk);
    const Bounds bounds;
    const auto got = fetch::ldap_get(server.at("ldap", "CN=Root"), maximum, patience);
    bounds.hold(each.what);
    INFO(each.what << (got ? "" : ": " + got.error().text));
    CHECK_FALSE(got);
  }
}

TEST_CASE("a value without end is not even begun to be kept") {
  HostileServer server([](const std::string& r, const HostileServer::Send& send) {
    constexpr std::size_t huge = 0x7fff'0000;
    send(ber(sequence, ber(integer, id_of(r)) + ber(search_entry, "", huge - 100), huge));
    const std::string more(65536, 'x');
    while (send(more)) {
    }
  });
  const auto got = fetch::ldap_get(server.at("ldap", "CN=Root"), maximum, patience);
  REQUIRE_FALSE(got);
  CHECK(got.error().text.find("larger than") != std::string::npos);
  CHECK(server.sent() < 32U << 20);  // what waits in sockets' buffers included
}

TEST_CASE("a web server that sends without end, or hardly at all, is given up in time and with little memory") {
  const std::string head = "HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\n";
  const std::string list = ber(sequence, std::string(60'000, 'x'));
  struct Case {
    const char* what;
    std::function<void(const HostileServer::Send&)> talk;
  };
  const auto for_ever = [](const std::string& text, const HostileServer::Send& send) {
    while (send(text)) {
    }
  };
  const Case cases[] = {
      {"a byte now and then", [&](const HostileServer::Send& send) { trickle(head + "\r\n" + list, send); }},
      {"headers now and then",
       [&](const HostileServer::Send& send) { trickle(head + std::string(60'000, 'h'), send); }},
      {"a body now and then",
       [&](const HostileServer::Send& send) {
         send(head + "\r\n" + list.substr(0, 100));
         trickle(list.substr(100), send);
       }},
      {"headers without end",
       [&](const HostileServer::Send& send) {
         send(head);
         for_ever("X-Header: " + std::string(500, 'h') + "\r\n", send);
       }},
      {"a header without end",
       [&](const HostileServer::Send& send) {
         send(head + "X-Header: ");
         for_ever(std::string(60'000, 'h'), send);
       }},
      {"a body without end",
       [&](const HostileServer::Send& send) {
         send(head + "\r\n" + ber(sequence, "", 0x7fff'0000));
         for_ever(list, send);
       }},
      {"redirections without end", [](const HostileServer::Send& send) {
         send("HTTP/1.0 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
       }}};
  for (const auto& each : cases) {
    HostileServer server([&](const std::string&, const HostileServer::Send& send) { each.talk(send); });
    const auto url = server.at("http", "x");
    {
      const Bounds bounds;
      const auto got = fetch::http_get(url, maximum, patience);
      bounds.hold(std::string("GET, ") + each.what);
      CHECK_FALSE(got);
    }
    {
      const Bounds bounds;  // as OCSP asks
      const auto got = fetch::http_post(url, as_bytes("request"), "application/ocsp-request",
                                        "application/ocsp-response", maximum, patience);
      bounds.hold(std::string("POST, ") + each.what);
      CHECK_FALSE(got);
    }
    {
      const Bounds bounds;
      const auto key = test_key("P-256", 1);
      EVP_PKEY_up_ref(key.get());
      const fetch::Enrolment wanted{url,
                                    "gate",
                                    Secret("a secret from the CA"),
                                    "O=Example, CN=gate",
                                    {},
                                    pki::PrivateKey::adopt(key.get()).value()};
      const auto got = fetch::enrol(
          wanted,
          [](ossl_cmp_ctx_st* context, void*) {
            OSSL_CMP_CTX_set_option(context, OSSL_CMP_OPT_MSG_TIMEOUT, patience);
            OSSL_CMP_CTX_set_option(context, OSSL_CMP_OPT_TOTAL_TIMEOUT, patience);
          },
          nullptr);
      bounds.hold(std::string("CMP, ") + each.what);
      CHECK_FALSE(got);
    }
  }
}
