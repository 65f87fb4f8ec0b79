// Unix stream sockets by path: listening, connecting, and what both sides do with bytes.
#pragma once
#include <filesystem>
#include <string>

#include "base/files.hpp"
#include "base/result.hpp"

namespace ipsec9000::ipc {

// A non-blocking socket, connected. not_running when there is no socket or nobody listens on it, timed_out when the
// listener's queue is full (try again later), not_permitted, io. Paths longer than sun_path are fine.
Result<FileDescriptor> connect_unix(const std::filesystem::path& path);

// A non-blocking listening socket with mode 0600. A socket that was left behind is replaced when nobody answers on it;
// already_exists when somebody does, or when something that is no socket stands there.
Result<FileDescriptor> listen_unix(const std::filesystem::path& path);

}  // namespace ipsec9000::ipc
