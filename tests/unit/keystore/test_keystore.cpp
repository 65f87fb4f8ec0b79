#include <sys/file.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "base/files.hpp"
#include "store_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

TEST_CASE_METHOD(StoreFixture, "what was set is there when the store is opened again") {
  auto store = made();
  REQUIRE(store.set(psk("10.1.0.2", "first key")));
  REQUIRE(store.set(KeyEntry{KeyKind::private_key, "host certificate", Secret("private"), WallTime{}}));
  const auto opened = Keystore::open(path, password);
  REQUIRE(opened);
  CHECK(text_of(opened->find_psk(*IpAddress::parse("10.1.0.2"))) == "first key");
  CHECK(text_of(opened->find_private_key("host certificate")) == "private");
  const auto list = opened->list();
  REQUIRE(list.size() == 2);
  CHECK(list[0].name == "10.1.0.2");
  CHECK(list[0].length == 9);
  CHECK(list[0].set_at == WallTime(milliseconds(1'700'000'000'000)));
}

TEST_CASE_METHOD(StoreFixture, "the file is private and holds neither secrets nor names in clear") {
  auto store = made();
  REQUIRE(store.set(psk("secret-peer.example", "the pre-shared key")));
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const auto text = *read_file(path);
  const std::string key = "the pre-shared key";
  for (const auto& word : {key, to_hex(as_bytes(key)), std::string("secret-peer"), to_hex(as_bytes("secret-peer")),
                           std::string(right_password)})
    CHECK(text.find(word) == std::string::npos);
}

TEST_CASE_METHOD(StoreFixture, "a wrong password is not permitted, a missing store not found") {
  CHECK(Keystore::open(path, password).error().code == ErrorCode::not_found);
  const auto store = made();
  const auto opened = Keystore::open(path, Secret(wrong_password));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::not_permitted);
  CHECK(opened.error().text.find(wrong_password) == std::string::npos);
  CHECK(store.check_password(password));
  CHECK(store.check_password(Secret(wrong_password)).error().code == ErrorCode::not_permitted);
}

TEST_CASE_METHOD(StoreFixture, "a store is never made over another, nor with a weak password") {
  CHECK(Keystore::create(path, Secret("too short"), cheap).error().code == ErrorCode::invalid_input);
  CHECK_FALSE(Keystore::exists(path));
  auto store = made();
  REQUIRE(store.set(psk("10.1.0.2", "first key")));
  CHECK(Keystore::create(path, password, cheap).error().code == ErrorCode::already_exists);
  CHECK(Keystore::open(path, password)->list().size() == 1);
}

TEST_CASE_METHOD(StoreFixture, "the password changes, the entries stay") {
  auto store = made();
  REQUIRE(store.set(psk("10.1.0.2", "first key")));
  const Secret next("another long password");
  CHECK(store.change_password(Secret(wrong_password), next).error().code == ErrorCode::not_permitted);
  CHECK(store.change_password(password, Secret("short")).error().code == ErrorCode::invalid_input);
  REQUIRE(Keystore::open(path, password));
  REQUIRE(store.change_password(password, next));
  CHECK(Keystore::open(path, password).error().code == ErrorCode::not_permitted);
  CHECK(Keystore::open(path, next)->list().size() == 1);
}

TEST_CASE_METHOD(StoreFixture, "a machine key opens the store until its slot is removed") {
  auto store = made();
  REQUIRE(store.set(psk("10.1.0.2", "first key")));
  CHECK(Keystore::open_with_machine_key(path, machine_key).error().code == ErrorCode::not_found);
  REQUIRE(store.add_machine_slot(machine_key));
  CHECK(store.has_machine_slot());
  REQUIRE(Keystore::open_with_machine_key(path, machine_key));
  REQUIRE(store.change_password(password, Secret("another long password")));
  CHECK(text_of(Keystore::open_with_machine_key(path, machine_key)->find_psk(*IpAddress::parse("10.1.0.2"))) ==
        "first key");

  SECTION("a key file that others may read is refused") {
    REQUIRE(::chmod(machine_key.c_str(), 0640) == 0);
    CHECK(Keystore::open_with_machine_key(path, machine_key).error().code == ErrorCode::not_permitted);
  }
  SECTION("the key of another machine is refused") {
    REQUIRE(replace_file(machine_key, std::string(32, 'x')));
    CHECK(Keystore::open_with_machine_key(path, machine_key).error().code == ErrorCode::not_permitted);
    REQUIRE(replace_file(machine_key, std::string(31, 'x')));
    CHECK(Keystore::open_with_machine_key(path, machine_key).error().code == ErrorCode::invalid_input);
  }
  SECTION("a symbolic link is not followed") {
    fs::rename(machine_key, directory.path / "elsewhere");
    fs::create_symlink(directory.path / "elsewhere", machine_key);
    CHECK_FALSE(Keystore::open_with_machine_key(path, machine_key));
  }
  SECTION("removed") {
    REQUIRE(store.remove_machine_slot());
    CHECK(store.remove_machine_slot().error().code == ErrorCode::not_found);
    CHECK(Keystore::open_with_machine_key(path, machine_key).error().code == ErrorCode::not_found);
  }
}

TEST_CASE_METHOD(StoreFixture, "the exact address wins, then the longest prefix; names are for names") {
  auto store = made();
  for (const auto& [name, secret] : {std::pair{"0.0.0.0/0", "any"},
                                     {"10.0.0.0/8", "eight"},
                                     {"10.1.0.0/16", "sixteen"},
                                     {"10.1.0.2", "exact"},
                                     {"fd00::/16", "six"},
                                     {"peer.example", "name"},
                                     {"Admin@Peer.Example", "user"}})
    REQUIRE(store.set(psk(name, secret)));
  const auto by_address = [&](const char* text) { return text_of(store.find_psk(*IpAddress::parse(text))); };
  CHECK(by_address("10.1.0.2") == "exact");
  CHECK(by_address("10.1.0.3") == "sixteen");
  CHECK(by_address("10.2.0.3") == "eight");
  CHECK(by_address("192.0.2.1") == "any");
  CHECK(by_address("fd00::9") == "six");
  CHECK(by_address("fe80::9") == "(none)");
  const auto by_id = [&](const char* text) { return text_of(store.find_psk(*Identity::parse(text))); };
  CHECK(by_id("PEER.example") == "name");
  CHECK(by_id("Admin@peer.example") == "user");
  CHECK(by_id("admin@peer.example") == "(none)");
  CHECK(by_id("10.1.0.3") == "sixteen");
  CHECK(by_id("other.example") == "(none)");
  CHECK(store.find_psk(Identity{IdType::ipv4_address, Bytes{1, 2}}) == nullptr);
  CHECK(store.find_psk(Identity{IdType::fqdn, Bytes{0xff, 0}}) == nullptr);
  CHECK(store.find_psk(Identity{IdType::key_id, to_bytes(as_bytes("peer.example"))}) == nullptr);
}

TEST_CASE_METHOD(StoreFixture, "setting replaces, erasing removes, bad entries are refused") {
  auto store = made();
  REQUIRE(store.set(psk("10.1.0.2/32", "first key")));
  REQUIRE(store.set(psk("10.1.0.2", "second key")));
  CHECK(store.list().size() == 1);
  CHECK(text_of(store.find_psk(*IpAddress::parse("10.1.0.2"))) == "second key");
  CHECK(store.set(psk("10.1.0.2", "")).error().code == ErrorCode::invalid_input);
  CHECK(store.set(psk("not a host", "key")).error().code == ErrorCode::invalid_input);
  CHECK(store.set(psk("10.1.0.3", std::string(65537, 'x'))).error().code == ErrorCode::invalid_input);
  REQUIRE(store.erase(KeyKind::psk, "10.1.0.2"));
  CHECK(store.erase(KeyKind::psk, "10.1.0.2").error().code == ErrorCode::not_found);
  CHECK(store.find_psk(*IpAddress::parse("10.1.0.2")) == nullptr);
  CHECK(Keystore::open(path, password)->list().empty());
}

TEST_CASE_METHOD(StoreFixture, "two writers do not undo each other") {
  auto one = made();
  auto two = std::move(*Keystore::open(path, password));
  REQUIRE(one.set(psk("10.1.0.1", "of one")));
  REQUIRE(two.set(psk("10.1.0.2", "of two")));  // read before the first was written
  CHECK(Keystore::open(path, password)->list().size() == 2);
  CHECK(two.list().size() == 2);

  auto write = [this](int first) {
    auto store = Keystore::open(path, password);
    for (int n = first; n < first + 20; ++n)
      if (!store->set(psk("10.2.0." + std::to_string(n), "key"))) return;
  };
  std::thread left(write, 0);
  std::thread right(write, 100);
  left.join();
  right.join();
  CHECK(Keystore::open(path, password)->list().size() == 42);
}

TEST_CASE_METHOD(StoreFixture, "a store that was replaced by another is not overwritten") {
  auto old_one = made();
  REQUIRE(old_one.set(psk("10.1.0.1", "old")));
  fs::remove(path);
  auto new_one = made();
  REQUIRE(new_one.set(psk("10.1.0.9", "new")));
  CHECK_FALSE(old_one.set(psk("10.1.0.2", "old too")));
  const auto list = Keystore::open(path, password)->list();
  REQUIRE(list.size() == 1);
  CHECK(list[0].name == "10.1.0.9");
}

TEST_CASE_METHOD(StoreFixture, "what a crashed writer left is no hindrance and is taken away") {
  auto store = made();
  REQUIRE(store.set(psk("10.1.0.1", "key")));
  const auto whole = *read_file(path);
  const auto leftover = directory.path / ".keystore.json.a1B2c3";
  std::ofstream(leftover) << whole.substr(0, whole.size() / 2);
  const auto unrelated = directory.path / ".keystore.json.of-a-person";
  std::ofstream(unrelated) << "x";
  CHECK(Keystore::open(path, password)->list().size() == 1);
  REQUIRE(store.set(psk("10.1.0.2", "key")));
  CHECK_FALSE(fs::exists(leftover));
  CHECK(fs::exists(unrelated));
  CHECK(Keystore::open(path, password)->list().size() == 2);
}

TEST_CASE_METHOD(StoreFixture, "when a change cannot be written, memory says what the file says") {
  auto store = made();
  REQUIRE(store.set(psk("10.1.0.1", "key")));
  const auto before = *read_file(path);
  fs::remove(path);
  fs::create_directory(path);  // cannot be read, and renaming a file over it fails
  CHECK_FALSE(store.set(psk("10.1.0.2", "key")));
  fs::remove(path);
  REQUIRE(replace_file(path, before));
  CHECK(store.list().size() == 1);
  REQUIRE(store.set(psk("10.1.0.3", "key")));
  CHECK(store.list().size() == 2);
}
