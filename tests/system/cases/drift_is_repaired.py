"""Somebody flushes the kernel's policies by hand: nothing gets out in clear, and they are back within a second."""

import time

from harness import kernel, pairs, traffic
from harness.command import expect, wait_for

TIME_LIMIT = 60


def run(lab):
    lab.wire.protect("tcp port 23")
    client, _ = pairs.ours_with_ours(lab, 4)
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    wanted = lab.a.run(["ip", "xfrm", "policy"]).stdout.count("priority")
    kernel.flush_policies(lab.a)
    flushed = time.monotonic()
    wait_for("the policies are back", lambda: lab.a.run(["ip", "xfrm", "policy"]).stdout.count("priority") >= wanted,
             timeout=5, pause=0.05)
    lab.note(f"the policies were back after {time.monotonic() - flushed:.2f} s")
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    client.wait_for_audit("policy-drift-repaired")
    expect(client.status()["in_step"] is True, "not in step after the repair")
