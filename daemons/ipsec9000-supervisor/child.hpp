// A daemon as our child: started, its last words, how it ended.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/result.hpp"
#include "base/running_process.hpp"

namespace ipsec9000 {

class Child {
 public:
  // In a session of its own, so that it outlives us; standard input and output are /dev/null, standard error comes to
  // us. The event loop must not wait for children itself.
  static Result<Child> start(const std::filesystem::path& program, const std::vector<std::string>& arguments);

  const RunningProcess& process() const { return process_; }
  // Once process().fd() is readable: "signal 9", "exit status 1: its last words".
  std::string end();

 private:
  Child(RunningProcess process, FileDescriptor errors) : process_(std::move(process)), errors_(std::move(errors)) {}
  RunningProcess process_;
  FileDescriptor errors_;
};

}  // namespace ipsec9000
