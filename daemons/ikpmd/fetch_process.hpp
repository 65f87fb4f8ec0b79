// A process of its own for one exchange with a server (fetch/child.hpp), so that a server that never answers delays
// nobody.
#pragma once
#include <sys/types.h>

#include <functional>
#include <memory>
#include <variant>

#include "base/files.hpp"
#include "base/json_fwd.hpp"
#include "daemon/event_loop.hpp"
#include "fetch/child.hpp"

namespace ipsec9000 {

class FetchProcess {
 public:
  explicit FetchProcess(EventLoop& loop) : loop_(loop), patience_(loop) {}
  ~FetchProcess();
  FetchProcess(const FetchProcess&) = delete;
  FetchProcess& operator=(const FetchProcess&) = delete;

  bool busy() const { return child_ != nullptr; }

  // Not while it is busy. `done` comes once, later, on the loop, when it is busy no more; not after this object's end.
  using Answer = std::variant<Bytes, fetch::Failure>;
  using Done = std::function<void(Answer)>;
  void start(const Json& request, Done done);

 private:
  struct Child {
    pid_t pid = -1;
    FileDescriptor output;
    EventLoop::Watch watch;
    Bytes bytes;
    Done done;
  };

  void read();
  void end();

  EventLoop& loop_;
  std::unique_ptr<Child> child_;
  EventLoop::Timer patience_;
};

}  // namespace ipsec9000
