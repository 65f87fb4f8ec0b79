#include "daemon/audit_client.hpp"

#include <deque>
#include <nlohmann/json.hpp>

#include "audit/flood.hpp"
#include "base/clock.hpp"
#include "daemon/rpc_peer.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t max_batch_records = 256;
constexpr std::size_t max_batch_bytes = 262144;  // of texts: with their frame still far below a message's limit
constexpr Duration answer_time{5000};
constexpr Duration retry_pause{1000};
constexpr Duration level_question{3600 * 1000};  // secauditd answers when the level changes, or never

constexpr Duration level_pause{50};

// How much of a message a record takes, roughly and rather too much: JSON escapes a byte with one more.
std::size_t weight(const AuditRecord& record) {
  std::size_t bytes = 256 + 2 * record.text.size();
  for (const auto& [name, value] : record.fields) bytes += 2 * (name.size() + value.size()) + 8;
  return bytes;
}
}  // namespace

struct AuditClient::State {
  State(EventLoop& loop, const std::filesystem::path& socket, std::string program)
      : events(loop), from(std::move(program)), peer(loop, socket), retry(loop), ask_level(loop), summing_up(loop) {}

  void add(AuditRecord record);
  void sum_up();
  void enqueue(AuditRecord record);
  void report_dropped();
  void deliver();
  void delivered(const Result<Json>& answer, std::size_t count);
  void acknowledge(const Json& answer, std::size_t count);
  void follow_level();
  void learn_level(const Json& answer);

  EventLoop& events;
  std::string from;
  AuditFlood flood;
  std::deque<AuditRecord> queue;
  std::uint64_t dropped = 0;
  std::uint64_t dropped_unreported = 0;
  AuditLevel level = AuditLevel::debug;
  bool level_known = false;
  bool in_flight = false;
  std::function<void()> drained;
  RpcPeer peer;
  EventLoop::Timer retry;
  EventLoop::Timer ask_level;
  EventLoop::Timer summing_up;
};

void AuditClient::State::add(AuditRecord record) {
  if (record.level > level) return;
  record.from = from;
  if (record.time == WallTime{}) record.time = wall_now();
  for (auto& admitted : flood.admit(std::move(record), events.now())) enqueue(std::move(admitted));
  sum_up();
}

// Says what was held back once its time has come.
void AuditClient::State::sum_up() {
  const auto due = flood.due();
  if (due && !summing_up.armed())
    summing_up.arm_at(*due, [this] {
      for (auto& summary : flood.summaries(events.now())) enqueue(std::move(summary));
      sum_up();
    });
}

void AuditClient::State::enqueue(AuditRecord record) {
  const auto room = record.level >= AuditLevel::informative ? max_queued / 2 : max_queued;
  if (queue.size() >= room) {
    ++dropped;
    ++dropped_unreported;
    return;
  }
  queue.push_back(std::move(record));
  deliver();
}

void AuditClient::State::report_dropped() {
  if (dropped_unreported == 0 || queue.size() >= max_queued / 2) return;
  const auto count = std::to_string(std::exchange(dropped_unreported, 0));
  add(make_record(audit::audit_records_dropped,
                  {{"count", count}, {"daemon", from}, {"reason", "secauditd was away or too slow"}}));
}

void AuditClient::State::deliver() {
  if (in_flight || queue.empty() || retry.armed() || !peer.connected()) return;
  Json records = Json::array();
  std::size_t bytes = 0;
  for (const auto& record : queue) {
    bytes += weight(record);
    if (records.size() == max_batch_records || (bytes > max_batch_bytes && !records.empty())) break;
    records.push_back(to_json(record));
  }
  in_flight = true;
  const auto count = records.size();
  peer.call("audit.record", Json{{"records", std::move(records)}}, answer_time,
            [this, count](const Result<Json>& answer) { delivered(answer, count); });
}

void AuditClient::State::delivered(const Result<Json>& answer, std::size_t count) {
  in_flight = false;
  if (answer) {
    acknowledge(*answer, count);
  } else if (answer.error().code == ErrorCode::invalid_input) {
    acknowledge(Json{{"accepted", count}}, count);  // it never will take these: not to be tried for ever
    dropped += count;
    dropped_unreported += count;
  } else if (answer.error().code != ErrorCode::not_running) {  // a lost connection calls on_connected when it is back
    retry.arm(retry_pause, [this] { deliver(); });
  }
  report_dropped();
  deliver();
  if (queue.empty() && drained) std::exchange(drained, nullptr)();
}

void AuditClient::State::acknowledge(const Json& answer, std::size_t count) {
  std::size_t accepted = 0;
  if (const auto found = answer.find("accepted"); found != answer.end() && found->is_number_unsigned())
    accepted = std::min(found->get<std::size_t>(), count);
  queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(accepted));
  if (accepted < count) retry.arm(retry_pause, [this] { deliver(); });  // its disk is full
}

// One question always waits at secauditd, which answers when its level is not the one we know.
void AuditClient::State::follow_level() {
  const Json known = level_known ? Json{{"known", to_string(level)}} : Json::object();
  peer.call("audit.level", known, level_question, [this](const Result<Json>& answer) {
    if (answer) learn_level(*answer);
    if (answer || answer.error().code == ErrorCode::timed_out) ask_level.arm(level_pause, [this] { follow_level(); });
  });
}

void AuditClient::State::learn_level(const Json& answer) {
  const auto found = answer.find("level");
  if (found == answer.end() || !found->is_string()) return;
  const auto told = parse_audit_level(found->get_ref<const std::string&>());
  if (!told) return;
  level = *told;
  level_known = true;
}

AuditClient::AuditClient(EventLoop& loop, const std::filesystem::path& socket, std::string from)
    : state_(std::make_unique<State>(loop, socket, std::move(from))) {
  state_->peer.on_connected([state = state_.get()] {
    state->level_known = false;
    state->follow_level();
    state->retry.cancel();
    state->deliver();
  });
}
AuditClient::~AuditClient() = default;

void AuditClient::start() { state_->peer.start(); }
void AuditClient::record(AuditRecord record) { state_->add(std::move(record)); }

void AuditClient::record(const AuditEvent& event, const AuditFields& fields, std::string correlation) {
  if (!wants(event.level)) return;
  auto record = make_record(event, fields);
  record.correlation = std::move(correlation);
  state_->add(std::move(record));
}

AuditLevel AuditClient::level() const { return state_->level; }
std::size_t AuditClient::queued() const { return state_->queue.size(); }
std::uint64_t AuditClient::dropped() const { return state_->dropped; }

void AuditClient::when_drained(std::function<void()> drained) {
  for (auto& summary : state_->flood.all_summaries()) state_->enqueue(std::move(summary));
  if (state_->queue.empty()) return drained();
  state_->drained = std::move(drained);
}

}  // namespace ipsec9000
