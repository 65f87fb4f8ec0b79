"""The cases nat_traversal_*: through a masquerading router, ours with strongSwan in either role, ours with ours; ESP goes
in UDP, and stays up."""

from harness import configuration, pairs, topology, traffic
from harness.command import expect, wait_for
from harness.wire import ESP_IN_UDP, KEEPALIVE


def run(lab, family):
    lab.wire.protect("tcp port 23")
    behind_to_strongswan(lab, family)
    strongswan_behind(lab, family)
    ours_with_ours_in_a_tunnel(lab, family)
    expect(not lab.wire.packets("ip proto 50 or ip6 proto 50"), "ESP outside UDP on the wire")


def behind_to_strongswan(lab, family):
    suite, peer = pairs.our_client_with_strongswan(lab, family)
    seconds = traffic.transfer(lab.a, lab.b, family, traffic.TELNET)
    lab.note(f"ours behind translation: 10 MB there and back in {seconds:.1f} s")
    pairs.expect_reports(suite, "telnet_out", "initiator")
    expect("encap" in _states(lab.a), f"no ESP in UDP in the kernel: {_states(lab.a)}")
    suite.wait_for_audit("nat-found")
    lab.stop(suite)
    wait_for("strongSwan's SAs go", lambda: not peer.list_sas(), timeout=5)
    lab.stop(peer)


def strongswan_behind(lab, family):
    """strongSwan on A, ours on B as responder; then the router moves strongSwan to another port."""
    suite = lab.suite(lab.b, configuration.telnet_server(lab.b, lab.a, family), configuration.KEY, lab.a, family)
    peer = lab.strongswan(lab.a)
    peer.configure_transport(lab.b, family, configuration.KEY, remote_port=traffic.TELNET)
    suite.start()
    peer.start()
    peer.initiate()
    seconds = traffic.transfer(lab.a, lab.b, family, traffic.TELNET)
    lab.note(f"strongSwan behind translation: 10 MB there and back in {seconds:.1f} s")
    pairs.expect_reports(suite, "telnet_in", "responder")

    traffic.echo_server(lab.b, family, traffic.TELNET)
    topology.translate_anew(lab.network, 40000)
    traffic.talk(lab.a, lab.b, family, traffic.TELNET)
    suite.wait_for_audit("peer-moved")
    expect(lab.wire.packets(f"{ESP_IN_UDP} and src port 4500 and dst portrange 40000-40099"),
           "our ESP does not follow the peer to its new port")
    suite.wait_for_sas(2)
    lab.note("the peer's new port is followed")
    peer.terminate()
    suite.wait_for_sas(0)
    lab.stop(peer)
    lab.stop(suite)


def ours_with_ours_in_a_tunnel(lab, family):
    suites = []
    for node, peer in ((lab.b, lab.a), (lab.a, lab.b)):
        policy = configuration.secure("tunnel", node, peer, family, protocol="any",
                                      tunnel={"local": node.address(family), "remote": peer.seen_as(family)})
        document = configuration.document([policy], [configuration.isakmp(peer, family)])
        suites.append(lab.suite(node, document, configuration.KEY, peer, family))
        suites[-1].start()
    server, client = suites
    traffic.talk(lab.a, lab.b, family, traffic.TELNET)
    client.wait_for_sas(2)
    expect({sa["mode"] for sa in server.wait_for_sas(2)} == {"tunnel"}, f"no tunnel: {server.sad()}")
    wait_for("a keepalive", lambda: lab.wire.packets(f"{KEEPALIVE} and src host {lab.a.seen_as(family)}"), timeout=30)
    lab.note("a tunnel between two of ours, and keepalives")
    topology.translate_anew(lab.network, 41000)
    traffic.talk(lab.a, lab.b, family, traffic.TELNET)
    server.wait_for_audit("peer-moved")


def _states(node):
    return node.run(["ip", "xfrm", "state"]).stdout
