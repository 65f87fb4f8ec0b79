"""strongSwan dies without a word: its SAs go within 30 s, the audit trail says so, and it is met again at once."""

import time

from harness import pairs, traffic
from harness.command import expect

TIME_LIMIT = 120


def run(lab):
    lab.wire.protect("tcp port 23")
    suite, peer = pairs.our_client_with_strongswan(lab, 4)
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    with traffic.connect(lab.a, lab.b, 4, traffic.TELNET) as connection:
        traffic.echo(connection)
        suite.wait_for_sas(2)
        peer.kill()
        died = time.monotonic()
        connection.sendall(b"still there?")  # TCP repeats it: traffic that nobody answers
        suite.wait_for_audit("peer-dead", timeout=30)
        lab.note(f"found dead after {time.monotonic() - died:.1f} s")
    expect(not suite.mad(), "the ISAKMP SA with the dead peer is still there")
    peer.start()
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    suite.wait_for_sas(2)
    lab.note("the peer came back and was met again")
