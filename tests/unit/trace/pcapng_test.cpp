#include "trace/pcapng.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "base/files.hpp"

using namespace ipsec9000;

namespace {
struct TraceFile {
  std::filesystem::path directory;
  std::filesystem::path path;
  TraceFile() {
    std::string name = "/tmp/pcapng-test.XXXXXX";
    directory = ::mkdtemp(name.data());
    path = directory / "trace.pcapng";
  }
  ~TraceFile() { std::filesystem::remove_all(directory); }
  void write(const Bytes& bytes) const {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  // The packets, and how reading ended.
  std::pair<std::vector<pcapng::Packet>, Result<pcapng::ReadSummary>> read() const {
    std::vector<pcapng::Packet> packets;
    auto summary = pcapng::read(path, [&](const pcapng::Packet& packet) {
      packets.push_back(packet);
      return true;
    });
    return {std::move(packets), std::move(summary)};
  }
};

pcapng::Packet packet(std::string comment, std::size_t size = 21) {
  pcapng::Packet made;
  made.microseconds = 1'764'000'000'123'456;
  made.interface_id = 1;
  made.way = pcapng::Way::outbound;
  made.bytes.assign(size, 0x45);
  made.comment = std::move(comment);
  return made;
}

Bytes trace(const std::vector<pcapng::Packet>& packets) {
  auto file = concat({pcapng::section_header("test"), pcapng::interface_description("packets", "in clear"),
                      pcapng::interface_description("ike", "decrypted")});
  for (const auto& each : packets) append(file, pcapng::enhanced_packet(each));
  return file;
}
}  // namespace

TEST_CASE("what is written into a trace is read from it") {
  const TraceFile file;
  auto cut = packet("second, \"quoted\" \xc3\xa4");
  cut.original_size = 9000;
  cut.way = pcapng::Way::inbound;
  file.write(trace({packet("first"), cut, packet("")}));
  const auto [packets, summary] = file.read();
  REQUIRE(summary);
  CHECK(summary->fault.empty());
  REQUIRE(packets.size() == 3);
  CHECK(packets[0].comment == "first");
  CHECK(packets[0].microseconds == 1'764'000'000'123'456);
  CHECK(packets[0].interface_id == 1);
  CHECK(packets[0].way == pcapng::Way::outbound);
  CHECK(packets[0].bytes == Bytes(21, 0x45));
  CHECK(packets[0].original_size == 21);
  CHECK(packets[1].comment == "second, \"quoted\" \xc3\xa4");
  CHECK(packets[1].original_size == 9000);
  CHECK(packets[1].way == pcapng::Way::inbound);
  CHECK(packets[2].comment.empty());
}

TEST_CASE("blocks are of the format's shape") {
  const auto block = pcapng::enhanced_packet(packet("x", 5));
  CHECK(to_hex(ByteView(block).first(8)) == "060000003c000000");
  CHECK(to_hex(ByteView(block).last(4)) == "3c000000");
  CHECK(to_hex(ByteView(block).subspan(28, 8)) == "4545454545000000");
  CHECK(to_hex(ByteView(block).subspan(36, 8)) == "0100010078000000");  // the comment
  CHECK(to_hex(ByteView(block).subspan(44, 8)) == "0200040002000000");  // outbound
}

TEST_CASE("a packet or a comment that is too long is cut, never in the middle of a character") {
  const TraceFile file;
  auto large = packet(std::string(pcapng::largest_comment - 1, 'a') + "\xc3\xa4", 70'000);
  file.write(trace({large}));
  const auto [packets, summary] = file.read();
  REQUIRE(summary);
  REQUIRE(packets.size() == 1);
  CHECK(packets[0].bytes.size() == pcapng::largest_packet);
  CHECK(packets[0].original_size == 70'000);
  CHECK(packets[0].comment == std::string(pcapng::largest_comment - 1, 'a'));
}

TEST_CASE("a trace that is cut off anywhere gives the whole packets before the cut and says so") {
  const TraceFile file;
  const auto whole = trace({packet("first"), packet("second")});
  const auto head = trace({}).size(), first = trace({packet("first")}).size();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    file.write(to_bytes(ByteView(whole).first(size)));
    const auto [packets, summary] = file.read();
    const auto section = pcapng::section_header("test").size();
    INFO(size);
    CHECK(summary.has_value() == (size >= section));
    if (!summary) continue;
    CHECK(packets.size() == (size >= first ? 1 : 0));
    const bool between =
        size == section || size == section + pcapng::interface_description("packets", "in clear").size();
    CHECK(summary->fault.empty() == (between || size == head || size == first));
  }
}

TEST_CASE("no changed byte makes a reader fall, loop or give more than the file holds") {
  const TraceFile file;
  const auto whole = trace({packet("first"), packet("second")});
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{0x7f}, std::uint8_t{0xff}}) {
      auto changed = whole;
      changed[at] = value;
      file.write(changed);
      const auto [packets, summary] = file.read();
      CHECK(packets.size() <= 2);
      if (summary) CHECK(summary->packets == packets.size());
    }
}

TEST_CASE("what is no trace is refused with the reason") {
  const TraceFile file;
  CHECK(file.read().second.error().code == ErrorCode::not_found);
  file.write(to_bytes(as_bytes("audit records, perhaps\n")));
  CHECK(file.read().second.error().code == ErrorCode::invalid_input);
  const TraceFile elsewhere;
  CHECK(pcapng::read(elsewhere.directory, [](const pcapng::Packet&) { return true; }).error().code ==
        ErrorCode::invalid_input);
}
