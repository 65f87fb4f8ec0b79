// A daemon's line to another daemon: connects by itself, and again when it was lost.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "base/json_fwd.hpp"
#include "base/result.hpp"
#include "daemon/event_loop.hpp"

namespace ipsec9000 {

class RpcPeer {
 public:
  // The daemon's name, for error texts, is the socket's file name without its end.
  RpcPeer(EventLoop& loop, std::filesystem::path socket);
  ~RpcPeer();  // callbacks of calls under way are dropped without being called
  RpcPeer(const RpcPeer&) = delete;
  RpcPeer& operator=(const RpcPeer&) = delete;

  // Set before start(). `connected` says that the other side listens, not that it answers; at each reconnection, its
  // state is to be told or asked again. `lost` comes after the calls under way have failed.
  void on_connected(std::function<void()> connected);
  void on_lost(std::function<void()> lost);

  // Connects now, and when that fails or the connection is lost after 100 ms, doubled each time up to 2 s.
  void start();
  bool connected() const;

  using Done = std::function<void(Result<Json>)>;
  enum class WhenAway { fail, wait };
  // `done` is called once, on the loop, later than this call: the result; the other side's error; timed_out;
  // not_running when not connected (with WhenAway::wait: only once the connection is lost after the request was sent)
  // or when the connection was lost meanwhile (then the other side may have done it or not); refused when too much
  // waits already; invalid_input when the request is larger than a message may be.
  void call(std::string_view method, const Json& params, Duration timeout, Done done, WhenAway away = WhenAway::fail);

  // No answer, no promise: dropped while not connected.
  void notify(std::string_view method, const Json& params);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ipsec9000
