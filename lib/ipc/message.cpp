#include "ipc/message.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "ipc/json_text.hpp"

namespace ipsec9000::ipc {

namespace {

constexpr std::size_t max_method_bytes = 64;
constexpr std::size_t max_id_bytes = 64;

struct CodeRow {
  ErrorCode code;
  int number;  // -32000 ... -32099 are the application's
  std::string_view name;
};

constexpr std::array<CodeRow, 12> code_table = {{
    {ErrorCode::invalid_input, invalid_params, "invalid-input"},
    {ErrorCode::truncated, -32001, "truncated"},
    {ErrorCode::unsupported, -32002, "unsupported"},
    {ErrorCode::refused, -32003, "refused"},
    {ErrorCode::not_found, -32004, "not-found"},
    {ErrorCode::already_exists, -32005, "already-exists"},
    {ErrorCode::not_running, -32006, "not-running"},
    {ErrorCode::not_permitted, -32007, "not-permitted"},
    {ErrorCode::timed_out, -32008, "timed-out"},
    {ErrorCode::io, -32009, "io"},
    {ErrorCode::crypto, -32010, "crypto"},
    {ErrorCode::internal, internal_error, "internal"},
}};

const CodeRow& row_of(ErrorCode code) {
  const auto* row =
      std::find_if(code_table.begin(), code_table.end(), [&](const auto& each) { return each.code == code; });
  return row == code_table.end() ? code_table.back() : *row;
}

// By the word where there is one that we know, else by the number.
ErrorCode code_from(const Json& error) {
  if (const auto data = error.find("data"); data != error.end() && data->is_object()) {
    if (const auto name = data->find("code"); name != data->end() && name->is_string())
      for (const auto& row : code_table)
        if (row.name == name->get_ref<const std::string&>()) return row.code;
  }
  const auto number = error.find("code");
  if (number == error.end() || !number->is_number_integer()) return ErrorCode::internal;
  const auto value = number->get<std::int64_t>();
  for (const auto& row : code_table)
    if (row.number == value) return row.code;
  if (value == parse_error || value == invalid_request) return ErrorCode::invalid_input;
  if (value == method_not_found) return ErrorCode::unsupported;
  return ErrorCode::internal;
}

bool is_id(const Json& id) {
  return id.is_number_integer() || (id.is_string() && id.get_ref<const std::string&>().size() <= max_id_bytes);
}

Malformed malformed(const Json& id, std::string text) {
  return {id, invalid_request, {ErrorCode::invalid_input, std::move(text)}};
}

Message decode_response(const Json& json, const Json& id) {
  const auto result = json.find("result");
  const auto error = json.find("error");
  if ((result == json.end()) == (error == json.end()))
    return malformed(id, "a response has either \"result\" or \"error\"");
  if (result != json.end()) return Response{id, *result};
  if (!error->is_object()) return malformed(id, "\"error\" must be an object");
  const auto text = error->find("message");
  if (text == error->end() || !text->is_string()) return malformed(id, "an error's \"message\" must be a string");
  return Response{id, Error{code_from(*error), text->get<std::string>()}};
}

Message decode_call(const Json& json, const Json& id, bool has_id) {
  const auto& method = json.at("method");
  if (!method.is_string()) return malformed(id, "\"method\" must be a string");
  const auto& name = method.get_ref<const std::string&>();
  if (name.empty() || name.size() > max_method_bytes) return malformed(id, "\"method\" must have 1 to 64 bytes");
  const auto params = json.find("params");
  if (params != json.end() && !params->is_structured())
    return Malformed{id, invalid_params, {ErrorCode::invalid_input, "\"params\" must be an object or an array"}};
  const auto value = params == json.end() ? Json::object() : *params;
  if (!has_id) return Notification{name, value};
  if (id.is_null()) return malformed(id, "\"id\" must be a whole number or a string of at most 64 bytes");
  return Request{id, name, value};
}

Json envelope(const Json& id) { return Json{{"jsonrpc", "2.0"}, {"id", id}}; }

}  // namespace

int error_number(ErrorCode code) { return row_of(code).number; }
std::string_view error_name(ErrorCode code) { return row_of(code).name; }

Message decode(std::string_view line) {
  if (line.size() > max_message_bytes)
    return malformed(nullptr, "a message may have at most " + std::to_string(max_message_bytes) + " bytes");
  const auto parsed = parse_json(line);
  if (!parsed) return Malformed{nullptr, parse_error, parsed.error()};
  const auto& json = *parsed;
  if (json.is_array()) return malformed(nullptr, "batches are not supported: send one message a line");
  if (!json.is_object()) return malformed(nullptr, "a message is a JSON object");
  const auto given_id = json.find("id");
  const bool has_id = given_id != json.end();
  const Json id = has_id && is_id(*given_id) ? *given_id : Json(nullptr);
  const auto version = json.find("jsonrpc");
  if (version == json.end() || *version != "2.0") return malformed(id, "\"jsonrpc\" must be \"2.0\"");
  if (json.contains("method")) return decode_call(json, id, has_id);
  if (!has_id) return malformed(id, "a message has a \"method\", or a \"result\" or \"error\" with an \"id\"");
  return decode_response(json, id);
}

std::string encode(const Request& request) {
  auto json = envelope(request.id);
  json["method"] = request.method;
  json["params"] = request.params;
  return json_line(json);
}

std::string encode(const Notification& notification) {
  return json_line(Json{{"jsonrpc", "2.0"}, {"method", notification.method}, {"params", notification.params}});
}

std::string encode_result(const Json& id, const Json& result) {
  auto json = envelope(id);
  json["result"] = result;
  return json_line(json);
}

std::string encode_error(const Json& id, const Error& error, int number) {
  auto json = envelope(id);
  json["error"] = {{"code", number}, {"message", error.text}, {"data", {{"code", error_name(error.code)}}}};
  return json_line(json);
}

std::string encode(const Response& response) {
  if (response.outcome) return encode_result(response.id, *response.outcome);
  return encode_error(response.id, response.outcome.error(), error_number(response.outcome.error().code));
}

}  // namespace ipsec9000::ipc
