// What secpolicyd answers (ipsec9000-rpc(7)).
#pragma once
#include "daemon/rpc_server.hpp"

namespace ipsec9000 {

class PolicyService;

// policy.status, .reload, .withdraw, .query, .cover; the service must outlive the server's last call.
void add_policy_methods(RpcServer& server, PolicyService& service);
// policy.list, isakmp.list, policy.cache, policy.ip, policy.bypass: in pages.
void add_list_methods(RpcServer& server, PolicyService& service);

}  // namespace ipsec9000
