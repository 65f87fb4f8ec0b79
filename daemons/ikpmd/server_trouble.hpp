// What is to be said when a server of a CA does not answer: whether a policy of our own keeps us from it.
#pragma once
#include <string>

#include "daemon/audit_client.hpp"
#include "daemon/rpc_peer.hpp"
#include "fetch/child.hpp"

namespace ipsec9000 {

class ServerTrouble {
 public:
  ServerTrouble(AuditClient& audit, RpcPeer& policy_manager) : audit_(audit), policy_manager_(policy_manager) {}

  // Asks secpolicyd which policy covers the way to the server, and records it when it is not to pass.
  void look_for_policy(const std::string& url, const fetch::Failure& failure);

 private:
  AuditClient& audit_;
  RpcPeer& policy_manager_;
};

}  // namespace ipsec9000
