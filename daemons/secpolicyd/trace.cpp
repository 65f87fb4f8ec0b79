#include "trace.hpp"

#include <nlohmann/json.hpp>

#include "audit/events.hpp"
#include "base/clock.hpp"
#include "parameters.hpp"
#include "trace/udp_packet.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration flush_interval{200};
constexpr std::size_t largest_hex = std::size_t{2} * 65535;

// What a netlink message could not hold of a packet.
std::uint32_t size_in_header(const Bytes& packet) {
  constexpr std::size_t ipv6_header = 40;
  if (packet.size() < ipv6_header / 2) return 0;
  const auto at = [&](std::size_t offset) {
    return static_cast<std::uint32_t>(packet[offset] << 8U | packet[offset + 1]);
  };
  return packet[0] >> 4U == 4 ? at(2) : at(4) + static_cast<std::uint32_t>(ipv6_header);
}

std::optional<std::uint64_t> number_in(const Json& params, const std::string& name) {
  const auto found = params.find(name);
  return found == params.end() ? std::nullopt : natural_number(*found);
}

Result<Endpoint> endpoint_in(const Json& params, const std::string& name) {
  const auto text = optional_text(params, name.c_str());
  if (!text) return text.error();
  const auto address = IpAddress::parse(*text);
  if (!address) return address.error();
  const auto port = number_in(params, name + "_port");
  if (!port || *port > UINT16_MAX)
    return Error{ErrorCode::invalid_input, "\"" + name + "_port\" must be a number from 0 to 65535"};
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}
}  // namespace

Result<TraceOrder> TraceOrder::from_json(const Json& params) {
  TraceOrder order;
  const auto directory = optional_text(params, "directory"), protocols = optional_text(params, "protocols");
  if (!directory) return directory.error();
  if (!protocols) return protocols.error();
  if (!directory->starts_with('/') || directory->find('\0') != std::string::npos)
    return Error{ErrorCode::invalid_input, "\"directory\" must be an absolute path"};
  order.directory = *directory;
  if (!protocols->empty()) {
    const auto parsed = parse_traced_protocols(*protocols);
    if (!parsed) return parsed.error();
    order.protocols = *parsed;
  }
  if (params.contains("max_kilobytes")) {
    const auto size = number_in(params, "max_kilobytes");
    if (!size || *size == 0 || *size > most_kilobytes)
      return Error{ErrorCode::invalid_input,
                   "\"max_kilobytes\" must be a whole number from 1 to " + std::to_string(most_kilobytes)};
    order.max_kilobytes = *size;
  }
  return order;
}

// Made on the pool: iptables takes its time.
struct Trace::Opening {
  TracedProtocols protocols;
  Result<std::unique_ptr<PacketSource>> source = Error{ErrorCode::internal, "not done"};
};

Trace::Trace(DaemonContext& context, Kernel& kernel, std::function<const PolicySet&()> set, OpenSource open)
    : context_(context), set_(std::move(set)), open_(std::move(open)), comments_(kernel), timer_(context.loop) {}

Trace::~Trace() {
  *alive_ = false;
  watch_ = {};
  if (file_) file_->write().has_value();  // the trace ends with us; nobody is left to tell
}

void Trace::start(const TraceOrder& order, const Done& done) {
  if (file_) return done(Error{ErrorCode::already_exists, "a trace is under way: " + file_->path().string()});
  auto file = TraceFile::create(order.directory, wall_now(), order.max_kilobytes * 1024);
  if (!file) return done(file.error());
  file_ = std::move(*file);
  protocols_ = order.protocols;
  state_ = "on";
  source_state_ = "off: not yet there";
  packets_ = messages_ = lost_ = 0;
  const auto opening = std::make_shared<Opening>();
  opening->protocols = order.protocols;
  opening_ = opening;
  const auto begun = context_.loop.run_on_pool([opening, open = open_] { opening->source = open(opening->protocols); },
                                               [this, alive = alive_, opening, done] {
                                                 if (*alive) opened(opening, done);
                                               });
  if (begun) return;
  opening->source = Error{ErrorCode::refused, "too much to do"};
  opened(opening, done);
}

void Trace::opened(const std::shared_ptr<Opening>& opening, const Done& done) {
  if (opening_ != opening) return done(Error{ErrorCode::refused, "the trace was switched off meanwhile"});
  opening_.reset();
  if (opening->source) {
    source_ = std::move(*opening->source);
    source_state_ = std::string(source_->kind());
    watch_ = context_.loop.watch_readable(source_->fd(), [this] { read(); });
  } else {
    source_state_ = "off: " + opening->source.error().text;
  }
  context_.audit.record(audit::trace_started,
                        {{"protocols", std::string(to_string(protocols_))}, {"file", file_->path().string()}});
  arm_flush();
  done(status());
}

Result<Json> Trace::stop(std::string_view cause) {
  if (!file_) return Error{ErrorCode::not_found, "no trace is under way"};
  opening_.reset();
  if (source_) read();
  close_source();
  timer_.cancel();
  const auto written = file_->write();
  if (!written) state_ = written.error().text;
  auto last = status();
  context_.audit.record(audit::trace_stopped, {{"file", file_->path().string()}, {"cause", std::string(cause)}});
  file_.reset();
  return last;
}

void Trace::close_source() {
  watch_ = {};
  if (!source_) return;
  lost_ += source_->lost();
  source_.reset();
}

void Trace::read() {
  // When they were read: the kernel has a time for inbound packets only, and the order is what people look for.
  const auto now = wall_microseconds();
  for (auto& packet : source_->read()) {
    pcapng::Packet shown;
    auto comment = comments_.of(packet, set_(), context_.loop.now());
    shown.microseconds = now;
    shown.interface_id = TraceFile::packets;
    shown.way = comment.way;
    shown.original_size = size_in_header(packet.bytes);
    shown.bytes = std::move(packet.bytes);
    shown.comment = std::move(comment.text);
    if (!add(shown)) return;
    ++packets_;
  }
}

// False: the file takes no more, and the kernel is not asked any longer.
bool Trace::add(const pcapng::Packet& packet) {
  switch (file_->add(packet)) {
    case TraceFile::Taken::yes:
      return true;
    case TraceFile::Taken::no_room:
      ++lost_;
      return true;
    case TraceFile::Taken::full:
      break;
  }
  end_of_file("full");
  return false;
}

void Trace::end_of_file(std::string state) {
  if (state_ != "on") return;
  state_ = std::move(state);
  source_state_ = "off: the file is closed";
  context_.audit.record(audit::trace_stopped, {{"file", file_->path().string()}, {"cause", state_}});
  // Not from inside the source's own callback.
  context_.loop.post([this, alive = alive_] {
    if (*alive && state_ != "on") close_source();
  });
}

Result<Json> Trace::message(const Json& params) {
  if (!file_ || state_ != "on") return Json{{"on", false}};
  const auto local = endpoint_in(params, "local"), remote = endpoint_in(params, "remote");
  if (!local) return local.error();
  if (!remote) return remote.error();
  const auto hex = optional_text(params, "message"), comment = optional_text(params, "comment");
  if (!hex) return hex.error();
  if (!comment) return comment.error();
  const auto message = from_hex(*hex);
  if (!message || hex->size() > largest_hex || local->address.family() != remote->address.family())
    return Error{ErrorCode::invalid_input, "this is no message of IKE's"};
  const bool sent = params.contains("sent") && params["sent"] == true;
  constexpr std::uint16_t nat_traversal = 4500;
  const Bytes marker(local->port == nat_traversal ? 4 : 0);  // RFC 3948, 2.2
  pcapng::Packet shown;
  shown.microseconds = number_in(params, "time").value_or(wall_microseconds());
  shown.interface_id = TraceFile::ike;
  shown.way = sent ? pcapng::Way::outbound : pcapng::Way::inbound;
  shown.bytes = udp_packet(sent ? *local : *remote, sent ? *remote : *local, concat({marker, *message}));
  shown.comment = (sent ? "IKE sent: " : "IKE received: ") + *comment;
  lost_ += number_in(params, "left_out").value_or(0);
  if (add(shown)) ++messages_;
  return Json{{"on", state_ == "on"}};
}

void Trace::arm_flush() {
  timer_.arm(flush_interval, [this] {
    flush();
    arm_flush();
  });
}

void Trace::flush() {
  if (writing_ || !file_ || !file_->has_waiting()) return;
  const auto outcome = std::make_shared<Result<void>>();
  writing_ = context_.loop.run_on_pool([file = file_, outcome] { *outcome = file->write(); },
                                       [this, alive = alive_, outcome] {
                                         if (!*alive) return;
                                         writing_ = false;
                                         if (!*outcome && file_) end_of_file(outcome->error().text);
                                       });
}

Json Trace::status() const {
  if (!file_) return nullptr;
  return {{"file", file_->path().string()},
          {"protocols", std::string(to_string(protocols_))},
          {"source", source_state_},
          {"state", state_},
          {"packets", packets_},
          {"messages", messages_},
          {"lost", lost_ + (source_ ? source_->lost() : 0)},
          {"size", file_->size()},
          {"max_kilobytes", file_->max_size() / 1024}};
}

}  // namespace ipsec9000
