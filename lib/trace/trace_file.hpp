// The file of one trace: made anew, private, of bounded size, written by another thread than the one that traces.
#pragma once
#include <filesystem>
#include <memory>
#include <mutex>

#include "base/files.hpp"
#include "base/time.hpp"
#include "trace/pcapng.hpp"

namespace ipsec9000 {

class TraceFile {
 public:
  enum Interface : std::uint32_t { packets, ike };                   // in the file's order
  static constexpr std::size_t most_waiting = std::size_t{4} << 20;  // bytes not yet written

  // DIRECTORY/trace-YYYYMMDDThhmmssZ.pcapng (0600; "-2" and so on before the end where the name is taken). The
  // directory must be there; one that is a symbolic link is refused.
  static Result<std::shared_ptr<TraceFile>> create(const std::filesystem::path& directory, WallTime now,
                                                   std::uint64_t max_bytes);

  enum class Taken { yes, no_room, full };
  // Never waits for the disk. no_room: the disk is too slow, and this packet is left out. full: the file would exceed
  // its size, and takes no more.
  Taken add(const pcapng::Packet& packet);
  bool has_waiting() const;
  // Writes what waits; may wait for the disk. Safe to call from any thread. After the first failure nothing more is
  // written.
  Result<void> write();

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // bytes, those included that wait
  std::uint64_t max_size() const { return max_bytes_; }

 private:
  TraceFile(std::filesystem::path path, FileDescriptor file, std::uint64_t max_bytes)
      : path_(std::move(path)), file_(std::move(file)), max_bytes_(max_bytes) {}

  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t max_bytes_;
  std::uint64_t size_ = 0;
  mutable std::mutex queue_guard_;
  Bytes waiting_;
  std::mutex writing_;  // held while the disk is written to; taken before queue_guard_
  Result<void> outcome_;
};

}  // namespace ipsec9000
