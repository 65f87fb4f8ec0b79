"""Constant flows through more than fifty renewals, by time and by kilobytes: not one datagram is lost."""

import re
import time

from harness import configuration
from harness.command import expect, wait_for
from harness.datagrams import Stream

TIME_LIMIT = 160
WATCHED = 66  # seconds
RENEWALS = 50
FIRST_PORT = 7100
# Renewed by whoever began after 7 of 10 seconds, and after 80 to 87 % of 64 kB. A flow of the second kind carries these
# in 20 s, so that each kind leaves 3 s between the soft limit and the hard one: a loaded machine needs them.
BY_TIME = "ESP-AES128-HMAC-SHA256/10/0"
BY_KILOBYTES = "ESP-AES256-HMAC-SHA256/28800/64"
QUICK = {"interval": 0.01}
STEADY = {"interval": 0.05, "size": 136}
FLOWS = ([(f"time{number}", BY_TIME, QUICK) for number in range(5)] +
         [(f"kilobytes{number}", BY_KILOBYTES, STEADY) for number in range(6)])


def start_suite(lab, node, peer, side):
    """Each flow has SAs of its own."""
    policies = [configuration.secure(name, node, peer, 4, protocol="udp", transforms=[transform], exclusive=True,
                                     **{side: FIRST_PORT + index})
                for index, (name, transform, _) in enumerate(FLOWS)]
    suite = lab.suite(node, configuration.document(policies, [configuration.isakmp(peer, 4)]), configuration.KEY, peer)
    suite.start()
    return suite


def completed(suite):
    """{policy: how many pairs of SAs its flow has had}, by the audit trail."""
    found = re.findall(r"QM negotiation complete with the peer [0-9.]+, policy ([a-z0-9]+)", suite.audit_text())
    return {name: found.count(name) for name, *_ in FLOWS}


def run(lab):
    lab.wire.protect(f"udp portrange {FIRST_PORT}-{FIRST_PORT + len(FLOWS) - 1}")
    client = start_suite(lab, lab.a, lab.b, "remote_port")
    server = start_suite(lab, lab.b, lab.a, "local_port")
    streams = [Stream(lab.a, lab.b, 4, FIRST_PORT + index, **pace) for index, (*_, pace) in enumerate(FLOWS)]
    wait_for("the first datagram of each flow gets through", lambda: all(one.answered for one in streams), timeout=20)
    # What was sent before the first SAs is lost by the kernel's rule; from here on nothing may be.
    first = [stream.first_answered() for stream in streams]
    end = time.monotonic() + WATCHED
    while time.monotonic() < end:
        time.sleep(5)
        sad = client.sad()
        expect(len(sad) <= 4 * len(FLOWS), f"SAs pile up: {len(sad)} for {len(FLOWS)} flows")
    for stream in streams:
        stream.stop()

    lost = {name: stream.lost(since)[:20] for (name, *_), stream, since in zip(FLOWS, streams, first)
            if stream.lost(since)}
    sent = sum(stream.sent for stream in streams)
    # What counts is what the traffic went through: the SAs of A that have sent a first packet.
    renewals = len(lab.wire.packets(f"src host {lab.a.address(4)} and ip proto 50 and ip[24:4] = 1")) - len(FLOWS)
    pairs = completed(client)
    lab.note(f"{sent} datagrams and their answers, {renewals} renewals; pairs of SAs by flow: {pairs}; "
             f"lost: {lost or 'none'}")
    expect(not lost, f"lost: {lost}")
    expect(renewals >= RENEWALS, f"only {renewals} renewals")
    expect(all(count >= 2 for count in pairs.values()), f"a flow was never renewed: {pairs}")
    refused = [record for record in [*client.audit(), *server.audit()] if record["level"] in ("error", "warning")]
    expect(not refused, f"something went wrong: {refused[:5]}")
