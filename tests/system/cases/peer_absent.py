"""The peer speaks no IKE: we give up after 31 s and say so in the audit trail, and the traffic stays blocked."""

import time

from harness import configuration, traffic
from harness.command import expect

TIME_LIMIT = 120


def run(lab):
    lab.wire.protect("tcp port 23", esp=False)
    suite = lab.suite(lab.a, configuration.telnet_client(lab.a, lab.b, 4), configuration.KEY, lab.b)
    suite.start()
    traffic.echo_server(lab.b, 4, traffic.TELNET)

    started = time.monotonic()
    # Shorter than the time to give up: a SYN after that would begin a second negotiation.
    traffic.expect_blocked(lab.a, lab.b, 4, traffic.TELNET, timeout=10)
    record = suite.wait_for_audit("mm-timeout", timeout=40)
    seconds = time.monotonic() - started
    lab.note(f"gave up after {seconds:.1f} s: {record['text']}")
    expect(record["text"].startswith("MM negotiation timeout"), f"the record says: {record['text']}")
    expect(29 <= seconds <= 36, f"gave up after {seconds:.1f} s; 1, 2, 4, 8 and 16 s of waiting make 31 s")
    packets = lab.wire.packets("src host 10.1.0.1 and udp port 500")
    expect(len(packets) == 5, f"the first message should go out 5 times and went out {len(packets)} times")

    expect(not suite.mad(), f"-mad should be empty: {suite.mad()}")
    expect(not suite.sad(), f"-sad should be empty: {suite.sad()}")
    traffic.expect_blocked(lab.a, lab.b, 4, traffic.TELNET, timeout=3)
