"""SAs with libreswan over IPv4 and IPv6: rekeyed, deleted and lost by either side, with connections open meanwhile."""

from harness import lifecycle

TIME_LIMIT = 150


def run(lab):
    lab.note("our host acts")
    lifecycle.ours_acts(lab, lab.libreswan)
    lab.note("the peer acts")
    lifecycle.peer_acts(lab, lab.libreswan)
