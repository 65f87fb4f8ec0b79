"""Through a masquerading router over IPv6: ours with strongSwan in either role, ours with ours; ESP in UDP stays up."""

from harness import translated

LAYOUT = "nat"
TIME_LIMIT = 200


def run(lab):
    translated.run(lab, 6)
