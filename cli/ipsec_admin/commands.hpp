// The commands of ipsec_admin, one function each; they give the exit status.
#pragma once
#include "base/json_fwd.hpp"
#include "cli/common/program.hpp"

namespace ipsec9000::cli {

int admin_start(Context& context);
int admin_stop(Context& context);
int admin_status(Context& context);
int admin_reload(Context& context);
int admin_audit(Context& context);  // -auditlvl, -audit, -maxsize while running
int admin_auditprune(Context& context);
int admin_newpasswd(Context& context);
int admin_deletesa(Context& context);
int admin_traceon(Context& context);
int admin_traceoff(Context& context);

// What -auditlvl, -audit and -maxsize ask for, checked, as parameters of "audit.configure"; an empty object when none
// of them was given.
Result<Json> audit_settings(const Arguments& arguments);

}  // namespace ipsec9000::cli
