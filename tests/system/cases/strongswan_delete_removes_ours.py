"""strongSwan deletes its SAs: ours are gone too, and the next packet negotiates new ones."""

from harness import pairs, traffic
from harness.command import wait_for


def run(lab):
    lab.wire.protect("tcp port 23")
    suite, peer = pairs.our_client_with_strongswan(lab, 4)
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    suite.wait_for_sas(2)

    peer.terminate()
    suite.wait_for_sas(0)
    wait_for("our ISAKMP SA goes", lambda: not suite.mad())
    lab.note("our SAs went with strongSwan's")

    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    suite.wait_for_sas(2)
