#include <catch2/catch.hpp>

#include "cli/common/machine_key.hpp"
#include "keystore/keystore.hpp"
#include "policy/boot.hpp"
#include "tool_fixture.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
constexpr const char* key_text = "the pre-shared key";

struct KeyFixture : ToolFixture {
  KeyFixture() {
    password = file("password", "correct horse battery staple\n");
    other = file("other", "another long password\n");
    key = file("key", std::string(key_text) + "\n");
  }
  int newpasswd() { return admin({"-newpasswd", "-new-password-file", password}); }
  std::string password, other, key;
};
}  // namespace

TEST_CASE_METHOD(KeyFixture, "the password is set once and changed with the old one") {
  CHECK(newpasswd() == 0);
  CHECK(Keystore::open(paths.keystore(), Secret("correct horse battery staple")));
  const auto begun = std::chrono::steady_clock::now();
  CHECK(admin({"-newpasswd", "-new-password-file", other, "-password-file", other}) == 4);
  CHECK(std::chrono::steady_clock::now() - begun >= seconds(1));  // a wrong password is slowed
  CHECK(err_has("wrong password"));
  CHECK(admin({"-newpasswd", "-new-password-file", other, "-password-file", password}) == 0);
  CHECK(Keystore::open(paths.keystore(), Secret("another long password")));
  CHECK(admin({"-newpasswd", "-new-password-file", file("short", "short")}) != 0);
  CHECK(admin({"-newpasswd", "-password-file", other, "-new-password-file", file("short", "short")}) == 2);
  CHECK(admin({"-newpasswd", "-password-file", other, "-new-password-file",
               file("open", "a password for all", fs::perms(0644))}) == 4);
}

TEST_CASE_METHOD(KeyFixture, "without ikpmd, keys go to the store directly") {
  CHECK(mgr({"key", "set", "10.1.0.2", "--file", key, "--password-file", password}) == 4);
  CHECK(err_has("-newpasswd"));
  REQUIRE(newpasswd() == 0);
  CHECK(mgr({"key", "set", "10.1.0.2", "--file", key, "--password-file", password}) == 0);
  CHECK(mgr({"key", "set", "Peer.Example", "--file", file("hex", "0x00ff00ff00ff00ff"), "--password-file", password}) ==
        0);
  CHECK(mgr({"key", "set", "10.1.0.3", "--file", key, "--password-file", other}) == 4);
  CHECK(mgr({"key", "set", "10.1.0.3", "--file", file("bad", "0xzz"), "--password-file", password}) == 2);
  CHECK(mgr({"key", "set", "10.1.0.4", "--file", file("weak", "short"), "--password-file", password}) == 0);
  CHECK(err_has("can be guessed"));
  CHECK(mgr({"key", "list", "--json", "--password-file", password}) == 0);
  CHECK(document()["keys"].size() == 3);
  CHECK(document()["keys"][0]["remote"] == "10.1.0.2");
  CHECK(document()["keys"][0]["length"] == 18);
  CHECK_FALSE(out_has(key_text));
  CHECK_FALSE(out_has(to_hex(as_bytes(key_text))));
  const auto store = Keystore::open(paths.keystore(), Secret("correct horse battery staple"));
  REQUIRE(store);
  CHECK(to_hex(store->find_psk(*Identity::parse("peer.example"))->view()) == "00ff00ff00ff00ff");
  CHECK(mgr({"key", "delete", "10.1.0.2", "--password-file", password}) == 0);
  CHECK(mgr({"key", "delete", "10.1.0.2", "--password-file", password}) == 1);
}

TEST_CASE_METHOD(KeyFixture, "with ikpmd running, only ikpmd touches the store") {
  REQUIRE(newpasswd() == 0);
  std::string refusal;
  FakeDaemon ikpmd(paths.socket("ikpmd"), [&](const std::string& method, const Json&, const Json& id) -> std::string {
    if (method == "rpc.ping") return result(id, Json::object());
    if (!refusal.empty()) return error(id, refusal, "the key store is locked");
    if (method == "key.list")
      return result(
          id,
          Json::parse(
              R"({"items": [{"remote": "10.1.0.9", "kind": "psk", "length": 18, "set_at": "2026-11-23T16:29:05Z"}], "next": null})"));
    return result(id, Json::object());
  });
  CHECK(mgr({"key", "set", "10.1.0.2", "--file", key, "--password-file", password}) == 0);
  CHECK(ikpmd.calls().back() == "key.set {\"remote\":\"10.1.0.2\",\"key_hex\":\"" + to_hex(as_bytes(key_text)) +
                                    "\",\"password\":\"correct horse battery staple\"}");
  CHECK(Keystore::open(paths.keystore(), Secret("correct horse battery staple"))->list().empty());
  CHECK(mgr({"key", "delete", "10.1.0.2", "--password-file", password}) == 0);
  CHECK(mgr({"key", "list", "--password-file", password}) == 0);
  CHECK(out_has("Remote: 10.1.0.9"));
  CHECK(admin({"-newpasswd", "-new-password-file", other, "-password-file", password}) == 0);
  CHECK(ikpmd.calls().back().starts_with("keystore.change_password"));
  refusal = "not-permitted";
  CHECK(mgr({"key", "set", "10.1.0.2", "--file", key, "--password-file", password}) == 4);
  CHECK_FALSE(err_has(key_text));
  CHECK(mgr({"key", "list", "--password-file", password}) == 0);  // locked: read from the store
  CHECK(out_has("No keys"));
}

TEST_CASE_METHOD(KeyFixture, "a damaged store is named, with the part that is damaged") {
  REQUIRE(newpasswd() == 0);
  fs::resize_file(paths.keystore(), 100);
  CHECK(mgr({"key", "list", "--password-file", password}) == 1);
  CHECK(err_has("keystore.json is damaged: file: not JSON, or cut off"));
}

TEST_CASE_METHOD(KeyFixture, "the boot-up option is kept in the configuration, and a machine's key in the key store") {
  file("etc/ipsec9000/ipsec.json", "// mine\n{\"version\": 1}\n");
  CHECK(mgr({"bootup", "on", "--password-file", password}) == 4);
  REQUIRE(newpasswd() == 0);
  CHECK(mgr({"bootup", "maybe", "--password-file", password}) == 2);
  CHECK(mgr({"bootup", "on", "--password-file", other}) == 4);
  CHECK(mgr({"bootup", "on", "--password-file", password}) == 0);
  CHECK(out_has("Still to be done: IPSec has never been started"));
  CHECK(read_file(paths.configuration())->starts_with("// mine\n"));
  const auto machine_key = Keystore::machine_key_file(paths.keystore());
  CHECK(Keystore::open_with_machine_key(paths.keystore(), machine_key));
  CHECK(admin({"-status", "--json"}) == 3);
  CHECK(document()["boot"] == Json{{"enabled", true}, {"obstacle", "never-started"}});
  CHECK(document()["problems"].dump().find("never been started") != std::string::npos);
  CHECK(mgr({"bootup", "off", "--password-file", password}) == 0);
  CHECK(mgr({"bootup", "off", "--password-file", password}) == 0);
  CHECK_FALSE(Keystore::open_with_machine_key(paths.keystore(), machine_key));
  CHECK(admin({"-status", "--json"}) == 3);
  CHECK(document()["boot"] == Json{{"enabled", false}, {"obstacle", "off"}});
}

TEST_CASE_METHOD(KeyFixture, "status names what is wrong with the key by which this machine opens the key store") {
  file("etc/ipsec9000/ipsec.json", R"({"version": 1, "startup": {"bootup": true}})");
  REQUIRE(newpasswd() == 0);
  REQUIRE(remember_configuration(paths));
  const auto obstacle = [&] {
    admin({"-status", "--json"});
    const auto status = document();
    if (status["boot"]["obstacle"].is_null()) return std::string("none");
    CHECK(status["problems"].dump().find("IPSec does not start with the system: ") != std::string::npos);
    CHECK(status["problems"].dump().find("ipsec_mgr bootup on") != std::string::npos);
    return status["boot"]["obstacle"].get<std::string>();
  };
  CHECK(obstacle() == "no-machine-slot");
  REQUIRE(mgr({"bootup", "on", "--password-file", password}) == 0);
  CHECK(obstacle() == "none");
  const auto machine_key = Keystore::machine_key_file(paths.keystore());
  fs::rename(machine_key, root / "kept");
  CHECK(obstacle() == "machine-key-missing");
  REQUIRE(replace_file(machine_key, std::string(32, 'x')));
  CHECK(obstacle() == "machine-key-refused");
  REQUIRE(mgr({"bootup", "on", "--password-file", password}) == 0);
  CHECK(obstacle() == "none");
}

TEST_CASE_METHOD(KeyFixture,
                 "a credential with this machine's key that cannot be unsealed is told from a missing TPM") {
  REQUIRE(newpasswd() == 0);
  file("etc/ipsec9000/ipsec.json", R"({"version": 1})");
  REQUIRE(mgr({"bootup", "on", "--password-file", password}) == 0);
  fs::remove(Keystore::machine_key_file(paths.keystore()));
  const auto credential = Keystore::machine_credential_file(paths.keystore());
  bool unseals = true;
  cli::MachineKeyWitness witness{.units = true, .refused = false, .unseals = [&] { return unseals; }};
  CHECK(cli::machine_key_obstacle(paths, witness) == BootObstacle::machine_key_missing);
  REQUIRE(replace_file(credential, "k6iUCUh0RJCQyvL8k8q1UwEAAAAMAAAAEAAAAA=="));  // as the host's key and a TPM's begin
  CHECK(cli::machine_key_obstacle(paths, witness) == BootObstacle::tpm_missing);
  file("dev/tpmrm0", "");
  CHECK_FALSE(cli::machine_key_obstacle(paths, witness));
  fs::remove(root / "dev/tpmrm0");
  REQUIRE(replace_file(credential, "Whxqht+dQJax1aZeCGLxmgEAAAAMAAAAEAAAAA=="));  // as the host's key's
  CHECK_FALSE(cli::machine_key_obstacle(paths, witness));
  unseals = false;
  CHECK(cli::machine_key_obstacle(paths, witness) == BootObstacle::credential_refused);
  unseals = true;
  witness.refused = true;
  CHECK(cli::machine_key_obstacle(paths, witness) == BootObstacle::machine_key_refused);
  witness.units = false;  // nobody would hand it over
  CHECK(cli::machine_key_obstacle(paths, witness) == BootObstacle::machine_key_missing);
}

TEST_CASE_METHOD(KeyFixture, "a wrong password that a tool finds itself is recorded by secauditd") {
  REQUIRE(newpasswd() == 0);
  FakeDaemon secauditd(paths.socket("secauditd"), [&](const std::string&, const Json&, const Json& id) -> std::string {
    return result(id, Json{{"accepted", 1}});
  });
  CHECK(mgr({"key", "set", "10.1.0.3", "--file", key, "--password-file", other}) == 4);
  REQUIRE(secauditd.calls().size() == 1);
  CHECK(secauditd.calls()[0].find("password-wrong") != std::string::npos);
  CHECK(secauditd.calls()[0].find("another long password") == std::string::npos);
}
