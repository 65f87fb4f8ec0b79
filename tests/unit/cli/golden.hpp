// Layouts are frozen in files. IPSEC9000_WRITE_GOLDEN=1 writes them anew, for a person to look at.
#pragma once
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/files.hpp"

namespace ipsec9000::test {

inline void check_golden(const std::string& name, const std::string& text) {
  const auto path = std::filesystem::path(IPSEC9000_SOURCE_DIR) / "tests/unit/cli/golden" / (name + ".txt");
  if (::getenv("IPSEC9000_WRITE_GOLDEN") != nullptr) std::ofstream(path) << text;
  const auto golden = read_file(path);
  REQUIRE(golden);
  CHECK(text == *golden);
}

}  // namespace ipsec9000::test
