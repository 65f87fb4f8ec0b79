// Keeps the CRLs fresh: fetches those that the certificates name, one after the other, each in a process of its own, so
// that a server that never answers delays nobody.
#pragma once
#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "credentials.hpp"
#include "daemon/audit_client.hpp"
#include "daemon/event_loop.hpp"

namespace ipsec9000 {

class CrlFetcher {
 public:
  CrlFetcher(EventLoop& loop, AuditClient& audit, CertificateKeeper& certificates)
      : loop_(loop), audit_(audit), certificates_(certificates), next_(loop), patience_(loop) {}
  ~CrlFetcher();
  CrlFetcher(const CrlFetcher&) = delete;
  CrlFetcher& operator=(const CrlFetcher&) = delete;

  // The URLs that are to be watched from now on; new ones are fetched at once.
  void watch(const std::vector<std::string>& urls);

 private:
  struct Child {
    std::string url;
    pid_t pid = -1;
    FileDescriptor output;
    EventLoop::Watch watch;
    Bytes bytes;
  };

  void fetch_due();
  void start(const std::string& url);
  void read();
  void end();
  void failed(const std::string& url, const std::string& reason);
  void fetched(const std::string& url, const Json& answer);

  EventLoop& loop_;
  AuditClient& audit_;
  CertificateKeeper& certificates_;
  std::map<std::string, TimePoint> due_;  // when each URL is fetched next
  std::optional<Child> child_;
  EventLoop::Timer next_;
  EventLoop::Timer patience_;
};

}  // namespace ipsec9000
