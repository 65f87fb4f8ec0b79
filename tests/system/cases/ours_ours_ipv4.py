"""Two of our hosts over IPv4: 10 MB each way in ESP, equal checksums, the other traffic untouched."""

from harness import pairs

TIME_LIMIT = 90


def run(lab):
    pairs.ours_talks_to_ours(lab, 4)
