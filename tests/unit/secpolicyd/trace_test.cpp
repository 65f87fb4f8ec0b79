#include "trace.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include "audit/events.hpp"
#include "service_fixture.hpp"
#include "trace/pcapng.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
const Flow telnet_back = flow("10.1.0.2", 23, "10.1.0.1", 40000);

// Packets that a test puts in place of the kernel.
struct Packets {
  std::vector<TracedPacket> waiting;
  int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  bool open = false;
  void add(TracedAt at, const Flow& flow) {
    Writer packet;
    packet.u16(0x4500).u16(40).u32(0).u8(64).u8(static_cast<std::uint8_t>(flow.protocol)).u16(0);
    packet.bytes(flow.source.bytes()).bytes(flow.destination.bytes());
    packet.u16(flow.source_port).u16(flow.destination_port).bytes(Bytes(16));
    waiting.push_back({at, packet.take()});
    const std::uint64_t one = 1;
    REQUIRE(::write(event, &one, sizeof one) == sizeof one);
  }
};
class FakeSource final : public PacketSource {
 public:
  explicit FakeSource(Packets& packets) : packets_(packets) { packets_.open = true; }
  ~FakeSource() override { packets_.open = false; }
  std::string_view kind() const override { return "a test"; }
  int fd() const override { return packets_.event; }
  std::vector<TracedPacket> read() override {
    std::uint64_t count = 0;
    (void)!::read(packets_.event, &count, sizeof count);
    return std::exchange(packets_.waiting, {});
  }
  std::uint64_t lost() const override { return 0; }

 private:
  Packets& packets_;
};

struct TraceFixture {
  TemporaryDirectory directory;
  Paths paths{directory.path()};
  EventLoop loop;
  RpcServer server{loop, paths.socket("secpolicyd")};
  AuditClient audit{loop, paths.socket("secauditd"), "test"};
  DaemonContext context{loop, paths, server, audit, [](const std::string&) {}};
  FakeKernel kernel;
  std::unique_ptr<const PolicySet> set =
      PolicySet::make(*parse_configuration(document(telnet_secured + "," + no_udp), "test").configuration);
  Packets packets;
  Trace trace{context, kernel, [this]() -> const PolicySet& { return *set; },
              [this](TracedProtocols) -> Result<std::unique_ptr<PacketSource>> {
                if (!shown) return Error{ErrorCode::unsupported, "no netfilter"};
                return std::unique_ptr<PacketSource>(std::make_unique<FakeSource>(packets));
              }};
  bool shown = true;

  Result<Json> start(std::uint64_t kilobytes = 64) {
    std::optional<Result<Json>> answer;
    trace.start({directory.path(), TracedProtocols::all, kilobytes},
                [&](Result<Json> done) { answer = std::move(done); });
    REQUIRE(run_until(loop, [&] { return answer.has_value(); }));
    return *answer;
  }
  std::vector<pcapng::Packet> written(const Json& status) {
    std::vector<pcapng::Packet> all;
    const auto read = pcapng::read(status["file"].get<std::string>(), [&](const pcapng::Packet& packet) {
      all.push_back(packet);
      return true;
    });
    REQUIRE(read);
    CHECK(read->fault.empty());
    return all;
  }
  Json message(const std::string& hex = "0102") {
    const auto answer = trace.message({{"time", 5},
                                       {"local", "10.1.0.1"},
                                       {"local_port", 500},
                                       {"remote", "10.1.0.2"},
                                       {"remote_port", 500},
                                       {"sent", true},
                                       {"message", hex},
                                       {"comment", "Main Mode"}});
    REQUIRE(answer);
    return *answer;
  }
};

SaSpec telnet_sa(const PolicySet& set, std::uint32_t spi, const char* source, const char* destination) {
  SaSpec sa;
  sa.source = *IpAddress::parse(source);
  sa.destination = *IpAddress::parse(destination);
  sa.spi = Spi{spi};
  sa.reqid = set.keying.reqid_of(0);
  sa.encryption = SaEncryption{"cbc(aes)", Secret(Bytes(16)), 0};
  return sa;
}
}  // namespace

TEST_CASE_METHOD(TraceFixture, "packets are traced with policy, SPI and direction") {
  REQUIRE(kernel.add_sa(telnet_sa(*set, 0xc0de, "10.1.0.1", "10.1.0.2")));
  REQUIRE(kernel.add_sa(telnet_sa(*set, 0xbeef, "10.1.0.2", "10.1.0.1")));
  REQUIRE(start());
  packets.add(TracedAt::out, telnet_out);
  packets.add(TracedAt::in_ipsec, telnet_back);
  packets.add(TracedAt::in_clear, telnet_back);
  packets.add(TracedAt::out, flow("10.1.0.1", 40000, "10.1.0.2", 80));
  REQUIRE(run_until(loop, [&] { return trace.status()["packets"] == 4; }));
  const auto all = written(*trace.stop("a test"));
  REQUIRE(all.size() == 4);
  CHECK(all[0].comment == "outbound, before encryption: policy telnet, ESP SPI 0000c0de");
  CHECK(all[0].way == pcapng::Way::outbound);
  CHECK(all[0].original_size == 40);
  CHECK(all[1].comment == "inbound, after decryption: policy telnet, ESP SPI 0000beef");
  CHECK(all[1].way == pcapng::Way::inbound);
  CHECK(all[2].comment == "inbound, in clear, to be dropped: policy telnet");
  CHECK(all[3].comment == "outbound, in clear: policy default");
  CHECK(trace.status().is_null());
  CHECK_FALSE(packets.open);
}

TEST_CASE_METHOD(TraceFixture, "IKE is traced even where the kernel shows no packets") {
  shown = false;
  const auto begun = start();
  REQUIRE(begun);
  CHECK((*begun)["source"] == "off: no netfilter");
  CHECK(message()["on"] == true);
  const auto all = written(*trace.stop("a test"));
  REQUIRE(all.size() == 1);
  CHECK(all[0].comment == "IKE sent: Main Mode");
  CHECK(all[0].bytes.size() == 30);
  CHECK(message()["on"] == false);
}

TEST_CASE_METHOD(TraceFixture, "a trace never grows beyond its size, and then takes the rules out of the kernel") {
  const auto begun = start(1);
  REQUIRE(begun);
  CHECK(start().error().code == ErrorCode::already_exists);
  for (int n = 0; n < 100 && message()["on"] == true; ++n) continue;
  CHECK(trace.status()["state"] == "full");
  REQUIRE(run_until(loop, [&] { return !packets.open; }));
  const auto last = trace.stop("a test");
  REQUIRE(last);
  CHECK(std::filesystem::file_size((*last)["file"].get<std::string>()) <= 1024);
  CHECK(written(*last).size() == (*last)["messages"]);
  CHECK(trace.stop("a test").error().code == ErrorCode::not_found);
}

TEST_CASE_METHOD(TraceFixture, "a directory that is a symbolic link is refused, and the file is private") {
  const auto begun = start();
  REQUIRE(begun);
  using std::filesystem::perms;
  CHECK(std::filesystem::status((*begun)["file"].get<std::string>()).permissions() ==
        (perms::owner_read | perms::owner_write));
  REQUIRE(trace.stop("a test"));
  const auto link = directory.path() / "link";
  std::filesystem::create_directory_symlink(directory.path(), link);
  std::optional<Result<Json>> answer;
  trace.start({link, TracedProtocols::all, 64}, [&](Result<Json> done) { answer = std::move(done); });
  REQUIRE(answer);
  CHECK(answer->error().text.find("is a symbolic link") != std::string::npos);
}

TEST_CASE("an order for a trace is checked") {
  CHECK(TraceOrder::from_json({{"directory", "/tmp"}})->max_kilobytes == TraceOrder::default_kilobytes);
  CHECK_FALSE(TraceOrder::from_json({{"directory", "tmp"}}));
  CHECK_FALSE(TraceOrder::from_json(Json::array()));
  CHECK_FALSE(TraceOrder::from_json({{"directory", "/tmp"}, {"protocols", "icmp"}}));
  CHECK_FALSE(TraceOrder::from_json({{"directory", "/tmp"}, {"max_kilobytes", 0}}));
  CHECK_FALSE(TraceOrder::from_json({{"directory", "/tmp"}, {"max_kilobytes", "9"}}));
}

TEST_CASE_METHOD(TraceFixture, "what is no message of IKE's does not get into a trace") {
  REQUIRE(start());
  const Json good{
      {"local", "10.1.0.1"}, {"local_port", 500}, {"remote", "10.1.0.2"}, {"remote_port", 500}, {"message", "00"}};
  for (const auto& [name, value] : std::map<std::string, Json>{
           {"local", "x"}, {"local_port", 70'000}, {"remote", "fd00::1"}, {"message", "0"}, {"comment", 5}}) {
    auto bad = good;
    bad[name] = value;
    CHECK_FALSE(trace.message(bad));
  }
  CHECK_FALSE(trace.message(Json::array()));
  CHECK(trace.message(good));
  CHECK((*trace.stop("a test"))["messages"] == 1);
}
