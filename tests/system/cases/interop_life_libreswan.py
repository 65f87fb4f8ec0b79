"""SAs with libreswan over IPv4 and IPv6: rekeyed, deleted and lost by either side, with connections open meanwhile."""

from harness import lifecycle

TIME_LIMIT = 150
MESSAGES = ("Main Mode", "Quick Mode", "Informational", "Delete", "R-U-THERE", "R-U-THERE-ACK")


def run(lab):
    lifecycle.run(lab, lab.libreswan)
