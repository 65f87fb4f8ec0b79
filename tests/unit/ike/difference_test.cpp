#include "ike/difference.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;
using namespace ipsec9000::ike;

namespace {
Difference read(std::string_view data) { return difference_from(as_bytes(data)); }
}  // namespace

TEST_CASE("a difference survives the way to the peer, for each attribute there is") {
  for (const auto name : attribute_names) {
    for (const auto& difference :
         {Difference{std::string(name), "what is offered", "what is wanted"},
          Difference{std::string(name), "", "wanted"}, Difference{std::string(name), "", ""}}) {
      CAPTURE(difference.to_string());
      CHECK(difference_from(notification_data(difference, notification_data_room)) == difference);
    }
  }
}

TEST_CASE("where there is little room, the values stay behind, then all") {
  const Difference group{"group", "MODP2048", "MODP3072"};
  const std::size_t whole = std::string("group\nMODP2048\nMODP3072").size();
  CHECK(notification_data(group, whole).size() == whole);
  CHECK(difference_from(notification_data(group, whole - 1)) == Difference{"group", "", ""});
  CHECK(notification_data(group, 4).empty());
  CHECK(notification_data({"", "several", "things"}, 500).empty());
}

TEST_CASE("long values are cut, and no value holds a line or a control character") {
  const auto cut = difference_from(notification_data({"selector", "short", std::string(4000, 'x')}, 512));
  CHECK(cut.offered == "short");
  CHECK(cut.wanted.size() == 160);
  CHECK(cut.wanted.ends_with("..."));
  CHECK(difference_from(notification_data({"identity", "CN=a\nb", "CN=c"}, 512)) == Difference{"identity", "", ""});
}

TEST_CASE("data of anybody else says nothing") {
  for (const std::string_view data :
       {"", "\n", "\n\n", "colour", "colour\nred\ngreen", "group\nMODP2048", "group\na\nb\nc", "Group", "group ",
        "group\n\x1b[2J\nb", "group\na\n\xff", "group\na\nb\n"})
    CHECK(read(data) == Difference{});
  CHECK(difference_from(Bytes(70'000, 'g')) == Difference{});
}
