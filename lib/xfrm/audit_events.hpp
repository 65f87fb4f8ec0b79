// What the kernel's own audit says about IPsec packets that it dropped: unknown SPI, failed integrity check, replay.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/files.hpp"
#include "base/sa.hpp"

namespace ipsec9000 {

struct KernelAuditEvent {
  enum class Kind : std::uint8_t { unknown_spi, integrity_failure, replay, replay_overflow };
  Kind kind = Kind::unknown_spi;
  IpAddress source;
  IpAddress destination;
  Spi spi{};
  std::uint32_t sequence = 0;
};

// The text of an AUDIT_MAC_IPSEC_EVENT (1415): "audit(1.2:3): op=SA-notfound src=10.1.0.1 dst=10.1.0.2 spi=1(0x1)
// seqno=1". Nothing for what is of no interest here (SAs added and deleted).
std::optional<KernelAuditEvent> parse_kernel_audit(std::string_view text);

// Listens to the multicast of the kernel's audit (AUDIT_NLGRP_READLOG), which goes to the initial network namespace
// only and tells of all namespaces without naming them: whoever reads has to look at the addresses.
class KernelAuditSource {
 public:
  // Fails with the reason, a sentence for a person, where the kernel does not tell us: audit is off, no right to it.
  static Result<std::unique_ptr<KernelAuditSource>> open();

  int fd() const { return socket_.get(); }
  // What there is, up to a bounded number, without waiting. `lost` counts overruns of the socket.
  std::vector<KernelAuditEvent> read();
  std::uint64_t lost() const { return lost_; }

 private:
  explicit KernelAuditSource(FileDescriptor socket) : socket_(std::move(socket)) {}
  FileDescriptor socket_;
  std::uint64_t lost_ = 0;
};

// Whether the kernel's audit is switched on; it stays as it is.
Result<bool> kernel_audit_enabled();

}  // namespace ipsec9000
