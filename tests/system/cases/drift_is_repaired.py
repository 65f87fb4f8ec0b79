"""Somebody deletes policies and SAs in the kernel by hand: nothing gets out in clear, and they are back within a second."""

import time

from harness import kernel, pairs, traffic
from harness.command import expect, wait_for

TIME_LIMIT = 90


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
    took = time.monotonic() - flushed
    lab.note(f"the policies were back after {took:.2f} s")
    expect(took < 1, f"the policies were away for {took:.2f} s")
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    client.wait_for_audit("policy-drift-repaired")
    expect(client.status()["in_step"] is True, "not in step after the repair")
    expect(client.status()["repairs"] >= 1, "the repair is not counted in -status")
    for direction in ("in", "out"):
        delete_an_sa(lab, client, direction)
    flush(lab, client)


def delete_an_sa(lab, client, direction):
    sa = next(sa for sa in client.wait_for_sas(2) if sa["direction"] == direction)
    lab.a.run(["ip", "xfrm", "state", "delete", "src", sa["source"], "dst", sa["destination"], "proto", "esp", "spi",
               f"0x{sa['spi']}"])
    back_again(lab, client, {sa["spi"]}, f"an SA of direction {direction}")


def flush(lab, client):
    old = {sa["spi"] for sa in client.wait_for_sas(2)}
    kernel.flush_sas(lab.a)
    back_again(lab, client, old, "all SAs")


def back_again(lab, client, old, what):
    """Without a packet of ours: the peer could be sending with what we no longer have."""
    deleted = time.monotonic()

    def replaced():
        sad = client.call("ikpmd", "sad.list")["items"]
        return len(sad) == 2 and not old & {sa["spi"] for sa in sad}

    wait_for(f"{what} is replaced", replaced, timeout=10, pause=0.05)
    took = time.monotonic() - deleted
    lab.note(f"{what} deleted by hand: a new pair after {took:.2f} s")
    expect(took < 1, f"{what} deleted by hand: a new pair only after {took:.2f} s")
    client.wait_for_audit("sa-drift-repaired")
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
