#include "discard_ledger.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;

namespace {
const Flow telnet{*IpAddress::parse("10.1.0.2"), *IpAddress::parse("10.1.0.1"), IpProtocol::tcp, 40000, 23};
const Flow echo{*IpAddress::parse("10.1.0.1"), *IpAddress::parse("10.1.0.2"), IpProtocol::tcp, 40000, 7};
const ClearPacket in_clear{telnet, "telnet_in", Decision::secure, 1};
ToldDiscard told(KernelAuditEvent::Kind kind) {
  return {{kind, telnet.source, telnet.destination, Spi{0xdead}, 7}, SaProtocol::esp, "telnet_in"};
}
using Kind = KernelAuditEvent::Kind;

struct Rounds {
  DiscardLedger ledger;
  XfrmStatistics counts;
  std::vector<std::string> texts;  // of the last turn
  std::vector<SeenDiscard> seen;
  std::uint64_t counted = 0;

  Rounds() { turn({}); }
  void turn(DiscardSources sources) {
    sources.counts = counts;
    texts.clear();
    seen.clear();
    counted = 0;
    for (const auto& record : ledger.settle(sources)) {
      texts.push_back(make_record(*record.event, record.fields).text);
      if (!record.seen) continue;
      seen.push_back(*record.seen);
      counted += record.count;
    }
  }
};
using Texts = std::vector<std::string>;
}  // namespace

TEST_CASE("what was counted before the start is no news") {
  DiscardLedger ledger;
  DiscardSources sources;
  sources.counts = XfrmStatistics{{"XfrmInNoStates", 1000}};
  CHECK(ledger.settle(sources).empty());
  CHECK(ledger.settle(sources).empty());
  CHECK(ledger.settle(sources).empty());
}

TEST_CASE("what the kernel's audit tells is a record each, and explains the counter") {
  Rounds turns;
  turns.counts = {{"XfrmInNoStates", 1}, {"XfrmInStateProtoError", 1}, {"XfrmInStateSeqError", 1}};
  turns.turn({{}, {told(Kind::unknown_spi), told(Kind::integrity_failure), told(Kind::replay)}, {}, {}});
  CHECK(turns.texts ==
        Texts{"No SPI for received packet - SPI: 0000dead IP addr: 10.1.0.2-10.1.0.1 proto: 50, sequence 7",
              "Integrity Check Value failure - SPI: 0000dead IP addr: 10.1.0.2:10.1.0.1 proto: 50, policy telnet_in",
              "Replayed packet received - SPI: 0000dead IP addr: 10.1.0.2-10.1.0.1 proto: 50, sequence 7, policy "
              "telnet_in"});
  turns.turn({});
  CHECK(turns.texts.empty());
}

TEST_CASE("a packet in clear is recorded when the kernel counted a drop, not when it was let in") {
  Rounds turns;
  turns.turn({{in_clear}, {}, {}, {}});
  CHECK(turns.texts.empty());
  turns.counts["XfrmInTmplMismatch"] = 1;
  turns.turn({{in_clear, in_clear}, {}, {}, {}});
  CHECK(turns.texts == Texts{"Clear text packet received, policy requires IPSec - IP addr: 10.1.0.2:10.1.0.1 proto: 6 "
                             "ports: 40000:23, policy telnet_in"});
  REQUIRE(turns.seen.size() == 1);  // as many as the kernel counted
  CHECK(turns.seen[0] == SeenDiscard{KernelSelector::of(telnet), Direction::in, "telnet_in", 1, Decision::secure});
}

TEST_CASE("outbound discards are told by the policies that packets met") {
  Rounds turns;
  turns.counts["XfrmOutPolBlock"] = 3;
  turns.turn({{}, {}, {{"no_echo", KernelSelector::of(echo), 2}}, {}});
  CHECK(turns.texts ==
        Texts{"Packet discarded by policy no_echo, outbound - " + KernelSelector::of(echo).to_string() + ", 3 times"});
  REQUIRE(turns.seen.size() == 1);
  CHECK(turns.seen[0] == SeenDiscard{KernelSelector::of(echo), Direction::out, "no_echo", 2, Decision::discard, true});
  CHECK(turns.counted == 3);
  turns.turn({});
  CHECK(turns.texts.empty());
}

TEST_CASE("what a program tried to send is recorded with all its values, as often as the kernel counted") {
  Rounds turns;
  const MetPolicy met{"no_echo", KernelSelector::any(Family::ipv4), 2};
  turns.turn({{}, {}, {}, {}, {{echo, "no_echo", 2, 1}}});  // not counted yet
  CHECK(turns.texts.empty());
  turns.counts["XfrmOutPolBlock"] = 1;
  turns.turn({{}, {}, {met}, {}, {}});
  CHECK(turns.texts ==
        Texts{"Packet discarded by policy no_echo, outbound - IP addr: 10.1.0.1:10.1.0.2 proto: 6 ports: "
              "40000:7"});
  REQUIRE(turns.seen.size() == 1);
  CHECK(turns.seen[0] == SeenDiscard{KernelSelector::of(echo), Direction::out, "no_echo", 2, Decision::discard});
  turns.turn({});
  CHECK(turns.texts.empty());
  // What is counted beyond the attempts is told by the policy that it met.
  turns.counts["XfrmOutPolBlock"] = 6;
  turns.turn({{}, {}, {met}, {}, {{echo, "no_echo", 2, 2}}});
  REQUIRE(turns.texts.size() == 2);
  CHECK(turns.texts[0].ends_with("ports: 40000:7, 2 times"));
  CHECK(turns.texts[1].ends_with(met.selector.to_string() + ", 3 times"));
  CHECK(turns.counted == 5);
}

TEST_CASE("what was to be forwarded is recorded as that, when the kernel counted a drop") {
  Rounds turns;
  const RefusedSend leaving{echo, "no_echo", 2, 1, true};
  const ClearPacket coming{telnet, "no_telnet", Decision::discard, 1, true};
  turns.turn({{coming}, {}, {}, {}, {leaving}});
  CHECK(turns.texts.empty());
  turns.counts = {{"XfrmOutPolBlock", 1}, {"XfrmInPolBlock", 1}};
  turns.turn({{coming, coming}, {}, {{"no_echo", KernelSelector::any(Family::ipv4), 2}}, {}, {leaving}});
  CHECK(turns.texts ==
        Texts{"Packet discarded by policy no_telnet, forwarded - IP addr: 10.1.0.2:10.1.0.1 proto: 6 ports: 40000:23",
              "Packet discarded by policy no_echo, forwarded - IP addr: 10.1.0.1:10.1.0.2 proto: 6 ports: 40000:7"});
}

TEST_CASE("a connected socket that can send nothing else is named for what no attempt accounts for") {
  Rounds turns;
  const MetPolicy met{"no_echo", KernelSelector::any(Family::ipv4), 2};
  const MetPolicy other{"no_ping", KernelSelector::any(Family::ipv4), 3};
  const RefusedSend connected{echo, "no_echo", 2};
  turns.turn({{}, {}, {}, {}, {}, {connected}});  // nothing was counted
  CHECK(turns.texts.empty());
  turns.counts["XfrmOutPolBlock"] = 3;
  turns.turn({{}, {}, {met}, {}, {}, {connected}});
  const std::string text =
      "Packet discarded by policy no_echo, outbound - IP addr: 10.1.0.1:10.1.0.2 proto: 6 ports: 40000:7, of a "
      "connected socket";
  CHECK(turns.texts == Texts{text + ", 3 times"});
  CHECK(turns.counted == 3);
  // With more than one in question how often each was met is not known, and the other policy is told by its filter.
  turns.counts["XfrmOutPolBlock"] = 6;
  turns.turn({{}, {}, {met, other}, {}, {}, {connected}});
  CHECK(turns.texts == Texts{text, "Packet discarded by policy no_ping, outbound - " + other.selector.to_string()});
  // An attempt explains it all.
  turns.counts["XfrmOutPolBlock"] = 7;
  turns.turn({{}, {}, {met}, {}, {{echo, "no_echo", 2, 1}}, {connected}});
  REQUIRE(turns.texts.size() == 1);
  CHECK(turns.texts[0].ends_with("ports: 40000:7"));
  turns.counts["XfrmOutPolBlock"] = 100'000;
  turns.turn({{}, {}, {met}, {}, {}, std::vector<RefusedSend>(4096, connected)});
  CHECK(turns.texts.size() == DiscardLedger::most_of_a_kind + 1);
}

TEST_CASE("a flood of attempts is a bounded number of records, and an attempt that nothing confirms is forgotten") {
  Rounds turns;
  turns.counts["XfrmOutPolBlock"] = 100'000;
  turns.turn({{}, {}, {}, {}, std::vector<RefusedSend>(4096, {echo, "no_echo", 2, 1})});
  CHECK(turns.texts.size() == DiscardLedger::most_of_a_kind);
  turns.turn({{}, {}, {}, {}, {{echo, "no_echo", 2, 1}}});
  turns.turn({});
  turns.turn({});
  turns.counts["XfrmOutPolBlock"] += 1;
  turns.turn({});
  CHECK(turns.texts.empty());
}

TEST_CASE("what nothing explains is told in words, a turn later") {
  Rounds turns;
  turns.counts = {{"XfrmInNoStates", 5}, {"XfrmOutNoStates", 9}, {"XfrmNew", 1}};
  turns.turn({});
  CHECK(turns.texts.empty());
  turns.turn({{}, {told(Kind::unknown_spi)}, {}, {}});  // the audit was slower than the counter
  REQUIRE(turns.texts.size() == 3);
  CHECK(turns.texts[1] ==
        "The kernel dropped 4 inbound AH or ESP packets of an SA that does not exist (unknown SPI) (XfrmInNoStates)");
  CHECK(turns.texts[2] == "The kernel dropped 1 packets (XfrmNew)");
  turns.turn({});
  CHECK(turns.texts.empty());
}

TEST_CASE("a flood is a bounded number of records and a count") {
  Rounds turns;
  turns.counts = {{"XfrmInTmplMismatch", 100'000}, {"XfrmInNoStates", 100'000}};
  turns.turn(
      {std::vector<ClearPacket>(50'000, in_clear), std::vector<ToldDiscard>(50'000, told(Kind::unknown_spi)), {}, {}});
  CHECK(turns.texts.size() == 2 * DiscardLedger::most_of_a_kind);
  turns.turn({});
  REQUIRE(turns.texts.size() == 2);
  CHECK(turns.texts[0].starts_with("The kernel dropped 99980 "));
}

TEST_CASE("a counter that begins anew is no flood") {
  Rounds turns;
  turns.counts["XfrmInNoStates"] = 50;
  turns.turn({});
  turns.counts["XfrmInNoStates"] = 1;
  turns.turn({});
  CHECK(turns.texts.size() == 1);  // the 50 of before
  turns.turn({});
  CHECK(turns.texts.empty());
}

TEST_CASE("what was dropped is remembered for a while, each kind once, and no more than there is room for") {
  RecentDiscards recent;
  const auto start = TimePoint{} + Duration{1'000'000};
  const SeenDiscard first{KernelSelector::of(telnet), Direction::in, "telnet_in", 1, Decision::secure};
  const SeenDiscard second{KernelSelector::of(echo), Direction::out, "no_echo", 2, Decision::discard};
  recent.add(first, 1, start);
  recent.add(second, 3, start + seconds(1));
  recent.add(first, 2, start + seconds(2));
  auto all = recent.all(start + seconds(3));
  REQUIRE(all.size() == 2);
  CHECK(all[0].seen == first);
  CHECK(all[0].count == 3);
  CHECK(all[0].last == start + seconds(2));
  CHECK(all[1].seen == second);
  CHECK(recent.all(start + seconds(1) + RecentDiscards::kept_for).size() == 2);
  CHECK(recent.all(start + seconds(2) + RecentDiscards::kept_for).size() == 1);
  recent.add(second, 1, start + seconds(2) + RecentDiscards::kept_for);
  CHECK(recent.all(start + seconds(2) + RecentDiscards::kept_for)[0].count == 1);  // the old ones are forgotten
  for (unsigned n = 0; n < 5000; ++n) {
    auto flow = telnet;
    flow.source_port = static_cast<std::uint16_t>(n);
    recent.add({KernelSelector::of(flow), Direction::in, "telnet_in", 1, Decision::secure}, 1, start);
  }
  CHECK(recent.all(start).size() == RecentDiscards::most);
  CHECK(recent.all(start)[0].seen.packets.source_port.value == 4999);
}
