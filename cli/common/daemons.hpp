// The daemons as a tool sees them.
#pragma once
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "base/files.hpp"
#include "base/json_fwd.hpp"
#include "ipc/client.hpp"

namespace ipsec9000::cli {

// In the order in which they start; they stop the other way round.
inline constexpr std::array<std::string_view, 3> daemon_names{"secauditd", "secpolicyd", "ikpmd"};

// Deleting SAs: a new ikpmd waits 10 s for policies and keys, and a peer has 8 s to answer.
inline constexpr Duration telling_patience = seconds(30);

// Starts them again where systemd does not.
inline constexpr std::string_view supervisor_name = "ipsec9000-supervisor";

enum class DaemonState { running, not_responding, not_running };
std::string_view to_string(DaemonState state);  // "running", "not responding", "not running"

class Daemons {
 public:
  explicit Daemons(Paths paths, Duration patience = seconds(10)) : paths_(std::move(paths)), patience_(patience) {}

  // A connection is made when it is first needed, and made anew after it failed. Errors name the daemon.
  Result<Json> call(std::string_view daemon, std::string_view method, const Json& params);
  Result<Json> call(std::string_view daemon, std::string_view method, const Json& params, Duration patience);
  Result<void> pages(std::string_view daemon, std::string_view method, const Json& params,
                     const ipc::Client::OnItem& each);

  DaemonState state(std::string_view daemon, Duration patience = seconds(3));

  const Paths& paths() const { return paths_; }

 private:
  Result<ipc::Client*> client(std::string_view daemon, Duration patience);
  void forget(std::string_view daemon, const Error& error);
  Paths paths_;
  Duration patience_;
  std::map<std::string, ipc::Client, std::less<>> clients_;
};

}  // namespace ipsec9000::cli
