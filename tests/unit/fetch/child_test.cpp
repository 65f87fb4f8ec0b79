#include "fetch/child.hpp"

#include <catch2/catch.hpp>

#include "fetch/fetch.hpp"
#include "fetch/reasons.hpp"

using namespace ipsec9000;
using namespace ipsec9000::fetch;

TEST_CASE("what a child says about a failure is read, whatever it is") {
  const auto failure = failure_from(as_bytes(
      R"({"reason":"Connection refused\n","unreachable":true,"local":"10.1.0.1","remote":"10.1.0.9","port":389})"));
  CHECK(failure.reason.find('\n') == std::string::npos);
  CHECK(failure.reason.starts_with("Connection refused"));
  CHECK(failure.unreachable);
  CHECK(failure.local == "10.1.0.1");
  CHECK(failure.remote == "10.1.0.9");
  CHECK(failure.port == 389);
  CHECK(failure_from({}).reason == "no answer in 20 s");
  CHECK(failure_from({}).unreachable);
  CHECK(failure_from(as_bytes("[1]")).unreachable);
  CHECK(failure_from(as_bytes(R"({"reason":7,"port":"x","unreachable":"yes"})")).reason.empty());
  CHECK_FALSE(failure_from(as_bytes(R"({"reason":7,"port":"x","unreachable":"yes"})")).unreachable);
}

TEST_CASE("the server is found in a URL") {
  struct Case {
    const char* url;
    const char* host;
    unsigned port;
  };
  const Case cases[] = {{"http://ca.example/crl", "ca.example", 80},
                        {"http://ca.example:8080/pkix/", "ca.example", 8080},
                        {"http://[fd00::1]:829/pkix", "fd00::1", 829},
                        {"ldap://10.1.0.9/CN=Root,O=Example?certificateRevocationList", "10.1.0.9", 389},
                        {"ldap://10.1.0.9:1389?x", "10.1.0.9", 1389}};
  for (const auto& each : cases) {
    CAPTURE(each.url);
    const auto server = server_of(each.url);
    REQUIRE(server);
    CHECK(server->host == each.host);
    CHECK(server->port == each.port);
  }
  for (const char* wrong : {"https://ca.example/", "http://", "http://:80/", "http://host:port/", "ftp://x/", ""})
    CHECK_FALSE(server_of(wrong));
}

TEST_CASE("a server that is not there is told as unreachable, and a wrong URL is not") {
  const auto refused = explained(Error{ErrorCode::io, "connect timeout"}, "http://127.0.0.1:9/crl");
  CHECK(refused.code == ErrorCode::io);
  CAPTURE(refused.text);
  CHECK(refused.text.find("Connection refused") != std::string::npos);
  CHECK(explained(Error{ErrorCode::refused, "no"}, "http://127.0.0.1:9/crl").text == "no");
  const auto down = ldap_get("ldap://127.0.0.1:9/CN=Root", 1024);
  REQUIRE_FALSE(down);
  CHECK(down.error().code == ErrorCode::io);
  CHECK(fetch_crl("gopher://host/").error().code == ErrorCode::unsupported);
}
