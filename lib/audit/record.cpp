#include "audit/record.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {

constexpr std::size_t max_name = 64;  // of a program, an event, a field, a correlation
constexpr std::size_t max_escaped_value = 4 * max_audit_value + 3;

std::string escape_value(std::string_view value) {
  if (value.size() <= max_audit_value) return escape_control(value);
  return escape_control(value.substr(0, max_audit_value)) + "...";
}

// Escapes what is not yet escaped: backslashes stay, so that doing it twice changes nothing.
std::string escape_again(std::string_view text) {
  auto parts = split(text, '\\');
  for (auto& part : parts) part = escape_control(part);
  return join(parts, "\\");
}

const std::string* value_of(const AuditFields& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
  return found == fields.end() || found->second.empty() ? nullptr : &found->second;
}

// Fills the placeholders of a part without brackets. False when a value was missing.
bool fill_part(std::string_view part, const AuditFields& fields, std::string& out) {
  bool complete = true;
  while (!part.empty()) {
    const auto open = part.find('{');
    const auto close = part.find('}', open == std::string_view::npos ? part.size() : open);
    out += part.substr(0, open);
    if (close == std::string_view::npos) break;
    if (const auto* value = value_of(fields, part.substr(open + 1, close - open - 1))) {
      out += *value;
    } else {
      complete = false;
      if (!out.empty() && out.back() == ' ') out.pop_back();
    }
    part.remove_prefix(close + 1);
  }
  return complete;
}

std::string fill_sentence(std::string_view sentence, const AuditFields& fields) {
  std::string text;
  while (!sentence.empty()) {
    const auto open = sentence.find('[');
    fill_part(sentence.substr(0, open), fields, text);
    const auto close = sentence.find(']', open == std::string_view::npos ? sentence.size() : open);
    if (close == std::string_view::npos) break;
    std::string part;
    if (fill_part(sentence.substr(open + 1, close - open - 1), fields, part)) text += part;
    sentence.remove_prefix(close + 1);
  }
  if (text.starts_with(' ')) text.erase(0, 1);  // the first word was missing
  return text;
}

std::optional<std::int64_t> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  const auto value = parse_number(text.substr(at, count));
  if (!value) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

// The form that to_rfc3339 writes, with one to nine digits of fraction or none; UTC only.
std::optional<WallTime> parse_time(std::string_view text) {
  namespace chrono = std::chrono;
  if (text.size() < 20 || text.size() > 30 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || text.back() != 'Z')
    return std::nullopt;
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  const auto date = chrono::year(static_cast<int>(*year)) / static_cast<int>(*month) / static_cast<int>(*day);
  if (!date.ok() || *year < 1970) return std::nullopt;
  std::int64_t fraction = 0;
  if (text.size() > 20) {
    if (text[19] != '.' || text.size() == 21 || !digits(text, 20, text.size() - 21)) return std::nullopt;
    auto thousandths = std::string(text.substr(20, std::min<std::size_t>(3, text.size() - 21)));
    thousandths.resize(3, '0');
    fraction = static_cast<std::int64_t>(*parse_number(thousandths));
  }
  return WallTime(chrono::sys_days(date).time_since_epoch() + chrono::hours(*hour) + chrono::minutes(*minute) +
                  chrono::seconds(*second) + chrono::milliseconds(fraction));
}

Error wrong(std::string_view member, std::string_view allowed) {
  return Error{ErrorCode::invalid_input,
               "audit record: \"" + std::string(member) + "\" must be " + std::string(allowed)};
}

// A text member, escaped; absent is "" unless it is required.
Result<std::string> text_member(const Json& json, const char* name, std::size_t maximum, bool required) {
  const auto found = json.find(name);
  if (found == json.end() && !required) return std::string();
  if (found == json.end() || !found->is_string()) return wrong(name, "a string");
  auto text = escape_again(found->get_ref<const std::string&>());
  if (text.size() > maximum) return wrong(name, "at most " + std::to_string(maximum) + " bytes");
  return text;
}

Result<AuditFields> fields_member(const Json& json) {
  AuditFields fields;
  const auto found = json.find("fields");
  if (found == json.end()) return fields;
  if (!found->is_object() || found->size() > max_audit_fields)
    return wrong("fields", "an object of at most " + std::to_string(max_audit_fields) + " strings");
  for (const auto& [name, value] : found->items()) {
    if (!value.is_string()) return wrong("fields", "an object of strings");
    auto safe_name = escape_again(name);
    auto safe_value = escape_again(value.get_ref<const std::string&>());
    if (safe_name.size() > max_name || safe_value.size() > max_escaped_value)
      return wrong("fields", "names and values of reasonable size");
    fields.emplace_back(std::move(safe_name), std::move(safe_value));
  }
  return fields;
}

std::string hp_date(WallTime time) {
  const std::time_t whole = std::chrono::floor<seconds>(time).time_since_epoch().count();
  std::tm parts{};
  if (::localtime_r(&whole, &parts) == nullptr) return to_rfc3339(time);
  std::array<char, 128> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%A %b %e %H:%M:%S %Y", &parts)};
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (auto& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return result;
}

}  // namespace

AuditRecord make_record(const AuditEvent& event, const AuditFields& fields) {
  AuditRecord record;
  record.level = event.level;
  record.event = event.id;
  for (const auto& [name, value] : fields) {
    if (record.fields.size() == max_audit_fields) break;
    record.fields.emplace_back(escape_control(std::string_view(name).substr(0, max_name / 4)), escape_value(value));
  }
  record.text = fill_sentence(event.sentence, record.fields);
  if (record.text.size() > max_audit_text)
    record.text = escape_again(std::string_view(record.text).substr(0, max_audit_text - 16));
  return record;
}

Json to_json(const AuditRecord& record) {
  Json json = {{"number", record.number},         {"from", record.from},   {"level", to_string(record.level)},
               {"time", to_rfc3339(record.time)}, {"event", record.event}, {"text", record.text}};
  if (!record.correlation.empty()) json["correlation"] = record.correlation;
  for (const auto& [name, value] : record.fields) json["fields"][name] = value;
  return json;
}

Result<AuditRecord> audit_record_from_json(const Json& json) {
  if (!json.is_object()) return Error{ErrorCode::invalid_input, "audit record: not a JSON object"};
  AuditRecord record;
  if (const auto number = json.find("number"); number != json.end()) {
    if (!number->is_number_unsigned()) return wrong("number", "a whole number that is not negative");
    record.number = number->get<std::uint64_t>();
  }
  auto from = text_member(json, "from", max_name, true);
  auto level = text_member(json, "level", max_name, true);
  auto time = text_member(json, "time", max_name, true);
  auto event = text_member(json, "event", max_name, true);
  auto text = text_member(json, "text", max_audit_text, true);
  auto correlation = text_member(json, "correlation", max_name, false);
  auto fields = fields_member(json);
  for (const auto* member : {&from, &level, &time, &event, &text, &correlation})
    if (!*member) return member->error();
  if (!fields) return fields.error();
  const auto parsed_level = parse_audit_level(*level);
  if (!parsed_level) return parsed_level.error().within("audit record");
  const auto parsed_time = parse_time(*time);
  if (!parsed_time) return wrong("time", "a time in UTC like 2026-11-23T16:29:05.123Z");
  record.from = std::move(*from);
  record.level = *parsed_level;
  record.time = *parsed_time;
  record.event = std::move(*event);
  record.text = std::move(*text);
  record.correlation = std::move(*correlation);
  record.fields = std::move(*fields);
  return record;
}

std::string to_hp_text(const AuditRecord& record) {
  return "Msg: " + std::to_string(record.number) + " From: " + upper(escape_again(record.from)) +
         " Lvl: " + upper(to_string(record.level)) + " Date: " + hp_date(record.time) +
         "\nEvent: " + escape_again(record.text) + "\n";
}

}  // namespace ipsec9000
