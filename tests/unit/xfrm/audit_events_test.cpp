#include "xfrm/audit_events.hpp"

#include <catch2/catch.hpp>

using namespace ipsec9000;

TEST_CASE("the kernel's audit of dropped packets is understood") {
  using Kind = KernelAuditEvent::Kind;
  const auto unknown = parse_kernel_audit(
      "audit(1700000000.123:45): op=SA-notfound src=10.1.0.1 dst=10.1.0.2 spi=57005(0xdead) seqno=1");
  REQUIRE(unknown);
  CHECK(unknown->kind == Kind::unknown_spi);
  CHECK(unknown->source.to_string() == "10.1.0.1");
  CHECK(unknown->destination.to_string() == "10.1.0.2");
  CHECK(unknown->spi == Spi{0xdead});
  CHECK(unknown->sequence == 1);
  const auto icv = parse_kernel_audit(
      "op=SA-icv-failure src=fd00:0001:0000:0000:0000:0000:0000:0001 "
      "dst=fd00:0001:0000:0000:0000:0000:0000:0002 flowlbl=0x0 spi=1(0x1) seqno=9");
  REQUIRE(icv);
  CHECK(icv->kind == Kind::integrity_failure);
  CHECK(icv->source.to_string() == "fd00:1::1");
  CHECK(parse_kernel_audit("op=SA-replayed-pkt src=10.1.0.1 dst=10.1.0.2 spi=1(0x1) seqno=9")->kind == Kind::replay);
}

TEST_CASE("what is of no interest, or makes no sense, is nothing") {
  for (const char* text :
       {"", "op=", "op=SAD-add auid=0 ses=1 src=10.1.0.1 dst=10.1.0.2 spi=1(0x1) res=1", "op=SA-notfound",
        "op=SA-notfound src=10.1.0.1 dst=here spi=1(0x1)", "op=SA-notfound src=10.1.0.1 dst=10.1.0.2 spi=x",
        "xop=SA-notfound src=10.1.0.1 dst=10.1.0.2 spi=1(0x1)", "src dst spi op=SA-notfound src= dst= spi="})
    CHECK_FALSE(parse_kernel_audit(text));
}
