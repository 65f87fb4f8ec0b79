"""Live change: reloads that move, add and drop policies under traffic; no clear packet, and the SAs stay."""

from harness import configuration, traffic
from harness.command import expect, wait_for
from harness.datagrams import Stream

TIME_LIMIT = 150
PORT = 7007
RELOADS = 20


def document(node, peer, round_, port):
    """The stream's policy never changes; what surrounds it does, each time."""
    stream = configuration.secure("stream", node, peer, 4, protocol="udp", **{port: PORT})
    others = [configuration.plain(f"other{i}", "discard" if i % 2 else "pass", node, peer, 4, remote_port=3000 + i)
              for i in range(round_ % 5)]
    policies = others + [stream] if round_ % 2 else [stream] + others
    return configuration.document(policies, [configuration.isakmp(peer, 4)],
                                  default="pass" if round_ % 3 else "discard")


def run(lab):
    lab.wire.protect(f"udp port {PORT}")
    client = lab.suite(lab.a, document(lab.a, lab.b, 0, "remote_port"), configuration.KEY, lab.b)
    server = lab.suite(lab.b, document(lab.b, lab.a, 0, "local_port"), configuration.KEY, lab.a)
    client.start()
    server.start()
    stream = Stream(lab.a, lab.b, 4, PORT, interval=0.01)
    wait_for("the first datagram gets through", lambda: stream.answered)
    first = stream.first_answered()
    client.wait_for_sas(2)
    before = {sa["spi"]: sa["bytes"] for sa in client.sad()}
    for round_ in range(1, RELOADS + 1):
        client.configure(document(lab.a, lab.b, round_, "remote_port"))
        client.reload()
    after = {sa["spi"]: sa["bytes"] for sa in client.sad()}
    stream.stop()
    expect(before.keys() == after.keys(), f"the SAs changed: {before} -> {after}")
    expect(all(after[spi] > before[spi] for spi in before), f"the byte counters did not go on: {before} -> {after}")
    expect(not stream.lost(first), f"datagrams were lost: {stream.lost(first)}")
    expect(client.status()["in_step"] is True, "policies and kernel are not in step after the reloads")
    lab.note(f"{RELOADS} reloads under traffic: nothing lost, the same SAs")
