// What a daemon had in memory at most.
#pragma once
#include <filesystem>
#include <fstream>
#include <string>

namespace ipsec9000::bench {

inline double peak_megabytes(const std::filesystem::path& pid_file) {
  std::string word;
  std::ifstream(pid_file) >> word;
  std::ifstream status("/proc/" + word + "/status");
  double kilobytes = 0;
  while (status >> word)
    if (word == "VmHWM:") status >> kilobytes;
  return kilobytes / 1024;
}

}  // namespace ipsec9000::bench
