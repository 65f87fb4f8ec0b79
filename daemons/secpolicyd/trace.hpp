// The trace: packets as the layers above IPsec see them, and IKE's messages as ikpmd tells them, in one file. Off until
// it is switched on, and again after every start.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "base/json_fwd.hpp"
#include "daemon/daemon.hpp"
#include "policy_set.hpp"
#include "trace/packet_source.hpp"
#include "trace/trace_file.hpp"
#include "trace_comments.hpp"

namespace ipsec9000 {

struct TraceOrder {
  std::filesystem::path directory;
  TracedProtocols protocols = TracedProtocols::all;
  std::uint64_t max_kilobytes = default_kilobytes;
  static constexpr std::uint64_t default_kilobytes = std::uint64_t{10} * 1024;
  static constexpr std::uint64_t most_kilobytes = std::uint64_t{1024} * 1024;

  static Result<TraceOrder> from_json(const Json& params);
};

class Trace {
 public:
  using OpenSource = std::function<Result<std::unique_ptr<PacketSource>>(TracedProtocols)>;
  // `open` is called on a thread of the pool.
  Trace(DaemonContext& context, Kernel& kernel, std::function<const PolicySet&()> set,
        OpenSource open = PacketSource::open);
  ~Trace();  // what waits is written

  using Done = std::function<void(Result<Json>)>;  // status(), or why not
  // Answers when packets are being seen, or when it is known that this kernel does not show them: IKE's messages are
  // traced all the same. already_exists: it is on.
  void start(const TraceOrder& order, const Done& done);
  Result<Json> stop(std::string_view cause);  // not_found: it is off
  // One message of IKE's, from ikpmd: {"time" in microseconds since 1970, "local", "local_port", "remote",
  // "remote_port", "sent", "message" in hex, "comment", "left_out"} -> {"on": whether more are wanted}.
  Result<Json> message(const Json& params);

  // null; or {"file", "protocols", "source": where packets come from or "off: why", "state": "on", "full" or what
  // failed, "packets", "messages", "lost", "size" in bytes, "max_kilobytes"}
  Json status() const;

 private:
  struct Opening;
  void opened(const std::shared_ptr<Opening>& opening, const Done& done);
  void read();
  bool add(const pcapng::Packet& packet);
  void flush();
  void arm_flush();
  void end_of_file(std::string state);
  void close_source();

  DaemonContext& context_;
  std::function<const PolicySet&()> set_;
  OpenSource open_;
  TraceComments comments_;
  std::shared_ptr<TraceFile> file_;
  std::unique_ptr<PacketSource> source_;
  EventLoop::Watch watch_;
  EventLoop::Timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::shared_ptr<Opening> opening_;
  TracedProtocols protocols_ = TracedProtocols::all;
  std::string source_state_, state_;
  bool writing_ = false;
  std::uint64_t packets_ = 0, messages_ = 0, lost_ = 0;
};

}  // namespace ipsec9000
