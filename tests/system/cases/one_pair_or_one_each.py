"""Keying: flows of policies with the same protection share one pair of SAs; exclusive ones have a pair each."""

from harness import configuration, traffic
from harness.command import expect

TIME_LIMIT = 90
SHARED, SHARED_TOO, EXCLUSIVE = 2301, 2302, 2303


def policies(node, peer, port):
    return [configuration.secure("one", node, peer, 4, **{port: SHARED}),
            configuration.secure("two", node, peer, 4, **{port: SHARED_TOO}),
            configuration.secure("each", node, peer, 4, exclusive=True, **{port: EXCLUSIVE})]


def asked_again_and_again(lab, client, server):
    """The kernel asks anew each second while the peer is away; that is one negotiation all the same."""
    lab.a.set_kernel_option("net/core/xfrm_acq_expires", 1)
    traffic.expect_blocked(lab.a, lab.b, 4, SHARED, timeout=4)
    acquires = client.call("secpolicyd", "policy.status")["acquires"]
    expect(acquires >= 2, f"the kernel should have asked more than once: {acquires}")
    server.start()
    traffic.talk(lab.a, lab.b, 4, SHARED)
    for event in ("mm-complete", "qm-complete"):
        count = sum(record["event"] == event for record in client.audit())
        expect(count == 1, f"{acquires} requests of the kernel should lead to one negotiation: {count} times {event}")
    lab.note(f"{acquires} requests of the kernel for one flow: one negotiation")
    # The client repeated its first message all along: also while the server had no keys and policies yet.
    refused = [record for record in server.audit() if record["level"] in ("error", "warning")]
    expect(not refused, f"the server should have waited for its keys instead of refusing: {refused}")


def run(lab):
    for port in (SHARED, SHARED_TOO, EXCLUSIVE):
        lab.wire.protect(f"tcp port {port}", esp=False)
        traffic.echo_server(lab.b, 4, port)
    client = lab.suite(lab.a, configuration.document(policies(lab.a, lab.b, "remote_port"),
                                                     [configuration.isakmp(lab.b, 4)]), configuration.KEY, lab.b)
    server = lab.suite(lab.b, configuration.document(policies(lab.b, lab.a, "local_port"),
                                                     [configuration.isakmp(lab.a, 4)]), configuration.KEY, lab.a)
    client.start()
    asked_again_and_again(lab, client, server)
    for port in (SHARED, SHARED, SHARED_TOO):
        traffic.talk(lab.a, lab.b, 4, port)
    expect(len(client.sad()) == 2, f"three connections that may share a pair have more than one: {client.sad()}")
    lab.note("three connections of two policies: one pair")

    connections = [traffic.connect(lab.a, lab.b, 4, EXCLUSIVE) for _ in range(2)]
    for connection in connections:
        traffic.echo(connection)
    own = [sa for sa in client.sad() if sa["policy"] == "each"]
    expect(len(own) == 4, f"two exclusive connections should have two pairs: {own}")
    ports = {sa["selector"]["source_port"] for sa in own if sa["direction"] == "out"}
    expect(len(ports) == 2 and 0 not in ports, f"each pair should be for its own 5-tuple: {own}")
    for connection in connections:
        connection.close()
    lab.note("two exclusive connections: two pairs")
