// What the check of a configuration has to say.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "policy/document.hpp"

namespace ipsec9000 {

enum class Severity : std::uint8_t { error, warning };

struct ConfigurationMessage {
  Severity severity = Severity::error;
  std::string file;
  std::uint32_t line = 0;  // 0: the message is about no single place
  std::uint32_t column = 0;
  std::string pointer;  // JSON pointer (RFC 6901); "" is the whole document
  std::string found;    // as it stands there; "" where nothing does
  std::string allowed;  // what may stand there
  std::string text;     // the rest: a hint, or the whole message where nothing was found

  // One line, safe to show:
  // ipsec.json:12:15: /policies/2/filter/remote: found "10.1.0.300": allowed: an address (did you mean "10.1.0.30"?)
  std::string to_string() const;
};

// Collects messages; memory is bounded: what comes after `limit` of a severity is only counted.
class MessageList {
 public:
  static constexpr std::size_t limit = 1000;
  explicit MessageList(std::string file) : file_(std::move(file)) {}

  void error(Position where, std::string pointer, std::string found, std::string allowed, std::string text = "");
  void error(Position where, std::string pointer, std::string text);
  void warning(Position where, std::string pointer, std::string text);
  void add(ConfigurationMessage message);
  std::size_t errors() const { return errors_; }

  // In the order of the file; with a last line for what was only counted.
  std::vector<ConfigurationMessage> take();

 private:
  std::string file_;
  std::vector<ConfigurationMessage> messages_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

}  // namespace ipsec9000
