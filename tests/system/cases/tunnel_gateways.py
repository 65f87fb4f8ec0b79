"""Two gateways tunnel for their nets, IPv4 in IPv4, IPv4 in IPv6 and the reverse; what is not tunnelled is not forwarded."""

from harness import configuration, traffic
from harness.command import expect
from harness.topology import NET_OF_A, NET_OF_B

LAYOUT = "gateways"
TIME_LIMIT = 240
PORT = 2323
# Which family of packets goes in a tunnel of which family.
COMBINATIONS = ((4, 4), (4, 6), (6, 4))


def net_policy(name, own, other, ends, inner, outer):
    return {"name": name, "filter": {"local": own[inner], "remote": other[inner]}, "action": "secure",
            "transforms": [configuration.ESP],
            "tunnel": {"local": ends[0].address(outer), "remote": ends[1].address(outer)}}


def document(gateway, peer, own, other, inner, outer):
    policies = [net_policy("nets", own, other, (gateway, peer), inner, outer)]
    if (inner, outer) == (4, 4):  # a host beside the net: the gateway itself
        ends = {"local": gateway.address(4), "remote": peer.address(4)}
        for name, ours, theirs in (("self", f"{gateway.address(4)}/32", other[4]),
                                   ("peer", own[4], f"{peer.address(4)}/32")):
            policies.append({"name": name, "filter": {"local": ours, "remote": theirs}, "action": "secure",
                             "transforms": [configuration.ESP], "tunnel": ends})
    return configuration.document(policies, [configuration.isakmp(peer, outer)])


def closed_by_default(lab, left, right):
    """Where the default policy discards, another one must let out what the tunnel brings for the hosts behind."""
    g, h = lab.network["G"], lab.network["H"]
    sides = ((left, g, h, NET_OF_A, NET_OF_B), (right, h, g, NET_OF_B, NET_OF_A))
    for suite, gateway, peer, own, other in sides:
        closed = document(gateway, peer, own, other, 4, 4)
        closed["default_policy"] = {"action": "discard"}
        suite.configure(closed)
        suite.reload()
        warnings = suite.manage("check").stderr
        expect('what comes out of the tunnel of policy "nets"' in warnings, f"no warning: {warnings}")
    traffic.expect_blocked(lab.a, lab.b, 4, PORT, timeout=2)
    for suite, gateway, peer, own, other in sides:
        closed = document(gateway, peer, own, other, 4, 4)
        closed["default_policy"] = {"action": "discard"}
        closed["policies"].append({"name": "inside", "filter": {"local": other[4], "remote": own[4]}, "action": "pass"})
        suite.configure(closed)
        suite.reload()
    traffic.talk(lab.a, lab.b, 4, PORT)
    traffic.talk(lab.b, lab.a, 4, PORT)
    lab.note("the default discards: nothing leaves for the nets until a policy says so, as the warning tells")


def run(lab):
    g, h = lab.network["G"], lab.network["H"]
    lab.wire.protect(f"tcp port {PORT}")
    lab.wire.protect("net 10.1.0.0/24 or net 10.2.0.0/24 or net fd00:1::/64 or net fd00:2::/64", esp=False)
    left = lab.suite(g, document(g, h, NET_OF_A, NET_OF_B, 4, 4), configuration.KEY, h)
    right = lab.suite(h, document(h, g, NET_OF_B, NET_OF_A, 4, 4), configuration.KEY, g)
    for suite, peer in ((left, h), (right, g)):
        suite.set_key(peer.address(6), configuration.KEY)
    left.start()
    for family in (4, 6):
        traffic.echo_server(lab.b, family, PORT)
        traffic.echo_server(lab.a, family, PORT)
    traffic.expect_blocked(lab.a, lab.b, 4, PORT, timeout=2)
    lab.note("while the other gateway is down nothing is forwarded")
    right.start()
    closed_by_default(lab, left, right)
    for inner, outer in COMBINATIONS:
        for suite, gateway, peer, own, other in ((left, g, h, NET_OF_A, NET_OF_B), (right, h, g, NET_OF_B, NET_OF_A)):
            suite.configure(document(gateway, peer, own, other, inner, outer))
            suite.reload()
        traffic.talk(lab.a, lab.b, inner, PORT)
        traffic.talk(lab.b, lab.a, inner, PORT)
        sad = [sa for sa in left.sad() if sa["policy"] == "nets"]
        expect({sa["mode"] for sa in sad} == {"tunnel"} and len(sad) == 2, f"IPv{inner} in IPv{outer}: {sad}")
        expect({sa["source"] for sa in sad} == {g.address(outer), h.address(outer)}, f"not the tunnel's ends: {sad}")
        lab.note(f"IPv{inner} in IPv{outer}: both ways")
        if (inner, outer) == (4, 4):
            traffic.talk(g, lab.b, 4, PORT)
            lab.note("host to gateway")
    left.kill("secpolicyd")
    left.kill("ikpmd")
    lab.a.run(["ip", "-n", "G", "xfrm", "state", "flush"])
    traffic.expect_blocked(lab.a, lab.b, 6, PORT, timeout=2)
    lab.note("with the daemons dead and the SAs gone nothing is forwarded")
