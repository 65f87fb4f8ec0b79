#include "certstore/entries.hpp"

#include <catch2/catch.hpp>

#include "support/certificates.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

static pki::Certificate read(const Issued& issued) { return pki::Certificate::parse(issued.der()).value(); }

TEST_CASE("what is written is read again, whatever a subject says") {
  // A subject that looks like the start of an entry is shown escaped, in one line.
  const auto sly = issue({.subject = "O=Example, CN=a\nentry: ca evil\n-----BEGIN CERTIFICATE-----"});
  const std::vector<CertificateEntry> entries{{EntryKind::ca, "root", read(root())},
                                              {EntryKind::own, "sly", read(sly)}};
  const auto again = read_entries(write_entries(entries));
  REQUIRE(again);
  REQUIRE(again->size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK((*again)[i].kind == entries[i].kind);
    CHECK((*again)[i].name == entries[i].name);
    CHECK((*again)[i].certificate == entries[i].certificate);
  }
}

TEST_CASE("a file that was cut off or changed is an error, not a shorter list") {
  const auto text = write_entries({{EntryKind::ca, "root", read(root())}, {EntryKind::own, "a", read(issue({}))}});
  CHECK_FALSE(read_entries(text.substr(0, text.size() - 40)));
  auto wrong = text;
  wrong.replace(wrong.find("entry: own a"), 12, "entry: owl a");
  CHECK_FALSE(read_entries(wrong));
  CHECK(read_entries("").value().empty());
}

TEST_CASE("names of entries are harmless in a file and on a terminal") {
  CHECK(is_entry_name("gate-1.example_2"));
  for (const auto* bad : {"", ".hidden", "a b", "a/b", "a\n", "\xc3\xa4"}) CHECK_FALSE(is_entry_name(bad));
  CHECK(is_entry_name(entry_name_from("../../etc/passwd")));
  CHECK(is_entry_name(entry_name_from("\xff\xff")));
  CHECK(is_entry_name(entry_name_from(std::string(500, 'x'))));
}
