// Goes through the text of a JSON document with comments, token by token. Internal to the reader and the editor of the
// configuration.
#pragma once
#include <string_view>

#include "policy/document.hpp"

namespace ipsec9000 {

// What it goes through must be sound as far as it goes: it follows the parser.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
  }

  // Goes past blanks, comments, commas and colons.
  Position skip_to_token() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '/')
        skip_comment();
      else if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ':')
        step();
      else
        break;
    }
    return here_;
  }

  // The token's start; the cursor stands behind the token afterwards. The parser has accepted it, so its shape is sure.
  Position take_token() {
    const auto start = skip_to_token();
    if (at_ >= text_.size()) return start;
    const char c = text_[at_];
    if (c == '"')
      take_string();
    else if (c == '{' || c == '}' || c == '[' || c == ']')
      step();
    else
      take_word();
    return start;
  }

  std::string_view rest() const { return text_.substr(at_); }
  std::size_t offset() const { return at_; }  // in bytes

 private:
  void step() {
    if (text_[at_] == '\n')
      here_ = {here_.line + 1, 1};
    else if ((static_cast<unsigned char>(text_[at_]) & 0xc0) != 0x80)
      ++here_.column;
    ++at_;
  }
  void skip_comment() {
    const bool block = text_.substr(at_).starts_with("/*");
    const auto end = text_.find(block ? "*/" : "\n", at_ + (block ? 2 : 0));
    const auto stop = end == std::string_view::npos ? text_.size() : end + (block ? 2 : 1);
    while (at_ < stop) step();
  }
  void take_string() {
    step();
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) step();
      step();
    }
    if (at_ < text_.size()) step();
  }
  void take_word() {
    while (at_ < text_.size() && std::string_view(" \t\r\n,:/[]{}\"").find(text_[at_]) == std::string_view::npos)
      step();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Position here_;
};

}  // namespace ipsec9000
