// The suite on a host and a directory of its own, in the namespace that the program is in.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>

#include "base/files.hpp"

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
  std::filesystem::path log_directory() const;
  std::filesystem::path pid_file(const std::string& daemon) const;

 private:
  // Where this program is killed, a process of the guard's stops the daemons, which are nobody's children, and takes
  // the directory away.
  class Guard {
   public:
    void begin(const std::string& stop, const std::string& directory);
    void dismiss();

   private:
    FileDescriptor alive_;
    pid_t process_ = -1;
  };
  static std::filesystem::path make_directory();
  void write(const std::string& name, const std::string& text) const;

  std::filesystem::path root_;
  std::filesystem::path sbin_;
  Guard guard_;
};

}  // namespace ipsec9000::bench
