"""A megabyte each way through SAs of 64 kB: a burst is over the hard limit before new ones are there. Traffic stops for
moments, is never in clear, and goes on."""

import time

from harness import pairs, traffic
from harness.command import expect, wait_for

TIME_LIMIT = 120
TRANSFORM = "ESP-AES128-HMAC-SHA256/28800/64"


def expired_hard(suite):
    return sum(record["event"] == "sa-expired" and "hard" in record["text"] for record in suite.audit())


def run(lab):
    lab.wire.protect("tcp port 23")
    client, server = pairs.ours_with_ours(lab, 4, transforms=[TRANSFORM])
    seconds = traffic.transfer(lab.a, lab.b, 4, traffic.TELNET, megabytes=1)
    used_up = expired_hard(client) + expired_hard(server)
    lab.note(f"1 MB there and back in {seconds:.1f} s; {used_up} SAs were used up")
    expect(used_up >= 1, "no SA reached its hard limit: this was no burst")
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    began = time.monotonic()
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    lab.note(f"a new connection in {time.monotonic() - began:.1f} s")
    wait_for("one pair on both hosts", lambda: len(client.sad()) == 2 and
             {sa["spi"] for sa in client.sad()} == {sa["spi"] for sa in server.sad()}, timeout=45, pause=0.5)
    expect(len(client.mad()) == 1, f"ISAKMP SAs pile up: {client.mad()}")
    for suite in (client, server):
        states = suite.node.run(["ip", "xfrm", "state"]).stdout
        expect(states.count("proto esp") == 2, f"{suite.node.name}: the kernel's SAs:\n{states}")
