// A key store in a directory of its own, with a cheap scrypt.
#pragma once
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "keystore/keystore.hpp"

namespace ipsec9000::test {

namespace fs = std::filesystem;

struct Directory {
  Directory() {
    std::string name = (fs::temp_directory_path() / "ipsec9000-keystore-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path = name;
  }
  ~Directory() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  fs::path path;
};

inline constexpr keystore::ScryptCost cheap{1024, 8, 1};
inline constexpr std::string_view right_password = "correct horse battery staple";
inline constexpr std::string_view wrong_password = "incorrect horse battery staple";

struct StoreFixture {
  Directory directory;
  fs::path path = directory.path / "keystore.json";
  fs::path machine_key = directory.path / "machine.key";
  Secret password{right_password};

  Keystore made() {
    auto store = Keystore::create(path, password, cheap);
    if (!store) throw std::runtime_error(store.error().text);
    return std::move(*store);
  }
  static KeyEntry psk(std::string name, std::string_view secret) {
    return KeyEntry{KeyKind::psk, std::move(name), Secret(secret), WallTime(milliseconds(1'700'000'000'000))};
  }
};

inline std::string text_of(const Secret* secret) {
  return secret == nullptr ? "(none)" : std::string(secret->view().begin(), secret->view().end());
}

}  // namespace ipsec9000::test
