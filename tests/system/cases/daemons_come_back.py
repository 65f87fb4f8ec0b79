"""Each daemon dies and is started again: SAs and policies are adopted, traffic goes on, nothing is negotiated anew."""

from harness import pairs, traffic
from harness.command import expect, wait_for
from harness.suite import DAEMONS

TIME_LIMIT = 90


def run(lab):
    lab.wire.protect("tcp port 23")
    client, _ = pairs.ours_with_ours(lab, 4)
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    with traffic.connect(lab.a, lab.b, 4, traffic.TELNET) as connection:
        traffic.echo(connection)
        spis = {sa["spi"] for sa in client.wait_for_sas(2)}
        for daemon in DAEMONS:
            client.kill(daemon)
            traffic.echo(connection)
            client.start()  # starts what is missing
            traffic.echo(connection)
            sad = client.sad()
            expect({sa["spi"] for sa in sad} == spis, f"after {daemon} came back there are other SAs: {sad}")
            # secpolicyd tells a new ikpmd the names when it has connected again.
            wait_for("the SAs' policy is known again",
                     lambda: {sa["policy"] for sa in client.sad()} == {"telnet_out"}, timeout=5)
            lab.note(f"{daemon} died and came back: the same SAs")
