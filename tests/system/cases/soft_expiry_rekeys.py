"""SAs with a short life under constant traffic: new ones take over in time, without a single lost datagram."""

import time

from harness import configuration
from harness.command import expect, wait_for
from harness.datagrams import Stream

TIME_LIMIT = 120
PORT = 7007
LIFE = 15  # seconds
WATCHED = 40
TRANSFORM = f"ESP-AES128-HMAC-SHA256/{LIFE}/0"


def start_suite(lab, node, peer, **port):
    policy = configuration.secure("stream", node, peer, 4, protocol="udp", transforms=[TRANSFORM], **port)
    suite = lab.suite(node, configuration.document([policy], [configuration.isakmp(peer, 4)]),
                      configuration.KEY, peer)
    suite.start()
    return suite


def run(lab):
    lab.wire.protect(f"udp port {PORT}")
    client = start_suite(lab, lab.a, lab.b, remote_port=PORT)
    start_suite(lab, lab.b, lab.a, local_port=PORT)

    stream = Stream(lab.a, lab.b, 4, PORT)
    wait_for("the first datagram gets through", lambda: stream.answered)
    # What was sent before the first SAs is lost by the kernel's rule; from here on nothing may be.
    first = stream.first_answered()
    outbound = []
    end = time.monotonic() + WATCHED
    while time.monotonic() < end:
        sad = client.sad()
        outbound += [sa["spi"] for sa in sad if sa["direction"] == "out" and sa["spi"] not in outbound]
        expect(len(sad) <= 4, f"SAs pile up: {sad}")
        time.sleep(1.5)
    stream.stop()
    lab.note(f"outbound SPIs one after the other: {' '.join(outbound)}; {stream.sent} datagrams sent")
    expect(len(outbound) >= 1 + WATCHED // LIFE,
           f"only these outbound SPIs in {WATCHED} s, though each lives for {LIFE} s: {outbound}")
    lost = stream.lost(since=first)
    expect(not lost, f"{len(lost)} of {stream.sent - first} datagrams lost: numbers {lost[:20]}")
