// The whole program without its terminal.
#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "operator.hpp"
#include "support/temporary_directory.hpp"

using namespace ipsec9000;
using namespace ipsec9000::screen;
using test::FakeBackend;
using test::Operator;

TEST_CASE("from an empty configuration to a policy in force") {
  FakeBackend backend;
  backend.in_force = std::string(empty_configuration);
  Operator person(backend);
  CHECK(person.sees("No configuration yet"));

  person.type("3n").type("a long enough password").press(KeyCode::enter).type("a long enough password");
  person.press(KeyCode::enter);
  CHECK(backend.password == "a long enough password");
  person.type("a10.1.0.2").press(KeyCode::enter).type("secret key").press(KeyCode::enter).type("secret key");
  CHECK_FALSE(person.sees("secret"));
  person.press(KeyCode::enter).type(backend.password).press(KeyCode::enter);
  CHECK(backend.stored_keys.at("10.1.0.2") == "secret key");
  CHECK(person.sees("10.1.0.2"));

  person.type("2a").type("peers").fill("proposals", "AES128-SHA256-MODP2048").press(Key::function(2));
  CHECK(person.sees("ISAKMP policy peers saved"));
  person.type("1a").type("telnet").fill("filter.remote", "10.1.0.2").fill("filter.protocol", "tcp");
  person.fill("filter.remote_port", "23").fill("action", "secure").fill("transforms", "ESP-AES128-HMAC-SHA256");
  CHECK(person.sees("Valid: hashed, 3 exact fields; number 1 of 1"));
  person.press(Key::function(2));
  CHECK(person.sees("2 changes are not in force") == false);  // "saved" is said first
  CHECK(person.sees("1*telnet"));

  person.press(Key::function(9));
  CHECK(person.sees("Apply 2 changes?"));
  CHECK(person.sees("+ telnet"));
  person.type("a");
  CHECK(person.sees("Policies loaded"));
  CHECK(backend.in_force == backend.file);
  person.press(KeyCode::interrupt);
  CHECK(person.application.done());
}

TEST_CASE("an edit keeps comments and order, and a deletion is asked about") {
  FakeBackend backend;
  backend.file = test::commented;
  backend.in_force = test::commented;
  Operator person(backend);
  person.click(person.find(" telnet ").row, 10, true).fill("filter.remote_port", "2323").press(Key::function(2));
  std::string wanted = test::commented;
  wanted.replace(wanted.find(": 23 "), 5, ": 2323 ");
  CHECK(*backend.file == wanted);
  CHECK(person.sees("1*telnet"));

  person.type("d");
  CHECK(person.sees(">[ Keep it ]"));
  person.press(KeyCode::escape);
  CHECK(*backend.file == wanted);
  person.click(person.find(" net ").row, 10).type("dd");
  CHECK(backend.file->find("\"net\"") == std::string::npos);
  CHECK(backend.file->find("// the old machine") != std::string::npos);
}

TEST_CASE("what is typed is not lost without a word") {
  FakeBackend backend;
  backend.file = test::commented;
  backend.in_force = test::commented;
  Operator person(backend);
  person.click(person.find(" telnet ").row, 10, true).fill("filter.remote_port", "99999");
  CHECK(person.application.unsaved() ==
        std::vector<std::string>{"ipsec_mgr policy set telnet filter.remote_port=99999"});
  person.press(Key::function(2));
  CHECK(person.sees("Not saved"));
  person.press(KeyCode::interrupt);
  CHECK(person.sees("have not been saved"));
  person.type("g").fill("filter.remote_port", "24").press(KeyCode::escape).type("s");
  CHECK(backend.file->find("\"remote_port\": 24") != std::string::npos);
  person.type("q");
  CHECK(person.sees("1 change is in the configuration file, but not in force"));
  person.press(KeyCode::escape);
  CHECK_FALSE(person.application.done());
  person.type("q").type("q");
  CHECK(person.application.done());
}

TEST_CASE("somebody who was faster is noticed, and the edit stays to be saved again") {
  FakeBackend backend;
  backend.file = test::commented;
  Operator person(backend);
  person.click(person.find(" telnet ").row, 10, true).fill("filter.remote_port", "24");
  *backend.file += "// more\n";
  person.press(Key::function(2));
  CHECK(person.sees("changed by somebody else meanwhile"));
  person.press(Key::function(2));
  CHECK(person.sees("Policy telnet saved"));
  CHECK(backend.file->ends_with("// more\n"));
}

TEST_CASE("a packet can be tried with the edit that is not saved") {
  FakeBackend backend;
  backend.file = test::commented;
  Operator person(backend);
  person.click(person.find(" telnet ").row, 10, true).fill("filter.remote_port", "24").press(Key::function(3));
  CHECK(person.sees("With the edit that is not saved"));
  CHECK(person.sees("Policy: telnet (hashed, place 1): secure"));
  CHECK(backend.file == test::commented);
}

TEST_CASE("policies move among their kind only") {
  FakeBackend backend;
  backend.file = R"({"version": 1, "policies": [
    {"name": "a", "filter": {"remote": "10.0.0.0/8"}, "action": "pass"},
    {"name": "b", "filter": {"remote": "10.1.0.0/16"}, "action": "discard"},
    {"name": "c", "filter": {"remote": "10.1.0.1"}, "action": "pass"}]})";
  Operator person(backend);
  person.click(person.find(" b ").row, 10).type("-");
  CHECK(backend.file->find("\"b\"") < backend.file->find("\"a\""));
  CHECK(person.sees("b moved before a"));
  person.type("-");
  CHECK(person.sees("cannot be moved there"));
}

TEST_CASE("an invalid file is shown with its mistakes and not edited") {
  FakeBackend backend;
  backend.file = R"({"version": 1, "policies": [{"name": "a"}]})";
  Operator person(backend);
  CHECK(person.sees("The configuration is not valid"));
  CHECK(person.sees("/policies/0"));
  person.type("a").press(KeyCode::enter).type("d");
  CHECK(backend.file->find("\"a\"") != std::string::npos);
}

TEST_CASE("without daemons the file is edited, and applying says what to do") {
  FakeBackend backend;
  Operator person(backend);
  CHECK(person.sees("IPSec does not run"));
  person.press(Key::function(9));
  CHECK(person.sees("ipsec_admin -start"));
}

TEST_CASE("options: bypass, legacy, boot-up") {
  FakeBackend backend;
  backend.file = test::commented;
  backend.password = "a long enough password";
  Operator person(backend);
  person.type("6a").type("10.9.0.x");
  CHECK(person.sees("10.9.0.x"));
  person.press(KeyCode::backspace).type("1").press(KeyCode::enter);
  CHECK(person.sees("Bypassed address"));
  CHECK(section_of(*backend.file, "bypass") == Json::array({"10.9.0.1"}));
  person.press(KeyCode::end).type("d").type("y");
  CHECK(section_of(*backend.file, "bypass").empty());
  person.click(person.find("allow_legacy").row, 5, true).type("c");
  CHECK(section_of(*backend.file, "allow_legacy") == true);
  person.press(KeyCode::home).press(KeyCode::enter).type(backend.password).press(KeyCode::enter);
  CHECK(backend.calls == std::vector<std::string>{"bootup on"});
}

TEST_CASE("certificates are listed, and one is shown whole") {
  FakeBackend backend;
  Operator person(backend);
  person.type("7");
  CHECK(person.sees("CN=a.example"));
  person.press(KeyCode::enter);
  CHECK(person.sees("Fingerprint:"));
  person.press(KeyCode::escape);
  CHECK(person.screen().row_text(0).find("7 Certs]") != std::string::npos);
}

TEST_CASE("CAs and CRLs are lists of their own, added from files and deleted after a question") {
  FakeBackend backend;
  backend.certificate_answers["ca.list"] =
      Json{{"items", {Json{{"name", "root"}, {"kind", "ca"}, {"subject", "CN=Example Root"}}}}};
  backend.certificate_answers["ca.delete"] = Json::object();
  backend.certificate_answers["crl.list"] =
      Json{{"items", Json::array()}, {"sources", {"http://ca.example/crl"}}, {"damaged", {"x.crl is no CRL"}}};
  backend.certificate_answers["crl.add"] = Json::object();
  Operator person(backend);
  person.type("7v");
  CHECK(person.sees("[CAs]"));
  CHECK(person.sees("CN=Example Root"));
  person.type("d").press(KeyCode::enter);  // the careful answer
  CHECK_FALSE(std::ranges::count(backend.calls, R"(ca.delete {"name":"root"})"));
  person.type("dd");
  CHECK(std::ranges::count(backend.calls, R"(ca.delete {"name":"root"})") == 1);
  CHECK(person.sees("Deleted CA root"));
  person.type("a").type("/no/such/file").press(KeyCode::enter);
  CHECK(person.sees("/no/such/file"));
  person.press(KeyCode::escape).type("v");
  CHECK(person.sees("Fetched from http://ca.example/crl"));
  CHECK(person.sees("Warning: x.crl is no CRL"));
  person.type("a").type("http://ca.example/other").press(KeyCode::enter);
  CHECK(std::ranges::count(backend.calls, R"(crl.add {"url":"http://ca.example/other"})") == 1);
}

TEST_CASE("a certificate is requested, imported, judged and deleted on the screen, with the password") {
  FakeBackend backend;
  backend.password = "a long enough password";
  const test::TemporaryDirectory directory;
  const auto request = (directory / "gate.csr").string();
  backend.certificate_answers["cert.request"] = Json{{"request", "-----BEGIN"}};
  backend.certificate_answers["cert.import"] = Json{{"name", "gate"}};
  backend.certificate_answers["cert.delete"] = Json::object();
  backend.certificate_answers["cert.check"] = Json{{"items", {Json{{"name", "web"}, {"ok", false}}}}};
  Operator person(backend);
  const auto lines = [&](std::initializer_list<std::string> texts) {
    for (const auto& text : texts) person.type(text).press(KeyCode::enter);
  };
  person.type("7n");
  lines({"gate", "CN=gate", "10.1.0.1,gate.example", request, "not the password"});
  CHECK(person.sees("wrong password"));
  CHECK_FALSE(std::filesystem::exists(request));
  person.press(KeyCode::escape).type("n");
  lines({"gate", "CN=gate", "10.1.0.1,gate.example", request, backend.password});
  CHECK(read_file(request).value() == "-----BEGIN");
  CHECK(backend.calls.back() ==
        R"(cert.request {"name":"gate","subject":"CN=gate","names":["10.1.0.1","gate.example"]})");
  person.type("n");
  lines({"gate", "CN=gate", "", request, backend.password});
  CHECK(person.sees("is there already"));
  person.press(KeyCode::escape).type("a");
  lines({request, "gate", "", "", backend.password});
  CHECK(person.sees("Certificate gate imported"));
  CHECK(backend.calls.back() == R"(cert.import {"data_hex":"2d2d2d2d2d424547494e","name":"gate"})");
  person.type("k");
  CHECK(person.sees("web: not accepted"));
  person.press(KeyCode::escape).type("d");
  lines({backend.password});
  CHECK(backend.calls.back() == R"(cert.delete {"name":"web"})");
}

TEST_CASE("every screen fits any size, and says when it is too small") {
  FakeBackend backend;
  backend.file = test::commented;
  Operator person(backend);
  for (const char page : {'1', '2', '3', '4', '5', '6', '7'}) {
    person.type(std::string(1, page));
    for (const auto size : {Size{16, 60}, Size{24, 80}, Size{60, 200}, Size{3, 10}, Size{1, 1}}) {
      person.size = size;
      CHECK(person.screen().size() == size);
    }
    person.size = {24, 80};
    person.press(Key::function(1));
    CHECK(person.sees("Help"));
    person.press(KeyCode::escape);
  }
  person.type("1a");
  for (const auto size : {Size{16, 60}, Size{24, 80}}) {
    person.size = size;
    CHECK(person.sees(">!name"));
  }
}

TEST_CASE("the mouse chooses screens, keys and fields") {
  FakeBackend backend;
  backend.file = test::commented;
  Operator person(backend);
  const auto isakmp = person.find("2 ISAKMP");
  person.click(isakmp.row, isakmp.column + 2);
  CHECK(person.sees("[2 ISAKMP]"));
  const auto add = person.find("a:add");
  person.click(add.row, add.column);
  CHECK(person.sees("ISAKMP policy new"));
  person.click(person.find("lifetime").row, 5);
  CHECK(person.screen().row_text(person.find("lifetime").row).starts_with(">"));
}
