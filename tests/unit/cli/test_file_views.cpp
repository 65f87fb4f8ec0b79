// The views of ipsec_report that read files, in the layouts of the golden files.
#include <ctime>

#include "audit/directory.hpp"
#include "audit/file.hpp"
#include "golden.hpp"
#include "tool_fixture.hpp"
#include "trace/pcapng.hpp"
#include "trace/udp_packet.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
const WallTime friday(milliseconds(1003507950000));  // 2001-10-19T16:12:30Z

struct FileViews : ToolFixture {
  FileViews() {
    ::setenv("TZ", "UTC", 1);  // records are shown in local time
    ::tzset();
  }
  // What was printed, wherever the test's directory is.
  std::string shown() const {
    auto text = out.str();
    for (std::size_t at; (at = text.find(root.string())) != std::string::npos;)
      text.replace(at, root.string().size(), "ROOT");
    return text;
  }
  AuditFile trail(WallTime now, const AuditPosition& after) const {
    auto file = AuditFile::open({root / "log", 100}, now, after);
    REQUIRE(file);
    return std::move(*file);
  }
};

void write(AuditFile& trail, const AuditEvent& event, const AuditFields& fields, const char* from) {
  auto record = make_record(event, fields);
  record.from = from;
  record.time = friday;
  record.correlation = event.id == audit::mm_timeout.id ? "a1b2" : "";
  REQUIRE(trail.append(record, friday));
}
}  // namespace

TEST_CASE_METHOD(FileViews, "the audit trail in the layout of the golden file") {
  auto file = trail(friday, {30, std::string(chain_begin)});
  write(file, audit::integrity_failure,
        {{"spi", "00000200"}, {"source", "10.1.0.1"}, {"destination", "10.1.0.2"}, {"policy", "telnet_in"}},
        "secpolicyd");
  write(file, audit::mm_timeout, {{"remote", "10.1.0.2"}}, "ikpmd");
  write(file, audit::mm_failed, {{"remote", "10.1.0.2"}, {"reason", "odd\nMsg: 99 From: IKPMD \x1b[2J"}}, "ikpmd");
  CHECK(report({"-audit", file.path().string()}) == 0);
  check_golden("audit", shown());
}

TEST_CASE_METHOD(FileViews, "the verdict about an audit trail in the layout of the golden file") {
  std::vector<fs::path> files;
  AuditPosition end;
  for (int day = 0; day < 3; ++day) {
    auto file = trail(friday + seconds(86400 * day), end);
    write(file, audit::mm_timeout, {{"remote", "10.1.0.2"}}, "ikpmd");
    if (day == 2)  // as secauditd records it
      write(file, audit::audit_pruned,
            {{"files", "1"},
             {"bytes", "300"},
             {"file", files[0].string()},
             {"number", "1"},
             {"chain", last_audit_position(files[0])->chain}},
            "secauditd");
    end = file.position();
    files.push_back(file.path());
  }
  fs::remove(files[0]);
  CHECK(report({"-audit", files[1].string(), "-verify"}) == 0);
  auto text = shown();
  auto content = *read_file(files[2]);
  content.replace(content.find("10.1.0.2"), 8, "10.1.0.9");
  std::ofstream(files[2]) << content;
  CHECK(report({"-audit", files[2].string(), "-verify"}) == 1);
  check_golden("verify", text + shown());
}

TEST_CASE_METHOD(FileViews, "a trace in the layout of the golden file") {
  auto bytes = concat({pcapng::section_header("test"), pcapng::interface_description("packets", "in clear")});
  pcapng::Packet packet;
  packet.microseconds = 1'003'507'950'000'000;
  packet.way = pcapng::Way::outbound;
  packet.bytes = udp_packet({*IpAddress::parse("10.1.0.1"), 500}, {*IpAddress::parse("10.1.0.2"), 500}, Bytes(28));
  packet.comment = "IKE sent: Main Mode: SA";
  append(bytes, pcapng::enhanced_packet(packet));
  packet.way = pcapng::Way::inbound;
  packet.comment = "edited\n\x1b[2J";
  packet.bytes.assign(5, 0x45);
  append(bytes, pcapng::enhanced_packet(packet));
  const auto path = root / "trace-20011019T161230Z.pcapng";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  CHECK(report({"-trace", path.string()}) == 0);
  check_golden("trace", shown());
}
