#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/json_fwd.hpp"
#include "store_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
struct DamageFixture : StoreFixture {
  DamageFixture() {
    auto store = made();
    auto done = store.set(psk("10.1.0.2", "first key"));
    if (done) done = store.add_machine_slot(machine_key);
    if (!done) throw std::runtime_error(done.error().text);
    whole = *read_file(path);
  }
  Error opened_with(const std::string& content) {
    auto written = replace_file(path, content);
    if (!written) return written.error();
    const auto opened = Keystore::open(path, password);
    return opened ? Error{ErrorCode::internal, "it opened"} : opened.error();
  }
  std::string whole;
};

std::string flipped_hex(std::string text, std::size_t at) {
  text[at] = text[at] == '0' ? '1' : '0';
  return text;
}
}  // namespace

TEST_CASE_METHOD(DamageFixture, "each field, tampered with, is refused with the name of its part") {
  const auto good = Json::parse(whole);
  struct Row {
    const char* pointer;
    const char* part;
  };
  const auto row = GENERATE(Row{"/slots/0/salt", "slot 1 (password)"}, Row{"/slots/0/nonce", "slot 1 (password)"},
                            Row{"/slots/0/wrapped", "slot 1 (password)"}, Row{"/slots/0/check", "slot 1 (password)"},
                            Row{"/slots/1/nonce", "slot 2 (machine)"}, Row{"/slots/1/wrapped", "slot 2 (machine)"},
                            Row{"/slots/1/check", "slot 2 (machine)"}, Row{"/data/nonce", "data"},
                            Row{"/data/ciphertext", "data"}, Row{"/data/tag", "data"});
  CAPTURE(row.pointer);
  auto changed = good;
  auto& value = changed[Json::json_pointer(row.pointer)];
  const auto text = value.get<std::string>();
  for (const auto& bad : {Json(flipped_hex(text, 0)), Json(flipped_hex(text, text.size() - 1)), Json(text + "00"),
                          Json(text.substr(2)), Json("zz" + text.substr(2)), Json(7), Json(nullptr), Json::array()}) {
    value = bad;
    const auto error = opened_with(changed.dump());
    CAPTURE(bad.dump(), error.text);
    CHECK(error.code == ErrorCode::invalid_input);
    CHECK(error.text.find(row.part) != std::string::npos);
  }
}

TEST_CASE_METHOD(DamageFixture, "numbers and words, tampered with, are refused") {
  const auto good = Json::parse(whole);
  struct Row {
    const char* pointer;
    Json value;
  };
  const auto row =
      GENERATE(Row{"/version", 2}, Row{"/version", "1"}, Row{"/slots/0/kind", "machine"}, Row{"/slots/0/kind", "tpm"},
               Row{"/slots/0/kdf", "none"}, Row{"/slots/0/n", 2048}, Row{"/slots/0/n", 1}, Row{"/slots/0/n", -1024},
               Row{"/slots/0/n", 1.5}, Row{"/slots/0/n", std::uint64_t{1} << 62}, Row{"/slots/0/r", 9},
               Row{"/slots/0/r", std::uint64_t{1} << 40}, Row{"/slots/0/p", 2}, Row{"/slots/0/p", "1"},
               Row{"/slots", Json::object()}, Row{"/slots", Json::array()}, Row{"/slots/0", Json()},
               Row{"/data", Json::array()}, Row{"/slots/0/more", 1}, Row{"/more", 1});
  CAPTURE(row.pointer, row.value.dump());
  auto changed = good;
  changed[Json::json_pointer(row.pointer)] = row.value;
  CHECK(opened_with(changed.dump()).code == ErrorCode::invalid_input);
}

TEST_CASE_METHOD(DamageFixture, "taking out the machine slot or putting in another is noticed") {
  auto changed = Json::parse(whole);
  changed["slots"].erase(1);
  CHECK(opened_with(changed.dump()).code == ErrorCode::invalid_input);

  auto doubled = Json::parse(whole);
  doubled["slots"].push_back(doubled["slots"][1]);
  CHECK(opened_with(doubled.dump()).code == ErrorCode::invalid_input);
}

TEST_CASE_METHOD(DamageFixture, "a file cut anywhere is refused") {
  for (std::size_t size = 0; size < whole.size() - 1; size += 7) {
    const auto error = opened_with(whole.substr(0, size));
    REQUIRE(error.code == ErrorCode::invalid_input);
  }
}

TEST_CASE_METHOD(DamageFixture, "what is no document at all is refused") {
  for (const auto& content : {std::string("[]"), std::string("null"), std::string("\0\0\0", 3), std::string("{}"),
                              std::string(1'000'000, '['), "{\"version\":" + std::string(500'000, '{'), whole + "x"})
    CHECK(opened_with(content).code == ErrorCode::invalid_input);
}
