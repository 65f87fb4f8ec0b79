// Where each file registers its measurements, by name NAME/KIND/POLICIES.
#pragma once

namespace ipsec9000::bench {

void register_library();     // parse and check, the set, compile, query
void register_kernel();      // install, beside a bare batch; change one
void register_packets();     // what a packet pays
void register_programs();    // the real daemons and tools
void register_take_overs();  // a reload of very many, and who waits meanwhile
void register_records();     // a flood for the audit trail
void register_repairs();     // what somebody else has changed is put right

}  // namespace ipsec9000::bench
