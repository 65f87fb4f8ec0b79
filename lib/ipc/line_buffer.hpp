// Cuts a byte stream into lines.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "ipc/message.hpp"

namespace ipsec9000::ipc {

class LineBuffer {
 public:
  explicit LineBuffer(std::size_t max_line = max_message_bytes) : max_line_(max_line) {}

  void append(std::string_view bytes) { bytes_.append(bytes); }

  // The next whole line without its newline (and without "\r" before it); nothing while it is not complete. An error
  // once a line is longer than allowed: what follows cannot be trusted, so the stream is to be closed.
  Result<std::optional<std::string>> next();

  std::size_t size() const { return bytes_.size() - start_; }  // bytes that wait, whole lines or not

 private:
  std::string bytes_;
  std::size_t start_ = 0;    // before it: lines already given
  std::size_t scanned_ = 0;  // before it: no newline
  std::size_t max_line_;
};

}  // namespace ipsec9000::ipc
