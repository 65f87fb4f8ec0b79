"""Live change: 200 reloads that move, add and drop policies in a flood; no clear packet, and the SAs stay."""

import time

from harness import configuration
from harness.command import expect, wait_for
from harness.datagrams import Stream
from harness.flood import Flood

TIME_LIMIT = 150
PORT = 7007
FLOODED = 7008
# At least each of these: a fast machine reloads more often, a slow one lasts longer, so that it is a flood on both.
RELOADS = 200
DATAGRAMS = 50 * RELOADS
SECONDS = 8
PATIENCE = 60  # seconds; a kernel that takes fewer datagrams than that is not flooded


def document(node, peer, round_, port):
    """The policies of stream and flood never change; what surrounds them does, each time."""
    kept = [configuration.secure(name, node, peer, 4, protocol="udp", **{port: number})
            for name, number in (("stream", PORT), ("flood", FLOODED))]
    others = [configuration.plain(f"other{i}", "discard" if i % 2 else "pass", node, peer, 4, remote_port=3000 + i)
              for i in range(round_ % 5)]
    # With this one the flood is for a policy of fewer exact fields in every other round.
    wide = [configuration.plain("wide", "discard", node, peer, 4, protocol="udp")] if round_ % 2 else []
    policies = others + kept + wide if round_ % 2 else kept[::-1] + others
    return configuration.document(policies, [configuration.isakmp(peer, 4)],
                                  default="pass" if round_ % 3 else "discard")


def changes_are_told(lab, client):
    """diff and apply of ipsec_mgr, on top of what runs."""
    other = document(lab.a, lab.b, 0, "remote_port")
    other["policies"][0]["transforms"] = ["ESP-AES256-HMAC-SHA256"]
    other["policies"].append(configuration.plain("new", "pass", lab.a, lab.b, 4, remote_port=99))
    client.configure(other)
    told = {change["policy"]: (change["change"], change["sas"]) for change in client.manage_json("diff")["changes"]}
    expect(told.get("new") == ("+", "none") and told.get("flood") == ("~", "renegotiated"),
           f"ipsec_mgr diff tells of {told}")
    expect(client.manage_json("diff")["changed"] == len(told), "diff is not repeatable: it changed something")
    shown = client.manage("apply").stdout
    expect("~ flood (SAs renegotiated)" in shown and "+ new" in shown, f"ipsec_mgr apply shows: {shown}")
    expect(client.manage_json("diff")["changed"] == 0, "after apply there is still a difference")


def run(lab):
    for port in (PORT, FLOODED):
        lab.wire.protect(f"udp port {port}")
    client = lab.suite(lab.a, document(lab.a, lab.b, 0, "remote_port"), configuration.KEY, lab.b)
    server = lab.suite(lab.b, document(lab.b, lab.a, 0, "local_port"), configuration.KEY, lab.a)
    client.start()
    server.start()
    stream = Stream(lab.a, lab.b, 4, PORT, interval=0.02)
    wait_for("the first datagram gets through", lambda: stream.answered)
    first = stream.first_answered()
    client.wait_for_sas(2)
    before = {sa["spi"]: sa["bytes"] for sa in client.sad()}
    flood = Flood(lab.a, lab.b, 4, FLOODED)
    started = time.monotonic()
    reloads = 0
    while (reloads < RELOADS or flood.sent() <= DATAGRAMS or time.monotonic() - started < SECONDS) \
            and time.monotonic() - started < PATIENCE:
        reloads += 1
        client.configure(document(lab.a, lab.b, reloads, "remote_port"))
        client.call("secpolicyd", "policy.reload")
    seconds = time.monotonic() - started
    after = {sa["spi"]: sa["bytes"] for sa in client.sad()}
    sent = flood.stop()
    stream.stop()
    expect(before.keys() == after.keys(), f"the SAs changed: {before} -> {after}")
    expect(all(after[spi] > before[spi] for spi in before), f"the byte counters did not go on: {before} -> {after}")
    expect(not stream.lost(first), f"datagrams were lost: {stream.lost(first)}")
    expect(reloads >= RELOADS and sent > DATAGRAMS,
           f"that was no flood: {sent} datagrams and {reloads} reloads in {seconds:.1f} s")
    expect(client.status()["in_step"] is True, "policies and kernel are not in step after the reloads")
    lab.note(f"{reloads} reloads in {seconds:.1f} s among {sent} datagrams: nothing lost, the same SAs")
    changes_are_told(lab, client)
