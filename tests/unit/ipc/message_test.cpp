#include "ipc/message.hpp"

#include <catch2/catch.hpp>

#include "support/hostile_text.hpp"

using namespace ipsec9000;
using namespace ipsec9000::ipc;

namespace {
constexpr ErrorCode all_codes[] = {ErrorCode::invalid_input, ErrorCode::truncated,
                                   ErrorCode::unsupported,   ErrorCode::refused,
                                   ErrorCode::not_found,     ErrorCode::already_exists,
                                   ErrorCode::not_running,   ErrorCode::not_permitted,
                                   ErrorCode::timed_out,     ErrorCode::io,
                                   ErrorCode::crypto,        ErrorCode::internal};
}  // namespace

TEST_CASE("a request goes through a line and back") {
  const auto message = decode(encode(Request{7, "audit.status", Json{{"a", 1}}}));
  const auto& request = std::get<Request>(message);
  CHECK(request.id == 7);
  CHECK(request.method == "audit.status");
  CHECK(request.params == Json{{"a", 1}});
}

TEST_CASE("a notification goes through a line and back") {
  const auto message = decode(encode(Notification{"changed", Json::object()}));
  CHECK(std::get<Notification>(message).method == "changed");
}

TEST_CASE("results go through a line and back") {
  const Json result = GENERATE(Json(nullptr), Json::array(), Json::object(), Json(0), Json("x"), Json{{"error", 1}});
  const auto message = decode(encode(Response{"id", result}));
  const auto& response = std::get<Response>(message);
  CHECK(response.id == "id");
  CHECK(*response.outcome == result);
}

TEST_CASE("errors keep their kind and their words") {
  for (const auto code : all_codes) {
    const auto message = decode(encode(Response{1, Error{code, "why"}}));
    const auto& response = std::get<Response>(message);
    CHECK(response.outcome.error().code == code);
    CHECK(response.outcome.error().text == "why");
  }
}

TEST_CASE("errors without our word are understood by their number") {
  for (const auto code : all_codes) {
    const auto line =
        R"({"jsonrpc":"2.0","id":1,"error":{"code":)" + std::to_string(error_number(code)) + R"(,"message":"why"}})";
    const auto message = decode(line);
    CHECK(std::get<Response>(message).outcome.error().code == code);
  }
  const auto unknown = decode(R"({"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"why","data":{"code":"odd"}}})");
  CHECK(std::get<Response>(unknown).outcome.error().code == ErrorCode::internal);
}

TEST_CASE("parameters may be missing, an object or an array") {
  CHECK(std::get<Request>(decode(R"({"jsonrpc":"2.0","id":1,"method":"m"})")).params == Json::object());
  CHECK(std::get<Request>(decode(R"({"jsonrpc":"2.0","id":"x","method":"m","params":[1]})")).params ==
        Json::array({1}));
}

TEST_CASE("what is no message gets the right error number and, where it can be read, the id") {
  struct Row {
    const char* line;
    int number;
    Json id;
  };
  const auto row = GENERATE(values<Row>({
      {"", parse_error, nullptr},
      {"{", parse_error, nullptr},
      {"GET / HTTP/1.1", parse_error, nullptr},
      {"\xff\xff\xff", parse_error, nullptr},
      {"[]", invalid_request, nullptr},
      {R"([{"jsonrpc":"2.0","id":1,"method":"m"}])", invalid_request, nullptr},
      {"1", invalid_request, nullptr},
      {"{}", invalid_request, nullptr},
      {R"({"id":1,"method":"m"})", invalid_request, 1},
      {R"({"jsonrpc":2.0,"id":1,"method":"m"})", invalid_request, 1},
      {R"({"jsonrpc":"1.0","id":1,"method":"m"})", invalid_request, 1},
      {R"({"jsonrpc":"2.0","id":1})", invalid_request, 1},
      {R"({"jsonrpc":"2.0"})", invalid_request, nullptr},
      {R"({"jsonrpc":"2.0","id":1,"method":7})", invalid_request, 1},
      {R"({"jsonrpc":"2.0","id":1,"method":""})", invalid_request, 1},
      {R"({"jsonrpc":"2.0","id":"x","method":"m","params":1})", invalid_params, "x"},
      {R"({"jsonrpc":"2.0","id":1,"method":"m","params":null})", invalid_params, 1},
      {R"({"jsonrpc":"2.0","id":null,"method":"m"})", invalid_request, nullptr},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"m"})", invalid_request, nullptr},
      {R"({"jsonrpc":"2.0","id":{},"method":"m"})", invalid_request, nullptr},
      {R"({"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":"x"}})", invalid_request, 1},
      {R"({"jsonrpc":"2.0","id":1,"error":"x"})", invalid_request, 1},
      {R"({"jsonrpc":"2.0","id":1,"error":{"code":1}})", invalid_request, 1},
      {R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":2}})", invalid_request, 1},
  }));
  CAPTURE(row.line);
  const auto message = decode(row.line);
  const auto* malformed = std::get_if<Malformed>(&message);
  REQUIRE(malformed != nullptr);
  CHECK(malformed->number == row.number);
  CHECK(malformed->id == row.id);
}

TEST_CASE("names and ids of unreasonable size are refused") {
  const auto long_method = encode(Request{1, std::string(65, 'm'), Json::object()});
  CHECK(std::holds_alternative<Malformed>(decode(long_method)));
  const auto long_id = encode(Request{std::string(65, 'i'), "m", Json::object()});
  CHECK(std::holds_alternative<Malformed>(decode(long_id)));
  CHECK(std::holds_alternative<Malformed>(decode(std::string(max_message_bytes + 1, ' '))));
}

TEST_CASE("every truncation of a message is no message") {
  const auto line = encode(Request{1, "audit.record", Json{{"records", Json::array({Json{{"text", "x"}}})}}});
  for (std::size_t size = 0; size < line.size(); ++size)
    CHECK(std::holds_alternative<Malformed>(decode(line.substr(0, size))));
}

TEST_CASE("hostile texts travel as data and stay in one line") {
  for (const auto& [what, text] : test::hostile_texts()) {
    CAPTURE(what);
    const auto line = encode_error(1, Error{ErrorCode::refused, text}, -1);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(std::holds_alternative<Response>(decode(line)));
  }
}
