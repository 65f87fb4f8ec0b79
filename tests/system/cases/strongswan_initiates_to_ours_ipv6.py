"""strongSwan negotiates with us over IPv6; 10 MB each way arrive whole."""

from harness import pairs

TIME_LIMIT = 90


def run(lab):
    pairs.strongswan_initiates(lab, 6)
