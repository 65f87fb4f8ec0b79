"""What a gateway's policies discard of others' packets is told with all its values: as it leaves, and as it comes."""

import socket

from harness import configuration
from harness.command import expect, wait_for
from harness.topology import NET_OF_A, NET_OF_B

LAYOUT = "gateways"
TIME_LIMIT = 90
LEAVING, COMING, PASSING, SENDER = 9001, 9002, 9003, 40000


def document(g, h, tunnel):
    policies = [{"name": f"not_out_{family}", "action": "discard",
                 "filter": {"local": NET_OF_A[family], "remote": NET_OF_B[family], "protocol": "udp", "remote_port": LEAVING}}
                for family in (4, 6)]
    if tunnel:
        policies.append({"name": "not_in", "action": "discard",
                         "filter": {"local": NET_OF_A[4], "remote": NET_OF_B[4], "protocol": "udp", "local_port": COMING}})
        policies.append({"name": "nets", "action": "secure", "transforms": [configuration.ESP],
                         "filter": {"local": NET_OF_A[4], "remote": NET_OF_B[4], "protocol": "tcp"},
                         "tunnel": {"local": g.address(4), "remote": h.address(4)}})
    return configuration.document(policies, [configuration.isakmp(h, 4)])


def send(sender, receiver, family, port, own_port=SENDER):
    with sender.socket(family, socket.SOCK_DGRAM) as one:
        one.bind((sender.address(family), own_port))
        one.sendto(b"through", (receiver.address(family), port))


def is_recorded(suite, policy, sender, receiver, family, port, own_port=SENDER):
    send(sender, receiver, family, port, own_port)
    told = suite.wait_for_audit("packet-discarded", policy=policy, ports=f"{own_port}:{port}")["fields"]
    wanted = {"source": sender.address(family), "destination": receiver.address(family), "protocol": "17",
              "direction": "forwarded"}
    expect({name: told.get(name) for name in wanted} == wanted, f"wanted {wanted}, recorded {told}")


def run(lab):
    g, h = lab.network["G"], lab.network["H"]
    lab.wire.protect(f"udp port {LEAVING}", esp=False)
    lab.wire.expect_clear(f"udp port {COMING}")  # until it reaches G
    lab.wire.expect_clear(f"udp port {PASSING}")
    gateway = lab.suite(g, document(g, h, tunnel=False), configuration.KEY, h)
    gateway.start()
    wait_for("-status to say that forwarded discards are seen",
             lambda: gateway.status()["kernel_events"]["forwarded"] == "on", timeout=10)
    for tunnel in (False, True):
        if tunnel:
            gateway.configure(document(g, h, tunnel))
            gateway.reload()
            is_recorded(gateway, "not_in", lab.b, lab.a, 4, COMING)
        send(lab.a, lab.b, 4, PASSING)
        for family in (4, 6):
            is_recorded(gateway, f"not_out_{family}", lab.a, lab.b, family, LEAVING, SENDER + tunnel)
    lab.note("G recorded what it was to forward and discarded, IPv4 and IPv6, with addresses and ports")
    expect(not [each for each in gateway.audit() if each.get("fields", {}).get("ports") == f"{SENDER}:{PASSING}"],
           "what passes is recorded as discarded")
