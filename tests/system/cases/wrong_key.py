"""Different keys: no SA, no packet gets through, and the audit trail of each side says why."""

import re

from harness import pairs, traffic
from harness.command import expect, wait_for

TIME_LIMIT = 120


def complaint(suite, pattern):
    """The first record in which ikpmd complains in such words."""
    return next((record for record in suite.audit() if record["from"] == "ikpmd"
                 and record["level"] in ("alert", "error") and re.search(pattern, record["text"], re.IGNORECASE)), None)


def run(lab):
    lab.wire.protect("tcp port 23", esp=False)
    client, server = pairs.ours_with_ours(lab, 4, server_key="another key than the client's one")
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    traffic.expect_blocked(lab.a, lab.b, 4, traffic.TELNET)

    # The responder finds that it cannot read the initiator's identity.
    record = wait_for("the responder's record about the key",
                      lambda: complaint(server, "pre-shared key|decrypt|authenticat"), timeout=15, pause=1)
    lab.note(f"B: {record['text']}")
    # The initiator may be told, or else gets no answer until it gives up.
    record = wait_for("the initiator's record",
                      lambda: complaint(client, "pre-shared key|decrypt|authenticat|negotiation timeout"),
                      timeout=45, pause=1)
    lab.note(f"A: {record['text']}")
    for suite in (client, server):
        expect(not suite.sad(), f"{suite.node.name} has IPSec SAs: {suite.sad()}")
        established = [sa for sa in suite.mad() if sa["state"] == "established"]
        expect(not established, f"{suite.node.name} has an established ISAKMP SA: {established}")
