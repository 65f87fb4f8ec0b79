"""A host that lost everything, as by a reboot, and its peer meet again within seconds, whoever sends first."""

import time

from harness import kernel, pairs, traffic
from harness.command import expect, wait_for
from harness.suite import DAEMONS

TIME_LIMIT = 120
SECONDS = 20  # the peer's silence is noticed in a few, DPD's whole patience would be 15 more


def reboot(lab, suite):
    for daemon in DAEMONS:
        suite.kill(daemon)
    kernel.flush_sas(suite.node)
    suite.start()
    expect(not suite.sad() and not suite.mad(), f"{suite.node.name} remembers SAs after a reboot")


def same_sas(one, other):
    return {sa["spi"] for sa in one.sad()} == {sa["spi"] for sa in other.sad()}


def talks(lab):
    try:
        with traffic.connect(lab.a, lab.b, 4, traffic.TELNET, timeout=2) as connection:
            traffic.echo(connection)
        return True
    except OSError:
        return False


def meets_again(lab, client, server, what):
    began = time.monotonic()
    wait_for(f"a connection after {what}", lambda: talks(lab), timeout=SECONDS, pause=0.2)
    lab.note(f"{what}: talking again after {time.monotonic() - began:.1f} s")
    wait_for(f"one pair on both hosts after {what}",
             lambda: len(client.sad()) == 2 and same_sas(client, server), timeout=15, pause=0.5)


def run(lab):
    lab.wire.protect("tcp port 23")
    client, server = pairs.ours_with_ours(lab, 4)
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    client.wait_for_sas(2)

    reboot(lab, client)
    meets_again(lab, client, server, "the host that sends was rebooted")

    reboot(lab, server)
    meets_again(lab, client, server, "the host that is sent to was rebooted")
    expect(len(client.mad()) <= 2, f"ISAKMP SAs pile up: {client.mad()}")
