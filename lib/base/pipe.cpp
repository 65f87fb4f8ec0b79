#include "base/pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace ipsec9000 {

Result<Pipe> make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("making a pipe");
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

}  // namespace ipsec9000
