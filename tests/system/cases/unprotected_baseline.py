"""Negative control: without any IPsec the check of the wire objects to the very traffic that other cases protect."""

from harness import traffic

NEEDS_SUITE = False
WIRE_MUST_OBJECT = True


def run(lab):
    lab.wire.protect("tcp port 23")
    for family in (4, 6):
        traffic.echo_server(lab.b, family, traffic.TELNET)
        traffic.talk(lab.a, lab.b, family, traffic.TELNET)
        lab.note(f"talked in clear over IPv{family}")
