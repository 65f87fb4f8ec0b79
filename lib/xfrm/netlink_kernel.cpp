#include <linux/netlink.h>

#include <algorithm>

#include "xfrm/decode.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

namespace {

// Puts what was asked before the reason. In words only when something failed: words cost more than the request.
template <class T, class Asked>
Result<T> name_failure(Result<T> result, std::string_view doing, const Asked& asked) {
  if (result) return result;
  return result.error().within(std::string(doing) + " " + asked.to_string());
}

template <class Specification>
Result<void> checked(RequestSocket& socket, Request (*build)(const Specification&), const Specification& wanted) {
  if (auto done = check(wanted); !done) return done;
  return socket.execute(build(wanted));
}

// Asks for one thing, and decodes the one message that answers.
template <class T, class Decode>
Result<T> ask_for(RequestSocket& socket, Request request, Decode decode) {
  std::optional<Result<T>> found;
  const auto done = socket.ask(std::move(request), [&](const Message& message) -> Result<void> {
    found = decode(message.payload);
    return {};
  });
  if (!done) return done.error();
  if (!found) return Error{ErrorCode::io, "the kernel agreed but gave no answer"};
  return std::move(*found);
}

template <class T, class Decode>
Result<std::vector<T>> dump_all(RequestSocket& socket, const std::function<Request()>& request, Decode decode) {
  std::vector<T> all;
  const auto on_entry = [&](const Message& message) -> Result<void> {
    auto entry = decode(message.payload);
    if (!entry) return entry.error();
    all.push_back(std::move(*entry));
    return {};
  };
  if (auto done = socket.dump(request, on_entry, [&] { all.clear(); }); !done) return done.error();
  return all;
}

// `decode` makes the entry of a message's payload.
template <class Entry, class Decode>
class NetlinkDump final : public Dump<Entry> {
 public:
  NetlinkDump(RequestSocket socket, std::string doing, Decode decode)
      : socket_(std::move(socket)), doing_(std::move(doing)), decode_(std::move(decode)) {}

  Result<std::vector<Entry>> next() override {
    std::vector<Entry> some;
    while (some.empty() && !ended_) {
      const auto piece = socket_.dump_piece([&](const Message& message) -> Result<void> {
        auto entry = decode_(message.payload);
        if (!entry) return entry.error();
        some.push_back(std::move(*entry));
        return {};
      });
      ended_ = !piece || !piece->handled || piece->last;
      const auto done = piece ? piece->handled : Result<void>(piece.error());
      if (!done) return done.error().within(doing_);
    }
    return some;
  }

 private:
  RequestSocket socket_;
  std::string doing_;
  Decode decode_;
  bool ended_ = false;
};

template <class Entry, class Decode>
Result<std::unique_ptr<Dump<Entry>>> open_dump(Request request, std::string doing, Decode decode) {
  auto socket = RequestSocket::open();
  if (!socket) return socket.error();
  if (auto begun = socket->begin_dump(std::move(request)); !begun) return begun.error().within(doing);
  return std::unique_ptr<Dump<Entry>>(
      new NetlinkDump<Entry, Decode>(std::move(*socket), std::move(doing), std::move(decode)));
}

const auto nothing_to_check = [](const auto&) { return Result<void>{}; };

// Hands `wanted` over in pieces, so that a table of 100 000 is never in memory as requests all at once.
template <class Wanted, class Check, class Build>
std::vector<BatchFailure> execute_in_pieces(RequestSocket& socket, std::span<const Wanted> wanted,
                                            std::string_view doing, Check checked_by, Build build) {
  std::vector<BatchFailure> failures;
  std::vector<Request> requests;
  std::vector<std::size_t> positions;
  requests.reserve(std::min(wanted.size(), RequestSocket::maximum_batch));
  positions.reserve(requests.capacity());
  const auto note = [&](std::size_t position, const Error& error) {
    failures.push_back({position, error.within(std::string(doing) + " " + wanted[position].to_string())});
  };
  std::size_t at = 0;
  while (at < wanted.size()) {
    requests.clear();
    positions.clear();
    for (; at < wanted.size() && requests.size() < RequestSocket::maximum_batch; ++at) {
      if (const auto fits = checked_by(wanted[at]); !fits) {
        note(at, fits.error());
        continue;
      }
      requests.push_back(build(wanted[at]));
      positions.push_back(at);
    }
    for (const auto& failure : socket.execute_all(requests)) note(positions[failure.position], failure.error);
  }
  std::sort(failures.begin(), failures.end(), [](const auto& a, const auto& b) { return a.position < b.position; });
  return failures;
}

const auto check_policy = [](const PolicySpec& policy) { return check(policy); };
const auto check_sa = [](const SaSpec& sa) { return check(sa); };

}  // namespace

Result<std::unique_ptr<NetlinkKernel>> NetlinkKernel::open() {
  auto socket = RequestSocket::open();
  if (!socket) return socket.error();
  return std::unique_ptr<NetlinkKernel>(new NetlinkKernel(std::move(*socket)));
}

Result<void> NetlinkKernel::add_policy(const PolicySpec& policy) {
  return name_failure(checked<PolicySpec>(socket_, ipsec9000::add_policy, policy), "adding policy", policy);
}

Result<void> NetlinkKernel::update_policy(const PolicySpec& policy) {
  return name_failure(checked<PolicySpec>(socket_, ipsec9000::update_policy, policy), "updating policy", policy);
}

Result<void> NetlinkKernel::delete_policy(const PolicyHandle& policy) {
  return name_failure(socket_.execute(delete_policy_by_index(policy)), "deleting policy", policy);
}

Result<void> NetlinkKernel::delete_policy(const PolicyKey& key) {
  return name_failure(socket_.execute(delete_policy_by_selector(key)), "deleting policy", key);
}

std::vector<BatchFailure> NetlinkKernel::add_policies(std::span<const PolicySpec> policies) {
  return execute_in_pieces(socket_, policies, "adding policy", check_policy, ipsec9000::add_policy);
}

std::vector<BatchFailure> NetlinkKernel::update_policies(std::span<const PolicySpec> policies) {
  return execute_in_pieces(socket_, policies, "updating policy", check_policy, ipsec9000::update_policy);
}

std::vector<BatchFailure> NetlinkKernel::delete_policies(std::span<const PolicyHandle> policies) {
  return execute_in_pieces(socket_, policies, "deleting policy", nothing_to_check, delete_policy_by_index);
}

Result<PolicyState> NetlinkKernel::get_policy(const PolicyKey& key) {
  return name_failure(ask_for<PolicyState>(socket_, ipsec9000::get_policy(key), decode_policy), "reading policy", key);
}

Result<std::vector<PolicyState>> NetlinkKernel::dump_policies() {
  auto all = dump_all<PolicyState>(socket_, ipsec9000::dump_policies, decode_policy);
  if (!all) return all.error().within("reading the kernel's policies");
  return all;
}

Result<std::unique_ptr<PolicyDump>> NetlinkKernel::open_policy_dump() {
  return open_dump<PolicyState>(ipsec9000::dump_policies(), "reading the kernel's policies",
                                [](ByteView payload) { return decode_policy(payload); });
}

Result<std::vector<PolicyState>> NetlinkKernel::policies_for(const Flow& flow, PolicyDirection direction) {
  std::vector<PolicyState> found;
  const auto on_entry = [&](const Message& message) -> Result<void> {
    auto state = decode_policy_for(message.payload, flow, direction);
    if (!state) return state.error();
    if (*state) found.push_back(std::move(**state));
    return {};
  };
  if (auto done = socket_.dump(ipsec9000::dump_policies, on_entry, [&] { found.clear(); }); !done)
    return done.error().within("reading the kernel's policies");
  return found;
}

Result<void> NetlinkKernel::set_default(const DefaultActions& actions) {
  auto done = socket_.execute(ipsec9000::set_default(actions));
  if (!done) return done.error().within("setting what happens to packets without a policy");
  return done;
}

Result<DefaultActions> NetlinkKernel::get_default() {
  auto actions = ask_for<DefaultActions>(socket_, ipsec9000::get_default(), decode_default);
  if (!actions) return actions.error().within("reading what happens to packets without a policy");
  return actions;
}

Result<void> NetlinkKernel::set_hash_thresholds(const HashThresholds& thresholds) {
  auto done = socket_.execute(ipsec9000::set_hash_thresholds(thresholds));
  if (!done) return done.error().within("setting the hash thresholds of policies");
  return done;
}

Result<SpdInfo> NetlinkKernel::spd_info() {
  auto info = ask_for<SpdInfo>(socket_, get_spd_info(), decode_spd_info);
  if (!info) return info.error().within("reading the figures of the policy database");
  return info;
}

Result<void> NetlinkKernel::add_sa(const SaSpec& sa) {
  return name_failure(checked<SaSpec>(socket_, ipsec9000::add_sa, sa), "adding SA", sa);
}

Result<void> NetlinkKernel::update_sa(const SaSpec& sa) {
  return name_failure(checked<SaSpec>(socket_, ipsec9000::update_sa, sa), "updating SA", sa);
}

Result<void> NetlinkKernel::delete_sa(const SaId& sa) {
  return name_failure(socket_.execute(ipsec9000::delete_sa(sa)), "deleting SA", sa);
}

std::vector<BatchFailure> NetlinkKernel::add_sas(std::span<const SaSpec> sas) {
  return execute_in_pieces(socket_, sas, "adding SA", check_sa, ipsec9000::add_sa);
}

std::vector<BatchFailure> NetlinkKernel::delete_sas(std::span<const SaId> sas) {
  return execute_in_pieces(socket_, sas, "deleting SA", nothing_to_check, ipsec9000::delete_sa);
}

Result<SaState> NetlinkKernel::get_sa(const SaId& sa, Keys keys) {
  const auto decode = [keys](ByteView payload) { return decode_sa(payload, keys); };
  return name_failure(ask_for<SaState>(socket_, ipsec9000::get_sa(sa), decode), "reading SA", sa);
}

Result<std::vector<SaState>> NetlinkKernel::dump_sas(Keys keys) {
  const auto request = [] { return ipsec9000::dump_sas(std::nullopt); };
  auto all = dump_all<SaState>(socket_, request, [keys](ByteView payload) { return decode_sa(payload, keys); });
  if (!all) return all.error().within("reading the kernel's SAs");
  return all;
}

Result<std::unique_ptr<SaDump>> NetlinkKernel::open_sa_dump() {
  return open_dump<SaState>(ipsec9000::dump_sas(std::nullopt), "reading the kernel's SAs",
                            [](ByteView payload) { return decode_sa(payload, Keys::leave_out); });
}

Result<std::vector<SaState>> NetlinkKernel::sas_between(const IpAddress& source, const IpAddress& destination) {
  const auto request = [&] { return dump_sas_between(source, destination); };
  auto some = dump_all<SaState>(socket_, request, [](ByteView payload) { return decode_sa(payload, Keys::leave_out); });
  if (!some) return some.error().within("reading the kernel's SAs");
  // Kernels without this filter give all.
  std::erase_if(*some,
                [&](const SaState& sa) { return sa.spec.source != source || sa.spec.destination != destination; });
  return some;
}

Result<Spi> NetlinkKernel::allocate_spi(const SpiRequest& wanted) {
  const auto doing = [&] {
    return "choosing an SPI for " + to_string(wanted.protocol) + " from " + wanted.source.to_string() + " to " +
           wanted.destination.to_string();
  };
  if (auto done = check(wanted); !done) return done.error().within(doing());
  const auto decode = [](ByteView payload) { return decode_sa(payload, Keys::leave_out); };
  const auto larval = ask_for<SaState>(socket_, ipsec9000::allocate_spi(wanted), decode);
  if (!larval) return larval.error().within(doing());
  return larval->spec.spi;
}

Result<SadInfo> NetlinkKernel::sad_info() {
  auto info = ask_for<SadInfo>(socket_, get_sad_info(), decode_sad_info);
  if (!info) return info.error().within("reading the figures of the SA database");
  return info;
}

Result<std::unique_ptr<EventSource>> NetlinkKernel::open_events(std::span<const EventGroup> groups) {
  auto events = EventSocket::open(groups);
  if (!events) return events.error();
  return std::unique_ptr<EventSource>(std::move(*events));
}

}  // namespace ipsec9000
