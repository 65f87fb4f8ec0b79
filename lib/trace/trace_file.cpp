#include "trace/trace_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

namespace ipsec9000 {

namespace {
constexpr unsigned max_same_second = 100;

std::string file_name(WallTime now, unsigned attempt) {
  const std::time_t whole = std::chrono::floor<seconds>(now).time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 64> stamp{};
  std::strftime(stamp.data(), stamp.size(), "%Y%m%dT%H%M%SZ", &parts);
  return "trace-" + std::string(stamp.data()) + (attempt > 1 ? "-" + std::to_string(attempt) : "") + ".pcapng";
}

Result<FileDescriptor> open_directory(const std::filesystem::path& directory) {
  FileDescriptor folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder) return folder;
  if (errno == ENOTDIR || errno == ELOOP)
    return Error{ErrorCode::invalid_input,
                 "trace directory " + directory.string() + " is a symbolic link or not a directory"};
  return system_error("trace directory " + directory.string());
}
}  // namespace

Result<std::shared_ptr<TraceFile>> TraceFile::create(const std::filesystem::path& directory, WallTime now,
                                                     std::uint64_t max_bytes) {
  const auto folder = open_directory(directory);
  if (!folder) return folder.error();
  for (unsigned attempt = 1;; ++attempt) {
    const auto name = file_name(now, attempt);
    FileDescriptor file(
        ::openat(folder->get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file && errno == EEXIST && attempt < max_same_second) continue;
    if (!file) return system_error("trace file " + (directory / name).string());
    std::shared_ptr<TraceFile> made(new TraceFile(directory / name, std::move(file), max_bytes));
    made->waiting_ =
        concat({pcapng::section_header("IPSec/9000"),
                pcapng::interface_description("packets", "outbound before encryption, inbound after decryption"),
                pcapng::interface_description("ike", "IKE messages, decrypted where this host has the keys")});
    made->size_ = made->waiting_.size();
    return made;
  }
}

TraceFile::Taken TraceFile::add(const pcapng::Packet& packet) {
  const auto block = pcapng::enhanced_packet(packet);
  const std::lock_guard held(queue_guard_);
  if (size_ + block.size() > max_bytes_) return Taken::full;
  if (waiting_.size() + block.size() > most_waiting) return Taken::no_room;
  append(waiting_, block);
  size_ += block.size();
  return Taken::yes;
}

bool TraceFile::has_waiting() const {
  const std::lock_guard held(queue_guard_);
  return !waiting_.empty();
}

Result<void> TraceFile::write() {
  const std::lock_guard alone(writing_);
  Bytes taken;
  {
    const std::lock_guard held(queue_guard_);
    taken.swap(waiting_);
  }
  ByteView rest(taken);
  while (outcome_ && !rest.empty()) {
    const auto count = ::write(file_.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      outcome_ = system_error("writing " + path_.string());
    else
      rest = rest.subspan(static_cast<std::size_t>(count));
  }
  return outcome_;
}

}  // namespace ipsec9000
