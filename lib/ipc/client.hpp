// The tools' side of the sockets: blocking, one call at a time.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "base/json_fwd.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ipsec9000::ipc {

class Client {
 public:
  // not_running when the daemon's socket is missing or refuses, timed_out when it accepts nobody, not_permitted.
  static Result<Client> connect(const std::filesystem::path& path, Duration timeout);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // The method's result, or the daemon's error. timed_out when no answer came in time (it is ignored if it comes
  // later), not_running when the daemon closed the connection.
  Result<Json> call(std::string_view method, const Json& params, Duration timeout);

  // For methods that answer {"items": [...], "next": cursor or null}: calls until there is no next page, with
  // params.cursor, and gives each item. An error of `each` ends it. `timeout` is for each page.
  using OnItem = std::function<Result<void>(const Json& item)>;
  Result<void> call_pages(std::string_view method, const Json& params, const OnItem& each, Duration timeout);

 private:
  struct State;
  explicit Client(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ipsec9000::ipc
