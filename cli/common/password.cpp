#include "cli/common/password.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/files.hpp"

namespace ipsec9000::cli {

namespace {
// No echo for as long as it lives. Signals from the keyboard wait meanwhile, so that none ends us with echo off; ctrl-C
// is then delivered as soon as the terminal is right again.
class SilentTerminal {
 public:
  explicit SilentTerminal(int fd) : fd_(fd) {
    sigset_t keyboard;
    sigemptyset(&keyboard);
    for (const int signal : {SIGINT, SIGQUIT, SIGTSTP, SIGTERM, SIGHUP}) sigaddset(&keyboard, signal);
    ::sigprocmask(SIG_BLOCK, &keyboard, &mask_);
    changed_ = ::tcgetattr(fd_, &before_) == 0;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    silent.c_lflag |= ECHONL | ICANON;
    if (changed_) changed_ = ::tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
  }
  ~SilentTerminal() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  bool works() const { return changed_; }

 private:
  int fd_;
  termios before_{};
  sigset_t mask_{};
  bool changed_ = false;
};

constexpr char interrupt_key = 0x03;

Result<Secret> read_line(int fd) {
  Bytes line;
  line.reserve(password_maximum + 1);  // never grows, so no copy is left behind
  auto secret = [&] { return Secret::adopt(std::move(line)); };
  while (true) {
    char c = 0;
    const auto count = ::read(fd, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("the terminal");
    if (count == 0 && line.empty()) return Error{ErrorCode::not_permitted, "no password was typed"};
    if (count == 0 || c == '\n') return secret();
    if (c == interrupt_key) {
      (void)secret();
      return Error{ErrorCode::not_permitted, "interrupted"};
    }
    if (line.size() >= password_maximum) {
      (void)secret();
      return Error{ErrorCode::invalid_input, "the password is longer than 1024 bytes"};
    }
    line.push_back(static_cast<std::uint8_t>(c));
  }
}
}  // namespace

namespace {
Result<void> check_private(const struct stat& status, const std::string& name) {
  if (status.st_uid != ::geteuid()) return Error{ErrorCode::not_permitted, name + ": belongs to somebody else"};
  if ((status.st_mode & 077) != 0)
    return Error{ErrorCode::not_permitted, name + ": others may read or write it; make it private (chmod 600)"};
  return {};
}
}  // namespace

Result<Secret> read_secret_file(const std::filesystem::path& path, std::size_t maximum, Privacy privacy) {
  const int follow = privacy == Privacy::required ? O_NOFOLLOW : 0;
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | follow));
  if (!file && errno == ELOOP) return Error{ErrorCode::not_permitted, path.string() + ": is a symbolic link"};
  if (!file) return system_error(path.string());
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error(path.string());
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::invalid_input, path.string() + ": not a regular file"};
  if (privacy == Privacy::required)
    if (auto checked = check_private(status, path.string()); !checked) return checked.error();
  Bytes bytes(maximum + 2);
  std::size_t size = 0;
  while (size < bytes.size()) {
    const auto count = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path.string());
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > 0 && bytes[size - 1] == '\n') --size;
  Secret secret(ByteView(bytes).first(size));
  wipe_memory(bytes.data(), bytes.size());
  if (secret.empty()) return Error{ErrorCode::invalid_input, path.string() + ": empty"};
  if (secret.size() > maximum)
    return Error{ErrorCode::invalid_input, path.string() + ": longer than " + std::to_string(maximum) + " bytes"};
  return secret;
}

Result<Secret> read_password_file(const std::filesystem::path& path) {
  return read_secret_file(path, password_maximum, Privacy::required);
}

Result<Secret> ask_password(std::string_view prompt) {
  const FileDescriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal)
    return Error{ErrorCode::not_permitted, "there is no terminal to ask for the password; use --password-file FILE"};
  const SilentTerminal silent(terminal.get());
  if (!silent.works()) return Error{ErrorCode::not_permitted, "the terminal's echo cannot be switched off"};
  if (::write(terminal.get(), prompt.data(), prompt.size()) < 0) return system_error("the terminal");
  return read_line(terminal.get());
}

}  // namespace ipsec9000::cli
