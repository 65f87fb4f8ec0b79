// What hosts say on a simulated network, as a capture with the keys beside it, for tshark. The keys are known here only
// because the hosts are ours to look into: the daemon shows them to nobody.
#pragma once
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "support/engine_snapshot.hpp"
#include "support/ike_network.hpp"
#include "support/temporary_directory.hpp"

namespace ipsec9000::test {

class IsakmpCapture {
 public:
  // From now on; the hosts must stay where they are until the end of it.
  void watch(TwoHosts& hosts) {
    hosts.network.after_each_step = [this, &hosts] {
      for (const auto* host : {&hosts.a, &hosts.b})
        for (auto& [cookie, key] : ike::EngineSnapshot::cipher_keys(host->engine)) keys_[cookie] = std::move(key);
    };
  }
  // What was sent until now.
  void take(const TwoHosts& hosts) {
    for (const auto& datagram : hosts.network.sent) frames_.push_back(frame_of(datagram));
  }
  // 0 if tshark has nothing to object, and has decrypted messages of all these kinds.
  int verdict(const std::vector<std::string>& kinds) const {
    const TemporaryDirectory directory;
    write(directory.path());
    std::string command = IPSEC9000_SOURCE_DIR "/tests/support/judge_isakmp " + directory.path().string();
    for (const auto& kind : kinds) command += " '" + kind + "'";
    return std::system(command.c_str());
  }

 private:
  static constexpr std::size_t ethernet_header = 14, ip_header = 20, udp_header = 8;

  static Bytes frame_of(const ike::Datagram& datagram) {
    const auto udp_length = static_cast<std::uint16_t>(udp_header + datagram.bytes.size());
    Writer out;
    out.bytes(Bytes(12)).u16(0x0800);
    out.u16(0x4500).u16(static_cast<std::uint16_t>(ip_header + udp_length)).u32(0).u16(0x4011).u16(0);
    out.bytes(datagram.local.address.bytes()).bytes(datagram.remote.address.bytes());
    out.u16(datagram.local.port).u16(datagram.remote.port).u16(udp_length).u16(0);  // checksums: none
    return out.bytes(datagram.bytes).take();
  }

  static Bytes little_endian(std::initializer_list<std::uint32_t> numbers) {
    Bytes bytes;
    for (const auto number : numbers)
      for (unsigned shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::uint8_t>(number >> shift));
    return bytes;
  }

  void write(const std::filesystem::path& directory) const {
    std::ofstream capture(directory / "isakmp.pcap", std::ios::binary);
    const auto put = [&](const Bytes& bytes) {
      capture.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    };
    put(little_endian({0xa1b2c3d4, 0x00040002, 0, 0, 0xffff, 1}));  // pcap 2.4, Ethernet
    std::uint32_t second = 0;
    std::set<std::string> senders;
    for (const auto& frame : frames_) {
      const auto size = static_cast<std::uint32_t>(frame.size());
      put(little_endian({++second, 0, size, size}));
      put(frame);
      senders.insert(IpAddress::from_bytes(ByteView(frame).subspan(26, 4))->to_string());
    }
    nlohmann::json keys = nlohmann::json::object();
    for (const auto& [cookie, key] : keys_) keys[hex16(static_cast<std::uint64_t>(cookie))] = to_hex(key);
    std::ofstream(directory / "isakmp.json") << nlohmann::json{{"ours", senders}, {"keys", keys}};
  }

  std::vector<Bytes> frames_;
  std::map<wire::Cookie, Bytes> keys_;
};

}  // namespace ipsec9000::test
