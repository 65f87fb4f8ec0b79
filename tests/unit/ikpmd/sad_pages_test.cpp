#include "sad_pages.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "support/fake_kernel.hpp"

using namespace ipsec9000;

namespace {
SaSpec sa(std::uint32_t spi) {
  SaSpec spec{*IpAddress::parse("10.1.0.1"), *IpAddress::parse("10.1.0.2"), Spi{spi}, SaProtocol::esp};
  spec.reqid = spi % 2 == 0 ? 4242 : 7;
  spec.encryption = SaEncryption{"cbc(aes)", Secret(Bytes(16, 0x22)), 0};
  spec.authentication = SaAuthentication{"hmac(sha256)", Secret(Bytes(32, 0x11)), 128};
  return spec;
}

void add(FakeKernel& kernel, std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t n = 0; n < count; ++n) REQUIRE(kernel.add_sa(sa(first + n)));
}

std::optional<ike::SaFacts> facts(const ike::SaKey&, std::uint32_t reqid) {
  if (reqid != 4242) return std::nullopt;
  return ike::SaFacts{"telnet_out", {}};
}

std::string spi(std::uint32_t number) { return hex8(number); }
}  // namespace

TEST_CASE("a list gives every SA once, a bounded number a page, however many there are") {
  FakeKernel kernel;
  add(kernel, 0x1000, 5000);
  SadPages pages(kernel, facts);
  std::map<std::string, int> seen;
  std::size_t longest = 0;
  Json params = Json::object();
  for (int calls = 0; calls < 100; ++calls) {
    const auto page = pages.page(params);
    REQUIRE(page);
    longest = std::max(longest, (*page)["items"].size());
    for (const auto& item : (*page)["items"]) {
      ++seen[item["spi"].get<std::string>()];
      CHECK(item["policy"] == (item["reqid"] == 4242 ? "telnet_out" : ""));
    }
    if ((*page)["next"].is_null()) break;
    params["cursor"] = (*page)["next"];
  }
  CHECK(seen.size() == 5000);
  for (const auto& [name, times] : seen) CHECK(times == 1);
  CHECK(longest < SadPages::page_size + FakeKernel::sas_a_piece);
}

TEST_CASE("what comes and goes between two pages disturbs neither the list nor what stays") {
  FakeKernel kernel;
  add(kernel, 0x1000, 1000);
  SadPages pages(kernel, facts);
  const auto first = pages.page(Json::object());
  REQUIRE(first);
  kernel.delete_foreign(sa(0x1000).id());        // given already
  kernel.delete_foreign(sa(0x1000 + 999).id());  // would have come
  add(kernel, 0x9000, 1);                        // will come
  std::set<std::string> rest;
  Json params{{"cursor", (*first)["next"]}};
  for (int calls = 0; calls < 100 && !params["cursor"].is_null(); ++calls) {
    const auto page = pages.page(params);
    REQUIRE(page);
    for (const auto& item : (*page)["items"]) rest.insert(item["spi"].get<std::string>());
    params["cursor"] = (*page)["next"];
  }
  CHECK(rest.size() == 1000 - (*first)["items"].size());
  CHECK(rest.count(spi(0x9000)) == 1);
  CHECK(rest.count(spi(0x1000 + 999)) == 0);
}

TEST_CASE("a page is given once; a made-up cursor is refused, and so is one of a list that was pushed out") {
  FakeKernel kernel;
  add(kernel, 0x1000, 1000);
  SadPages pages(kernel, facts);
  const auto first = pages.page(Json::object());
  REQUIRE(first);
  const Json second{{"cursor", (*first)["next"]}};
  const auto after = pages.page(second);
  REQUIRE(after);
  CHECK(pages.page(second).error().code == ErrorCode::not_found);
  for (const char* text : {"", ":", "1", "1:2:3", "99999999999999999999:1", "one:2", "-1:1"})
    CHECK_FALSE(pages.page(Json{{"cursor", text}}));
  CHECK(pages.page(Json{{"cursor", 7}}).error().code == ErrorCode::invalid_input);
  for (std::size_t n = 0; n < SadPages::lists_kept; ++n) REQUIRE(pages.page(Json::object()));
  CHECK(pages.page(Json{{"cursor", (*after)["next"]}}).error().code == ErrorCode::not_found);
}

TEST_CASE("a list that others began since goes on as long as it is read") {
  FakeKernel kernel;
  add(kernel, 0x1000, 5000);
  SadPages pages(kernel, facts);
  auto page = pages.page(Json::object());
  for (std::size_t n = 0; n < 2 * SadPages::lists_kept; ++n) {
    REQUIRE(page);
    REQUIRE(pages.page(Json::object()));  // somebody who does not come back
    page = pages.page(Json{{"cursor", (*page)["next"]}});
  }
  CHECK(page);
}

TEST_CASE("a failure of the kernel ends a list with its reason") {
  FakeKernel kernel;
  add(kernel, 0x1000, 1000);
  SadPages pages(kernel, facts);
  const auto first = pages.page(Json::object());
  REQUIRE(first);
  kernel.fail_next(Error{ErrorCode::io, "the kernel's answer was lost"});
  const Json second{{"cursor", (*first)["next"]}};
  CHECK(pages.page(second).error().text.find("the kernel's answer was lost") != std::string::npos);
  CHECK(pages.page(second).error().code == ErrorCode::not_found);
}

TEST_CASE("no SAs make one empty page") {
  FakeKernel kernel;
  SadPages pages(kernel, facts);
  const auto page = pages.page(Json::object());
  REQUIRE(page);
  CHECK((*page)["items"].empty());
  CHECK((*page)["next"].is_null());
}
