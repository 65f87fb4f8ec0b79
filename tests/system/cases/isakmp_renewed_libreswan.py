"""ISAKMP SAs with libreswan over IPv4 and IPv6 are renewed by either side, and no connection notices."""

from harness import lifecycle

TIME_LIMIT = 240
MESSAGES = ("Main Mode", "Quick Mode", "Delete")


def run(lab):
    lifecycle.isakmp_sas_grow_old(lab, lab.libreswan)
