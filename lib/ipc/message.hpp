// JSON-RPC 2.0: the messages as values, and their one-line form.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "base/json_fwd.hpp"
#include "base/result.hpp"

namespace ipsec9000::ipc {

// A longer line is not read and not sent; larger answers go in pages. Without the newline.
inline constexpr std::size_t max_message_bytes = 1048576;

// The numbers that JSON-RPC 2.0, section 5.1, defines.
inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal_error = -32603;

// How an ErrorCode travels: as a JSON-RPC error number, and as a word in the error's data.code.
int error_number(ErrorCode code);
std::string_view error_name(ErrorCode code);  // "not-running"

struct Request {
  Json id;  // a whole number, or a string of at most 64 bytes
  std::string method;
  Json params = Json::object();
};

struct Notification {
  std::string method;
  Json params = Json::object();
};

struct Response {
  Json id;  // null when the other side could not tell which request it answers
  Result<Json> outcome;
};

// What is no message: what to answer, and to whom (null where no id could be read).
struct Malformed {
  Json id;
  int number = invalid_request;
  Error error;
};

using Message = std::variant<Request, Notification, Response, Malformed>;

// Hostile input welcome: limits on size and depth, types and UTF-8 are checked. Unknown members are ignored. `params`
// may be an object or an array or be missing (then an empty object). Batches are refused.
Message decode(std::string_view line);

// One line, without the newline.
std::string encode(const Request& request);
std::string encode(const Notification& notification);
std::string encode_result(const Json& id, const Json& result);
std::string encode_error(const Json& id, const Error& error, int number);
std::string encode(const Response& response);  // with the error's own number

}  // namespace ipsec9000::ipc
