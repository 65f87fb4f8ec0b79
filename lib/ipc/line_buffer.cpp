#include "ipc/line_buffer.hpp"

#include "base/secret.hpp"

namespace ipsec9000::ipc {

Result<std::optional<std::string>> LineBuffer::next() {
  const auto newline = bytes_.find('\n', scanned_);
  const auto end = newline == std::string::npos ? bytes_.size() : newline;
  if (end - start_ > max_line_)
    return Error{ErrorCode::invalid_input, "a message may have at most " + std::to_string(max_line_) + " bytes"};
  if (newline == std::string::npos) {
    bytes_.erase(0, start_);  // once for all lines of a read, not for each
    start_ = 0;
    scanned_ = bytes_.size();
    return std::optional<std::string>();
  }
  auto length = newline - start_;
  if (length > 0 && bytes_[newline - 1] == '\r') --length;
  auto line = bytes_.substr(start_, length);
  wipe_memory(bytes_.data() + start_, length);  // a password may have been in it
  start_ = scanned_ = newline + 1;
  return std::optional<std::string>(std::move(line));
}

}  // namespace ipsec9000::ipc
