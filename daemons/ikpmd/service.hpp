// ikpmd put together: the IKE engine between UDP, the kernel's SA table, the key store, secpolicyd and the audit trail.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "credentials.hpp"
#include "crl_fetcher.hpp"
#include "daemon/daemon.hpp"
#include "daemon/rpc_peer.hpp"
#include "deletion_answers.hpp"
#include "expiry_reporter.hpp"
#include "failure_log.hpp"
#include "ike/engine.hpp"
#include "kernel_sas.hpp"
#include "key_ring.hpp"
#include "negotiation_statistics.hpp"
#include "ocsp_asker.hpp"
#include "peer_traffic.hpp"
#include "pending_acquires.hpp"
#include "profile_renewer.hpp"
#include "sad_pages.hpp"
#include "trace_link.hpp"
#include "udp_socket.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

class IkeService final : public DaemonService {
 public:
  IkeService(DaemonContext& context, std::unique_ptr<Kernel> kernel);
  ~IkeService() override;

  Result<void> start() override;
  void stop(std::function<void()> done) override;
  void add_status(Json& status) const override;

 private:
  friend class IkeMethods;
  struct Carrier;

  Result<void> open_sockets();
  // Datagrams wait in the sockets, which are bound, until we have policies and keys to judge them by; a peer that began
  // first would else be refused. Not for ever: live SAs want to be spoken of, too.
  void listen_when_able();
  void listen();
  // At once, or as soon as we can negotiate, which is soon after the start.
  void when_listening(std::function<void()> then);
  Result<void> watch_kernel();
  void adopt_sas();
  void received(std::size_t socket);
  void kernel_events();
  void take(const Event& event);
  void compare_soon();
  void compare_with_kernel();  // what vanished there behind our back
  void sa_limit_reached(const Expire& expire);
  void settle();            // after each engine call: carry out its actions, arm its next deadline
  void release_acquires();  // those whose negotiation failed
  void sample_traffic();
  Json status() const;

  DaemonContext& context_;
  std::unique_ptr<Kernel> kernel_;
  KernelSas sas_;
  KeyRing keys_;
  CertificateKeeper certificates_;
  SystemRandom random_;
  ike::Engine engine_;
  FailureLog failures_;
  PeerTraffic peers_;
  PendingAcquires acquires_;
  DeletionAnswers deletions_;
  NegotiationStatistics statistics_;
  RpcPeer policy_manager_;
  ServerTrouble trouble_;
  CrlFetcher crls_;
  OcspAsker ocsp_;
  ProfileRenewer profiles_;
  ExpiryReporter expiry_;
  TraceLink trace_;
  std::vector<UdpSocket> sockets_;
  std::vector<EventLoop::Watch> watches_;
  std::unique_ptr<EventSource> events_;
  EventLoop::Watch events_watch_;
  EventLoop::Timer deadline_;
  EventLoop::Timer sampling_;
  EventLoop::Timer comparison_;
  EventLoop::Timer patience_;
  EventLoop::Timer release_;
  std::vector<std::function<void()>> when_listening_;
  bool configured_ = false;     // by secpolicyd, since our start
  std::uint64_t overruns_ = 0;  // how often the kernel had events for us that were lost
  TimePoint last_send_complaint_{};
  std::vector<std::string> problems_;
  std::map<std::uint32_t, std::string> policy_names_;  // of reqids, as secpolicyd told
};

// Registers the methods of man/ipsec9000-rpc.7 that are ikpmd's.
class IkeMethods {
 public:
  IkeMethods(IkeService& service, RpcServer& server, EventLoop& loop);

 private:
  void add_negotiation(RpcServer& server);
  void add_reports(RpcServer& server);
  void add_keys(RpcServer& server);
  void add_certificates(RpcServer& server);
  Result<bool> gather(Json& params, std::uint64_t connection);  // false: more of the file is to come
  void certificate_done(const std::string& method, const Result<Json>& outcome, const RpcServer::Reply& reply);
  Result<Json> configure(const Json& params);
  std::optional<ike::SaFacts> facts_of(const ike::SaKey& key, std::uint32_t reqid) const;
  void change_keys(const Json& params, const char* password_field, KeyRing::Change change, const AuditEvent* event,
                   const RpcServer::Reply& reply);

  void add_trace(RpcServer& server);
  // Calls `right` when the password in the parameters is right; else answers, and late.
  void with_password(const Json& params, const char* password_field, KeyRing::Change change,
                     const RpcServer::Reply& reply, std::function<void()> right);

  IkeService& service_;
  EventLoop& loop_;
  SadPages sad_pages_;
  void answer_late(const Error& error, const RpcServer::Reply& reply);
  std::map<std::uint64_t, std::string> transfers_;  // parts of files, by connection
  std::deque<EventLoop::Timer> slow_answers_;       // a wrong password is answered late
};

}  // namespace ipsec9000
