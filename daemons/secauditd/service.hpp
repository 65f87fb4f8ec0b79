// secauditd's methods on its socket.
//
//   audit.record     {"records": [...]} -> {"accepted": how many from the front are done with, "malformed": how many of
//                    these were no records, "level"}. Fewer than given: the disk refuses, offer the rest again later.
//   audit.level      {"known": level, or missing} -> {"level"}; when it is the known one, the answer waits for a
//   change. audit.configure  {"level", "directory", "max_kilobytes"}, each optional -> the status; an error changes
//   nothing. audit.rotate     begins a new file -> {"file"} audit.status     AuditTrail::status() with "malformed"
//   audit.prune      {"keep_files" or "keep_days"} -> {"removed": names, "bytes", "number": of the last record that
//   went, or 0, "kept": how many files stay}; an error: some may be gone
#pragma once
#include <deque>

#include "daemon/daemon.hpp"
#include "trail.hpp"

namespace ipsec9000 {

class AuditService : public DaemonService {
 public:
  AuditService(DaemonContext& context, AuditTrail trail);
  ~AuditService() override;

  void reload() override;                        // SIGHUP: a new file
  void add_status(Json& status) const override;  // "audit": audit.status

 private:
  void add_methods(RpcServer& server);
  Result<Json> record(const Json& params);
  Result<Json> configure(const Json& params);
  Result<Json> rotate();
  Result<Json> prune(const Json& params);
  void answer_level(const Json& params, RpcServer::Reply reply);
  void tell_level();
  Json status() const;
  void after_writing();

  AuditTrail trail_;
  std::uint64_t malformed_ = 0;
  std::filesystem::path console_;
  bool announced_ = false;  // the present problem, on stderr and on the console
  std::deque<RpcServer::Reply> level_questions_;
  EventLoop::Timer retry_;
};

}  // namespace ipsec9000
