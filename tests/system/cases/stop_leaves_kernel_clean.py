"""After -stop nothing of ours is left in the kernel, and the traffic that was secured passes in clear."""

from harness import kernel, pairs, traffic
from harness.command import expect


def run(lab):
    telnet = lab.wire.protect("tcp port 23")
    suites = pairs.ours_with_ours(lab, 4)
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)

    telnet.lift()
    for suite in suites:
        suite.stop()
    lab.note("both stopped")
    for suite in suites:
        kernel.expect_clean(suite.node)
        daemons = suite.status(wanted=None)["daemons"]
        expect(set(daemons.values()) == {"not running"}, f"{suite.node.name}: -status after -stop says {daemons}")
    lab.wire.expect_clear("tcp port 23")
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
