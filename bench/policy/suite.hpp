// The suite on a host and a directory of its own, in the namespace that the program is in.
#pragma once
#include <filesystem>
#include <string>

namespace ipsec9000::bench {

class Suite {
 public:
  Suite();
  ~Suite();
  Suite(const Suite&) = delete;
  Suite& operator=(const Suite&) = delete;

  void configure(const std::string& text);
  void start();
  void stop();
  void tool(const std::string& words) const;  // ends the program when it fails
  std::filesystem::path socket(const std::string& daemon) const;

 private:
  static std::filesystem::path make_directory();
  void write(const std::string& name, const std::string& text) const;

  std::filesystem::path root_;
  std::filesystem::path sbin_;
};

}  // namespace ipsec9000::bench
