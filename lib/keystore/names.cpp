#include "keystore/names.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "model/identity.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t key_bytes_weak = 8;
constexpr std::size_t key_bytes_maximum = 1024;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// from_hex of base would do, but its error text may show what it was given.
Result<Secret> secret_from_hex(std::string_view digits) {
  if (digits.empty() || digits.size() % 2 != 0)
    return Error{ErrorCode::invalid_input, "pre-shared key: 0x must be followed by an even number of hex digits"};
  Bytes bytes;
  bytes.reserve(digits.size() / 2);
  for (std::size_t at = 0; at < digits.size(); at += 2) {
    const int high = hex_value(digits[at]);
    const int low = hex_value(digits[at + 1]);
    if (high < 0 || low < 0) {
      wipe_memory(bytes.data(), bytes.size());
      return Error{ErrorCode::invalid_input,
                   "pre-shared key: after 0x come hex digits only (a key that begins with 0x is hex)"};
    }
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return Secret::adopt(std::move(bytes));
}
}  // namespace

Result<PreSharedKey> parse_pre_shared_key(std::string_view text) {
  const auto refuse = [](const char* why) {
    return Error{ErrorCode::invalid_input, std::string("pre-shared key: ") + why};
  };
  if (text.empty()) return refuse("empty");
  if (text.size() > 2 * key_bytes_maximum + 2) return refuse("longer than 1024 bytes");
  PreSharedKey key;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    auto secret = secret_from_hex(text.substr(2));
    if (!secret) return secret.error();
    key.secret = std::move(*secret);
  } else {
    const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
    if (!std::all_of(text.begin(), text.end(), printable))
      return refuse("only printable ASCII characters are allowed; write other bytes in hex after 0x");
    key.secret = Secret(text);
  }
  if (key.secret.size() > key_bytes_maximum) return refuse("longer than 1024 bytes");
  if (key.secret.size() < key_bytes_weak)
    key.warning = "the pre-shared key is shorter than 8 bytes and can be guessed by anybody who sees one negotiation";
  return key;
}

Result<std::string> normal_remote_name(std::string_view text) {
  const Error refusal{ErrorCode::invalid_input,
                      "remote host \"" + escape_control(text.substr(0, 80)) +
                          "\": expected an address, a prefix without host bits, a host name, or user@host"};
  if (text.empty() || text.size() > 255) return refusal;
  if (auto prefix = Prefix::parse(text)) return prefix->to_string();
  const auto numeric = [](char c) { return (c >= '0' && c <= '9') || c == '.' || c == '/'; };
  if (std::all_of(text.begin(), text.end(), numeric)) return refusal;  // meant as an address, and not one
  const auto word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  };
  const auto at = text.rfind('@');
  const auto user = at == std::string_view::npos ? std::string_view() : text.substr(0, at);
  const auto host = at == std::string_view::npos ? text : text.substr(at + 1);
  const auto local = [&](char c) { return word(c) || c == '+' || c == '='; };
  if (host.empty() || !std::all_of(host.begin(), host.end(), word) || host.front() == '.' || host.front() == '-')
    return refusal;
  if (at == std::string_view::npos) return to_lower(host);
  if (user.empty() || !std::all_of(user.begin(), user.end(), local)) return refusal;
  return std::string(user) + "@" + to_lower(host);
}

namespace {
// Passwords travel in JSON, which is UTF-8: other bytes would arrive changed.
bool is_utf8(ByteView bytes) {
  while (!bytes.empty()) {
    const unsigned lead = bytes[0];
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (length == 0 || length > bytes.size()) return false;
    std::uint32_t point = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (std::size_t at = 1; at < length; ++at) {
      if ((bytes[at] & 0xc0) != 0x80) return false;
      point = point << 6 | (bytes[at] & 0x3fu);
    }
    const std::uint32_t smallest = length == 3 ? 0x800 : length == 4 ? 0x10000 : 0;
    if (point < smallest || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
    bytes = bytes.subspan(length);
  }
  return true;
}
}  // namespace

Result<void> check_new_password(const Secret& password) {
  const auto view = password.view();
  const auto refuse = [](const char* why) { return Error{ErrorCode::invalid_input, why}; };
  if (view.size() > password_bytes_maximum) return refuse("the password is longer than 1024 bytes");
  const auto control = [](std::uint8_t byte) { return byte < 0x20 || byte == 0x7f; };
  if (std::any_of(view.begin(), view.end(), control)) return refuse("the password holds a control character");
  if (!is_utf8(view)) return refuse("the password is not UTF-8");
  // Continuation bytes of UTF-8 begin no character.
  const auto begins = [](std::uint8_t byte) { return (byte & 0xc0) != 0x80; };
  if (static_cast<std::size_t>(std::count_if(view.begin(), view.end(), begins)) < password_characters_minimum)
    return refuse("the password is shorter than 15 characters");
  return {};
}

}  // namespace ipsec9000
