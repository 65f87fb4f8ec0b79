"""Tunnel mode between two hosts: the packets on the wire are ESP between the tunnel's ends."""

from harness import configuration, traffic
from harness.command import expect

TIME_LIMIT = 60


def document(node, peer):
    policy = configuration.secure("tunnel", node, peer, 4, protocol="any",
                                  tunnel={"local": node.address(4), "remote": peer.address(4)})
    return configuration.document([policy], [configuration.isakmp(peer, 4)])


def run(lab):
    lab.wire.protect("tcp port 23")
    client = lab.suite(lab.a, document(lab.a, lab.b), configuration.KEY, lab.b)
    server = lab.suite(lab.b, document(lab.b, lab.a), configuration.KEY, lab.a)
    client.start()
    server.start()
    seconds = traffic.transfer(lab.a, lab.b, 4, traffic.TELNET)
    lab.note(f"10 MB there and back in {seconds:.1f} s")
    sad = client.sad()
    expect({sa["mode"] for sa in sad} == {"tunnel"} and len(sad) == 2, f"not one pair in tunnel mode: {sad}")
