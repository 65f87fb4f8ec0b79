"""Our -stop tells the peer: strongSwan's SAs are gone right after."""

from harness import pairs, traffic
from harness.command import expect, wait_for


def run(lab):
    telnet = lab.wire.protect("tcp port 23")
    suite, peer = pairs.our_client_with_strongswan(lab, 4)
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    expect(peer.children(), f"strongSwan has no IPsec SA; {peer.log_end()}")

    telnet.lift()
    suite.stop()
    wait_for("strongSwan's SAs go", lambda: not peer.list_sas(), timeout=5)
