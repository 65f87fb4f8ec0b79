// A pipe to a child. Both ends are closed by exec; what the child is to have is given to it by dup2.
#pragma once
#include "base/files.hpp"

namespace ipsec9000 {

struct Pipe {
  FileDescriptor reading, writing;
};
Result<Pipe> make_pipe();

}  // namespace ipsec9000
