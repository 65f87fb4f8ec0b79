#include "tunnel_watch.hpp"

#include <array>
#include <set>

#include "base/packet.hpp"

namespace ipsec9000 {

namespace {
constexpr std::array families{Family::ipv4, Family::ipv6};

std::set<TunnelPath> paths_of(const Configuration& configuration) {
  std::set<TunnelPath> paths;
  for (const auto& policy : configuration.policies)
    for (const auto family : families)
      if (policy.tunnel && policy.action == Decision::secure && policy.filter.allows(family))
        paths.insert({policy.filter.remote_prefix(family), policy.filter.local_prefix(family)});
  return paths;
}
}  // namespace

// Made on the pool: iptables takes its time.
struct TunnelWatch::Opening {
  std::vector<TunnelPath> paths;
  Result<std::unique_ptr<PacketSource>> source = Error{ErrorCode::internal, "not done"};
};

void TunnelWatch::follow(const Configuration& configuration) {
  const auto all = paths_of(configuration);
  std::vector<TunnelPath> paths;
  for (const auto& path : all)
    if (paths.size() < PacketSource::most_paths) paths.push_back(path);
  left_out_ = all.size() - paths.size();
  if (paths == paths_) return;
  paths_ = std::move(paths);
  open();
}

void TunnelWatch::open() {
  watch_ = {};
  source_.reset();
  problem_.clear();
  opening_.reset();
  if (paths_.empty()) return;
  problem_ = "not yet there";
  const auto opening = std::make_shared<Opening>();
  opening->paths = paths_;
  opening_ = opening;
  const auto done = [this, alive = alive_, opening] {
    if (!*alive || opening_ != opening) return;
    opening_.reset();
    problem_ = opening->source ? "" : opening->source.error().text;
    if (!opening->source) return;
    source_ = std::move(*opening->source);
    watch_ = loop_.watch_readable(source_->fd(), [this] { read(); });
  };
  if (!loop_.run_on_pool([opening] { opening->source = PacketSource::open_clear(opening->paths); }, done))
    problem_ = "too much to do";
}

void TunnelWatch::read() {
  for (const auto& packet : source_->read())
    if (const auto flow = flow_of_packet(packet.bytes)) on_packet_(*flow);
}

std::string TunnelWatch::state() const {
  if (paths_.empty()) return "not needed";
  if (!problem_.empty()) return "off: " + problem_;
  if (left_out_ == 0) return "on";
  return "on, for " + std::to_string(paths_.size()) + " of " + std::to_string(paths_.size() + left_out_) +
         " pairs of addresses";
}

}  // namespace ipsec9000
