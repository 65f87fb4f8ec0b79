// What goes into the IKE engine and what comes out of it. The engine does no I/O: it is told what arrived and what
// time it is, and answers with actions that somebody else carries out, in order.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "audit/record.hpp"
#include "base/address.hpp"
#include "base/sa.hpp"
#include "base/secret.hpp"
#include "base/selector.hpp"
#include "base/time.hpp"
#include "crypto/random.hpp"
#include "ike/difference.hpp"
#include "ike/jobs.hpp"
#include "model/isakmp_policy.hpp"
#include "model/protection.hpp"
#include "model/reports.hpp"
#include "pki/credentials.hpp"

namespace ipsec9000::ike {

enum class JobId : std::uint64_t {};    // an expensive computation asked for
enum class QueryId : std::uint64_t {};  // a question put to the policy manager
enum class PairId : std::uint64_t {};   // one inbound and one outbound SA (nested: two of each)

enum class Role : std::uint8_t { initiator, responder };
constexpr std::string_view to_string(Role role) { return role == Role::initiator ? "initiator" : "responder"; }

// Pairs with the same key serve the same traffic; one of them is enough.
struct PairKey {
  IpAddress local;
  IpAddress remote;
  std::uint32_t reqid = 0;
  Selector selector;
  static PairKey of(const Protection& protection) {
    return {protection.local, protection.remote, protection.reqid, protection.selector};
  }
  auto operator<=>(const PairKey&) const = default;
};

// One UDP payload and its ends, seen from us.
struct Datagram {
  Endpoint local;
  Endpoint remote;
  Bytes bytes;
};

// Enough to find one SA in the kernel.
struct SaKey {
  IpAddress source;
  IpAddress destination;
  SaProtocol protocol = SaProtocol::esp;
  Spi spi{};
  auto operator<=>(const SaKey&) const = default;
};

// The UDP ports around the ESP packets of one SA (RFC 3948), in the packets' own direction.
struct UdpPorts {
  std::uint16_t source = 0;
  std::uint16_t destination = 0;
  auto operator<=>(const UdpPorts&) const = default;
};

// One SA to put into the kernel.
struct SaInstall {
  Direction direction = Direction::in;
  SaKey key;
  Mode mode = Mode::transport;
  std::uint32_t reqid = 0;
  Selector selector;                         // in the packets' own direction
  Encryption encryption = Encryption::null;  // ESP only
  Secret encryption_key;                     // with the salt behind it where the cipher has one
  Integrity integrity = Integrity::none;
  Secret integrity_key;
  Lifetime soft;  // 0: none
  Lifetime hard;
  std::optional<UdpPorts> udp;     // ESP only
  bool extended_sequence = false;  // 64-bit sequence numbers
};

// ---- actions, to be carried out in the order given
struct SendDatagram {
  Datagram datagram;
};
struct RunJob {
  JobId id;
  Job job;
};  // answered by Engine::job_done
struct AskPolicy {
  QueryId id;
  CoverQuery query;
  std::string correlation;  // of the audit records about it
};                          // answered by Engine::policy_answered
struct InstallSas {
  PairId pair;
  std::vector<SaInstall> sas;
  std::string correlation;
};  // a refusal is told by Engine::install_failed
struct RemoveSas {
  std::vector<SaKey> keys;
};  // not there any more: no error
// The peer sends from another port now, and wants its packets there.
struct MoveSas {
  std::vector<std::pair<SaKey, UdpPorts>> sas;
};
struct WriteAudit {
  AuditRecord record;
};
struct ReportFailure {
  FailureRecord failure;
};  // `time` is filled in by whoever keeps it
// A negotiation for this, begun by us, has ended without a pair, and there is no other: whoever waits, waits in vain.
struct AcquireFailed {
  PairKey wanted;
};
// The peer was told of SAs that are deleted here, or cannot be; see Engine::Deleted::telling.
struct FarewellEnded {
  std::uint64_t farewell = 0;
  bool told = false;
};
// Only while tracing is on: a message that goes out or came in, decrypted where we could.
struct TraceMessage {
  Endpoint local;
  Endpoint remote;
  bool sent = false;
  Bytes message;        // ISAKMP alone, without the marker of UDP 4500
  std::string comment;  // "Quick Mode: HASH, SA, NONCE, ID, ID (decrypted), ISAKMP policy servers"
};
using Action = std::variant<SendDatagram, RunJob, AskPolicy, InstallSas, RemoveSas, MoveSas, WriteAudit, ReportFailure,
                            AcquireFailed, FarewellEnded, TraceMessage>;
using Actions = std::vector<Action>;

// What the peer's CERTREQs want our certificate to be.
struct CertificateWish {
  std::vector<Bytes> authorities = {};         // names of CAs in DER; none: any
  std::optional<pki::PublicKeyKind> key = {};  // where it is agreed already; absent: any that serves the policy
};

// Where the engine finds keys. Called from within the engine's entry points; must not block.
class Credentials {
 public:
  virtual ~Credentials() = default;
  // The key shared with this peer; null when there is none. By identity first, then by address. The pointer is good
  // until control returns to the event loop.
  virtual const Secret* pre_shared_key(const IpAddress& remote, const std::optional<Identity>& remote_id) const = 0;
  // What to prove ourselves with by a policy that wants signatures (choose_own). The error says why there is nothing.
  virtual Result<std::shared_ptr<const pki::Credential>> own_certificate(const IsakmpPolicy& policy,
                                                                         const IpAddress& local,
                                                                         const CertificateWish& wish) const = 0;
  // What peers' certificates are judged by, as it is now; never null.
  virtual std::shared_ptr<const pki::Trust> trust() const = 0;
};

struct Channel;

// Why a message or a negotiation was refused. The engine turns it into an audit record, a failure record and, where
// `notify` is set, a notification to the peer.
struct Refusal {
  const AuditEvent* event = nullptr;
  AuditFields fields;
  std::string reason;        // FailureRecord::reason; "" when this is not the negotiation's failure
  Difference difference;     // without a single attribute: all that was offered and all that is wanted
  std::uint16_t notify = 0;  // wire::notify; 0: say nothing
  bool fatal = false;        // the negotiation is over; else the message is dropped and nothing changed
  std::shared_ptr<const Channel> in_private = {};  // to the peer, who has proven to have our key: here all may be said
};

// A malformed or unexpected message: dropped, one record, no change.
Refusal bad_packet(std::string reason);
Refusal unexpected(std::string reason);

}  // namespace ipsec9000::ike
