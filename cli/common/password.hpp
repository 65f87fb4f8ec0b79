// Where passwords come from.
#pragma once
#include <filesystem>
#include <string_view>

#include "base/secret.hpp"

namespace ipsec9000::cli {

inline constexpr std::size_t password_maximum = 1024;  // bytes

// The file's bytes without one newline at the end; at most `maximum`, and not empty (invalid_input). Where privacy is
// required, the file must be the caller's, readable by nobody else, and no symbolic link (not_permitted).
enum class Privacy { required, advised };
Result<Secret> read_secret_file(const std::filesystem::path& path, std::size_t maximum, Privacy privacy);
Result<Secret> read_password_file(const std::filesystem::path& path);

// From the terminal itself (/dev/tty), without echo, so that it cannot be redirected by accident. The terminal is put
// right again also when the user interrupts. not_permitted when there is no terminal.
Result<Secret> ask_password(std::string_view prompt);

}  // namespace ipsec9000::cli
