// What the reports show (DESIGN, section 3): the values behind `ipsec_report -sad -mad -failures`.
#pragma once
#include <cstdint>
#include <string>

#include "base/json_fwd.hpp"
#include "base/result.hpp"
#include "model/transform.hpp"

namespace ipsec9000 {

// One IPSec SA as the kernel has it, with what only ikpmd knows. Text fields are ready to show.
struct SadEntry {
  std::string spi;       // eight hex digits
  std::string protocol;  // esp, ah
  std::string state;     // larval, mature, dead
  std::string source;
  std::string destination;
  std::string mode;            // transport, tunnel
  std::string encryption;      // AES128-CBC, None
  std::string authentication;  // HMAC-SHA256, None
  std::string policy;          // "" for an SA that is not ours
  std::string direction;       // in, out
  struct Ports {
    std::string protocol;
    std::uint16_t source_port = 0;  // 0: any
    std::uint16_t destination_port = 0;
    std::string source;  // prefix
    std::string destination;
  } selector;
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  std::uint64_t age = 0;  // seconds since it was added
  struct Limit {
    std::uint64_t seconds = 0;  // 0: none
    std::uint64_t kilobytes = 0;
  } soft, hard;
  std::uint32_t reqid = 0;
};

// One ISAKMP SA.
struct MadEntry {
  std::string role;  // initiator, responder
  std::string local;
  std::string remote;
  std::string state;             // negotiating, established, expiring
  std::string initiator_cookie;  // sixteen hex digits
  std::string responder_cookie;
  std::string group;
  std::string authentication_method;
  std::string encryption;
  std::string hash;
  std::uint32_t quick_modes = 0;
  std::uint64_t age = 0;       // seconds
  std::uint64_t lifetime = 0;  // seconds
  std::string policy;
};

// One failed negotiation, remembered for the last failures of each peer.
struct FailureRecord {
  std::string time;  // RFC 3339
  std::string remote;
  std::string phase;  // main, quick
  std::string policy;
  std::uint32_t place = 0;  // the policy's place in the file, 1 = first; 0: not known
  std::string reason;       // an identifier: no-proposal-chosen, timeout, authentication-failed, ...
  std::string differs;      // the single attribute that differs, or ""
  std::string offered;
  std::string wanted;
  std::string text;  // one sentence
};

Json to_json(const SadEntry& entry);
Json to_json(const MadEntry& entry);
Json to_json(const FailureRecord& record);
Result<SadEntry> sad_entry_from_json(const Json& json);
Result<MadEntry> mad_entry_from_json(const Json& json);
Result<FailureRecord> failure_record_from_json(const Json& json);

}  // namespace ipsec9000
