"""Our first packet over IPv4 makes us negotiate with strongSwan; 10 MB each way arrive whole."""

from harness import pairs

TIME_LIMIT = 90


def run(lab):
    pairs.ours_initiates(lab, 4)
