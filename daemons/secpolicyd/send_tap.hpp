// What programs of this host ask to send: connect(), and datagrams of sockets that are not connected, as the kernel
// gets to know of them before it consults any policy. Only here a send that a policy refuses has all its addresses and
// ports, for no packet comes of it. Needs CAP_BPF, Linux 5.14 and a control group file system (cgroup2).
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "base/files.hpp"
#include "base/selector.hpp"
#include "base/time.hpp"

namespace ipsec9000 {

struct SendAttempt {
  Flow flow;                // the source is "any" where the socket has no address yet; its port 0 likewise
  std::uint64_t count = 0;  // since the last call of take()
};

class SendTap {
 public:
  // Fails with the reason, a sentence for a person, where this kernel does not tell us.
  static Result<std::unique_ptr<SendTap>> open();

  // What was tried in the time given, up to now, and not given before. Of different attempts some thousands are kept.
  std::vector<SendAttempt> take(Duration within);
  // What was tried in the last minute, whether given before or not; the counts are not all.
  std::vector<Flow> recent();

 private:
  SendTap(FileDescriptor table, std::vector<FileDescriptor> attached)
      : table_(std::move(table)), attached_(std::move(attached)) {}
  struct Known {
    std::uint64_t fresh = 0;  // not given yet
    std::uint64_t last = 0;   // nanoseconds of CLOCK_MONOTONIC
  };
  std::uint64_t drain();  // gives the time
  FileDescriptor table_;
  std::map<Flow, Known> known_;
  std::vector<FileDescriptor> attached_;
};

}  // namespace ipsec9000
