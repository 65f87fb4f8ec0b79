"""The interop matrix: our suite on A and a foreign peer on B, IPv4 and IPv6, a flow for each kind of transform."""

import dataclasses

from harness import configuration, traffic
from harness.command import expect
from harness.flow import Flow

FIRST_PORT = 2300
FAMILIES = (4, 6)


@dataclasses.dataclass(frozen=True)
class Row:
    """One flow of the matrix, as our configuration names it and as -sad must show it."""

    name: str
    transform: str
    protocol: str
    encryption: str
    authentication: str
    pfs: str | None = None
    tunnel: bool = False


# No two rows have the same protection: our flows that agree in it share a pair of SAs, the peer's flows never do.
ROWS = (
    Row("cbc", "ESP-AES128-HMAC-SHA256", "esp", "AES128-CBC", "HMAC-SHA256"),
    Row("gcm", "ESP-AES256-GCM16", "esp", "AES256-GCM16", "None"),
    Row("ah", "AH-SHA256", "ah", "None", "HMAC-SHA256"),
    Row("pfs", "ESP-AES256-HMAC-SHA384", "esp", "AES256-CBC", "HMAC-SHA384", pfs="MODP2048"),
    Row("tunnel", "ESP-AES256-HMAC-SHA512", "esp", "AES256-CBC", "HMAC-SHA512", tunnel=True),
)


class Matrix:
    """`we_connect`: our host opens the connections, so our suite begins the negotiations; else the peer does both."""

    def __init__(self, lab, suite, peer, we_connect, proposals, rows=ROWS, lifetime="28800/0",
                 isakmp_lifetime=28800, **peer_options):
        """`suite`: from make_suite(), not running. `peer`: a StrongSwan or a Libreswan on B. `proposals`: the ISAKMP
        proposal for each family."""
        self._lab = lab
        self._we_connect = we_connect
        self.flows = [(row, family) for family in proposals for row in rows]
        self.peer = peer
        self.suite = suite
        suite.configure(self._document(proposals, lifetime, isakmp_lifetime))
        side = "local_port" if we_connect else "remote_port"
        peer.configure(lab.a, [Flow(self.name(row, family), row.transform, row.pfs, row.tunnel, family,
                                    **{side: self.port(row, family)}) for row, family in self.flows],
                       configuration.KEY, proposals, **peer_options)
        ports = " or ".join(str(self.port(row, family)) for row, family in self.flows)
        addresses = " or ".join(host.address(family) for family in proposals for host in (lab.a, lab.b))
        self._protection = lab.wire.protect(f"tcp port ({ports}) and src host ({addresses})", esp=False)
        peer.start()
        suite.start()

    def name(self, row, family):
        return f"{row.name}{family}"

    def port(self, row, family):
        return FIRST_PORT + 10 * self.flows.index((row, family)) + (0 if self._we_connect else 1)

    def run(self):
        """Each flow in its turn: negotiated, a megabyte each way, and shown as it was configured."""
        for row, family in self.flows:
            seconds = self.exchange(row, family)
            self.expect_sas(row, family)
            self._lab.note(f"  IPv{family} {row.name}: 1 MB there and back in {seconds:.1f} s")

    def exchange(self, row, family):
        if self._we_connect:
            return traffic.transfer(self._lab.a, self._lab.b, family, self.port(row, family), megabytes=1)
        self.peer.initiate(flow=self.name(row, family))
        return traffic.transfer(self._lab.b, self._lab.a, family, self.port(row, family), megabytes=1)

    def sas(self, row, family):
        return [sa for sa in self.suite.sad() if sa["policy"] == self.name(row, family)]

    def expect_sas(self, row, family):
        sas = self.sas(row, family)
        expect({sa["direction"] for sa in sas} == {"in", "out"} and len(sas) == 2,
               f"{self.name(row, family)}: not one pair of SAs: {sas}")
        wanted = {"protocol": row.protocol, "encryption": row.encryption, "authentication": row.authentication,
                  "mode": "tunnel" if row.tunnel else "transport", "state": "mature"}
        for sa in sas:
            wrong = {field: sa[field] for field, value in wanted.items() if sa[field] != value}
            expect(not wrong, f"{self.name(row, family)}: -sad shows {wrong} of {sa}")
            expect(sa["bytes"] > traffic.MEGABYTE, f"{self.name(row, family)}: the data did not pass this SA: {sa}")

    def end(self):
        # What a connection whose SAs had gone still has to say, it says when nothing holds it back any more.
        self._protection.lift()
        self.suite.stop()
        self._lab.stop(self.peer)

    def _document(self, proposals, lifetime, isakmp_lifetime):
        host, peer = self._lab.a, self._lab.b
        side = "remote_port" if self._we_connect else "local_port"
        policies = []
        for row, family in self.flows:
            more = {"pfs": row.pfs} if row.pfs else {}
            if row.tunnel:
                more["tunnel"] = {"local": host.address(family), "remote": peer.address(family)}
            policies.append(configuration.secure(
                self.name(row, family), host, peer, family, transforms=[f"{row.transform}/{lifetime}"],
                **{side: self.port(row, family)}, **more))
        document = configuration.document(policies, [
            configuration.isakmp(peer, family, name=f"peer{family}", proposals=[proposal])
            for family, proposal in proposals.items()])
        for policy in document["isakmp_policies"]:
            policy["lifetime"] = isakmp_lifetime
        document["allow_legacy"] = True
        return document


def make_suite(lab):
    """Our suite on A with its keys. Deriving the store's key from a password takes long: one suite for a whole case."""
    suite = lab.suite(lab.a)
    for family in FAMILIES:
        suite.set_key(lab.b.address(family), configuration.KEY)
    return suite


def run(lab, make_peer, proposals_when_we_connect, proposals_when_peer_does):
    """The whole of a case: both roles, one after the other. `make_peer`: lab.strongswan or lab.libreswan."""
    suite = make_suite(lab)
    for we_connect, proposals in ((True, proposals_when_we_connect), (False, proposals_when_peer_does)):
        matrix = Matrix(lab, suite, make_peer(lab.b), we_connect, proposals)
        lab.note(f"{'our host' if we_connect else 'the peer'} initiates, {proposals}")
        matrix.run()
        matrix.end()
