// Texts that a peer or a file may hold to steer a terminal, forge a line or break a decoder.
#pragma once
#include <string>
#include <vector>

namespace ipsec9000::test {

struct HostileText {
  std::string what;
  std::string text;
};

inline const std::vector<HostileText>& hostile_texts() {
  static const std::vector<HostileText> texts = {
      {"a forged line", "ok\nMsg: 1 From: IKPMD"},
      {"a carriage return", "seen\rhidden"},
      {"an escape sequence", "\x1b[2J\x1b[31m"},
      {"a zero byte", std::string("a\0b", 3)},
      {"delete", "\x7f"},
      {"a C1 control in UTF-8",
       "\xc2\x9b"
       "2J"},
      {"a C1 control in Latin 1",
       "\x9b"
       "2J"},
      {"a bidirectional override",
       "\xe2\x80\xae"
       "gpj.exe"},
      {"a bidirectional isolate",
       "\xe2\x81\xa6"
       "x"},
      {"a line separator",
       "a\xe2\x80\xa8"
       "b"},
      {"an overlong slash", "\xc0\xaf"},
      {"an overlong three-byte form", "\xe0\x80\xaf"},
      {"an overlong four-byte form", "\xf0\x80\x80\xaf"},
      {"a surrogate", "\xed\xa0\x80"},
      {"beyond Unicode", "\xf4\x90\x80\x80"},
      {"a cut-off sequence", "x\xe2\x82"},
      {"a lone continuation", "\x80\xbf"},
      {"a byte that never occurs", "\xff\xfe"},
  };
  return texts;
}

// No control character and no broken UTF-8, as a reader of a log wants it: every byte printable ASCII or part of a
// sequence above U+009F.
inline bool is_one_clean_line(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f ||
        (byte >= 0x80 && byte < 0xc2 && (i == 0 || static_cast<unsigned char>(text[i - 1]) < 0x80)))
      return false;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return false;
  }
  return true;
}

}  // namespace ipsec9000::test
