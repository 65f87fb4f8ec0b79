#include "service.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"

namespace ipsec9000 {

namespace {

constexpr std::size_t max_level_questions =
    256;  // daemons and followers; a client that only asks pushes out the oldest
constexpr Duration retry_pause{1000};

Error wrong(std::string_view member, std::string_view allowed) {
  return {ErrorCode::invalid_input, "\"" + std::string(member) + "\" must be " + std::string(allowed)};
}

Result<AuditLevel> level_of(const Json& value) {
  if (!value.is_string()) return wrong("level", "the name of an audit level");
  return parse_audit_level(value.get_ref<const std::string&>());
}

Result<void> apply(TrailSettings& settings, const std::string& name, const Json& value) {
  if (name == "level") {
    const auto level = level_of(value);
    if (!level) return level.error();
    settings.level = *level;
  } else if (name == "directory") {
    if (!value.is_string() || !value.get_ref<const std::string&>().starts_with('/'))
      return wrong(name, "an absolute path");
    if (value.get_ref<const std::string&>().find('\0') != std::string::npos)
      return wrong(name, "a path without zero bytes");
    settings.directory = value.get<std::string>();
  } else if (name == "max_kilobytes") {
    if (!value.is_number_unsigned() || value == 0 || value > max_trail_kilobytes)
      return wrong(name, "a whole number from 1 to " + std::to_string(max_trail_kilobytes));
    settings.max_kilobytes = value.get<std::uint32_t>();
  } else {
    auto text = "unknown member \"" + escape_control(name) + "\" (level, directory, max_kilobytes)";
    if (auto near = nearest_word(name, {"level", "directory", "max_kilobytes"}))
      text += "; did you mean \"" + *near + "\"?";
    return Error{ErrorCode::invalid_input, text};
  }
  return {};
}

// Where somebody looks when the trail itself cannot tell: on stderr, which goes to the journal, and on the console.
void announce(const std::filesystem::path& console, const std::string& text) {
  const auto line = "secauditd: " + escape_control(text) + "\n";
  std::fputs(line.c_str(), stderr);
  const FileDescriptor out(::open(console.c_str(), O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (out && ::write(out.get(), line.data(), line.size()) < 0) return;  // there is nobody left to tell
}

}  // namespace

AuditService::AuditService(DaemonContext& context, AuditTrail trail)
    : trail_(std::move(trail)), console_(context.paths.below_root("/dev/console")), retry_(context.loop) {
  add_methods(context.server);
}

AuditService::~AuditService() = default;

void AuditService::add_methods(RpcServer& server) {
  using Reply = RpcServer::Reply;
  server.add("audit.record", [this](const Json& params, const Caller&, const Reply& reply) { reply(record(params)); });
  server.add("audit.configure",
             [this](const Json& params, const Caller&, const Reply& reply) { reply(configure(params)); });
  server.add("audit.rotate", [this](const Json&, const Caller&, const Reply& reply) { reply(rotate()); });
  server.add("audit.prune", [this](const Json& params, const Caller&, const Reply& reply) { reply(prune(params)); });
  server.add("audit.status", [this](const Json&, const Caller&, const Reply& reply) { reply(status()); });
  server.add("audit.level",
             [this](const Json& params, const Caller&, const Reply& reply) { answer_level(params, reply); });
}

Result<Json> AuditService::record(const Json& params) {
  const auto records = params.find("records");
  if (!params.is_object() || records == params.end() || !records->is_array())
    return wrong("records", "an array of audit records");
  const auto now = wall_now();
  std::size_t accepted = 0;
  std::size_t malformed = 0;
  for (const auto& json : *records) {
    auto record = audit_record_from_json(json);
    if (!record) {
      ++malformed;
    } else if (!trail_.take(std::move(*record), now)) {
      break;
    }
    ++accepted;
  }
  malformed_ += malformed;
  after_writing();
  return Json{{"accepted", accepted}, {"malformed", malformed}, {"level", to_string(trail_.settings().level)}};
}

Result<Json> AuditService::configure(const Json& params) {
  if (!params.is_object()) return Error{ErrorCode::invalid_input, "the parameters must be an object"};
  auto wanted = trail_.settings();
  for (const auto& [name, value] : params.items())
    if (auto applied = apply(wanted, name, value); !applied) return applied.error();
  const auto old_level = trail_.settings().level;
  if (auto changed = trail_.change(wanted, wall_now()); !changed) return changed.error();
  if (wanted.level != old_level) tell_level();
  after_writing();
  return status();
}

Result<Json> AuditService::rotate() {
  if (auto rotated = trail_.rotate(wall_now()); !rotated) return rotated.error();
  after_writing();
  return Json{{"file", trail_.file().string()}};
}

Result<Json> AuditService::prune(const Json& params) {
  AuditKeep keep;
  for (const auto& [name, number] : {std::pair{"keep_files", &keep.files}, std::pair{"keep_days", &keep.days}}) {
    const auto found = params.is_object() ? params.find(name) : params.end();
    if (!params.is_object() || found == params.end()) continue;
    if (!found->is_number_unsigned() || *found == 0 || *found > max_kept)
      return wrong(name, "a whole number from 1 to " + std::to_string(max_kept));
    *number = found->get<std::uint32_t>();
  }
  if ((keep.files == 0) == (keep.days == 0))
    return Error{ErrorCode::invalid_input, "one of \"keep_files\" and \"keep_days\" must be given"};
  const auto pruning = trail_.prune(keep, wall_now());
  after_writing();
  if (!pruning) return pruning.error();
  Json names = Json::array();
  for (const auto& file : pruning->files) names.push_back(file.filename().string());
  return Json{{"removed", std::move(names)},
              {"bytes", pruning->bytes},
              {"number", pruning->end.number},
              {"kept", pruning->kept}};
}

void AuditService::reload() {
  if (const auto rotated = rotate(); !rotated)
    std::fprintf(stderr, "secauditd: new audit file: %s\n", escape_control(rotated.error().text).c_str());
}

void AuditService::answer_level(const Json& params, RpcServer::Reply reply) {
  const auto known = params.find("known");
  const bool up_to_date = known != params.end() && *known == to_string(trail_.settings().level);
  if (!up_to_date) return reply(Json{{"level", to_string(trail_.settings().level)}});
  if (level_questions_.size() >= max_level_questions) {
    const auto oldest = std::move(level_questions_.front());
    level_questions_.pop_front();
    oldest(Json{{"level", to_string(trail_.settings().level)}});
  }
  level_questions_.push_back(std::move(reply));
}

void AuditService::tell_level() {
  const auto questions = std::exchange(level_questions_, {});
  for (const auto& reply : questions) reply(Json{{"level", to_string(trail_.settings().level)}});
}

Json AuditService::status() const {
  auto status = trail_.status();
  status["malformed"] = malformed_;
  return status;
}

void AuditService::add_status(Json& status) const { status["audit"] = this->status(); }

// Announces a problem and its end once each, and tries again by itself: there may be nobody left who sends records.
void AuditService::after_writing() {
  const auto& problem = trail_.problem();
  if (problem && !announced_) announce(console_, "records cannot be written: " + *problem + ": they wait");
  if (!problem && announced_) announce(console_, "records are written again");
  announced_ = problem.has_value();
  if (problem)
    retry_.arm(retry_pause, [this] {
      trail_.retry(wall_now());
      after_writing();
    });
}

}  // namespace ipsec9000
