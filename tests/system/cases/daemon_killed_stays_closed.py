"""Fail closed: whichever daemon dies, no packet of a secured flow leaves in clear."""

from harness import kernel, pairs, traffic
from harness.suite import DAEMONS

TIME_LIMIT = 90


def try_to_talk(lab):
    """Whether this works does not matter here; the wire is watched."""
    try:
        with traffic.connect(lab.a, lab.b, 4, traffic.TELNET, timeout=2) as connection:
            traffic.echo(connection)
        lab.note("  a new connection: works")
    except OSError as error:
        lab.note(f"  a new connection: {error}")


def run(lab):
    lab.wire.protect("tcp port 23")
    client, _ = pairs.ours_with_ours(lab, 4)
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    for daemon in DAEMONS:
        client.kill(daemon)
        lab.note(f"killed {daemon}")
        try_to_talk(lab)
    # With the SAs gone as well, only the kernel's policies stand between the packets and the wire.
    kernel.flush_sas(lab.a)
    traffic.expect_blocked(lab.a, lab.b, 4, traffic.TELNET, timeout=4)
