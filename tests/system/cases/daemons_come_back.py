"""Each daemon dies and is started again: SAs and policies are adopted, traffic goes on, nothing is negotiated anew."""

import time

from harness import pairs, traffic
from harness.command import expect, patience, wait_for
from harness.suite import DAEMONS, SUPERVISOR

TIME_LIMIT = 120
SECONDS = 2  # until a daemon that died is back


def bytes_of(sad):
    return {sa["spi"]: sa["bytes"] for sa in sad}


def answers(suite, daemon, but):
    try:
        return suite.call(daemon, "daemon.status")["pid"] != but
    except OSError:
        return False


def is_started_again(lab, client, connection, daemon):
    """By the supervisor, in time, while the connection is in use."""
    before = bytes_of(client.sad())
    dead = client.process(daemon)
    client.crash(daemon)
    died = time.monotonic()
    while not answers(client, daemon, dead):
        traffic.echo(connection)
        expect(time.monotonic() - died < patience(SECONDS), f"{daemon} is not back after {SECONDS} s")
    lab.note(f"{daemon} was killed and is back after {time.monotonic() - died:.2f} s")
    traffic.echo(connection)
    wait_for("the SAs' policy is known again",
             lambda: {sa["policy"] for sa in client.sad()} == {"telnet_out"}, timeout=5)
    after = bytes_of(client.sad())
    expect(after.keys() == before.keys(), f"after {daemon} came back there are other SAs: {before} {after}")
    expect(all(after[spi] > before[spi] for spi in before), f"bytes do not go on: {before} {after}")


def supervised(lab, client, connection):
    for daemon in DAEMONS:
        is_started_again(lab, client, connection, daemon)
    status = client.status()
    expect(status["supervision"] == {"by": SUPERVISOR, "restarts": {daemon: 1 for daemon in DAEMONS}},
           f"-status: {status['supervision']}")
    told = [problem for problem in status["problems"] if "key store is locked" in problem]
    expect(status["keystore"] == "locked" and told, f"nobody is told that the password is needed: {status}")
    client.start()
    expect(client.status()["keystore"] == "open", "-start does not open the key store of a new ikpmd")
    wait_for("the deaths are in the audit trail",
             lambda: sum(record["event"] == "daemon-died" for record in client.audit()) == 3)


def unsupervised(client, connection):
    spis = {sa["spi"] for sa in client.sad()}
    for daemon in DAEMONS:
        client.kill(daemon)
        traffic.echo(connection)
        client.start()  # starts what is missing, the supervisor too
        traffic.echo(connection)
        sad = client.sad()
        expect({sa["spi"] for sa in sad} == spis, f"after {daemon} came back there are other SAs: {sad}")
        # secpolicyd tells a new ikpmd the names when it has connected again.
        wait_for("the SAs' policy is known again",
                 lambda: {sa["policy"] for sa in client.sad()} == {"telnet_out"}, timeout=5)


def tells_the_peer(client, server, peer):
    """An ikpmd that was started again has no ISAKMP SA under which to tell the peer what is deleted. It makes one."""
    said = client.attempt("ipsec_admin", "-deletesa", peer, wanted=0)
    expect("IPSec SAs: 2" in said.stdout and "not" not in said.stderr, f"-deletesa of adopted SAs says: {said}")
    expect(not client.sad() and not server.sad(), f"-deletesa left SAs: {client.sad()} {server.sad()}")
    expect(not client.mad(), f"the ISAKMP SA was for the Delete: {client.mad()}")
    wait_for("the audit trail says it", lambda: any(record["event"] == "delete-sent" for record in client.audit()))


def run(lab):
    lab.wire.protect("tcp port 23")
    client, server = pairs.ours_with_ours(lab, 4)
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    with traffic.connect(lab.a, lab.b, 4, traffic.TELNET) as connection:
        traffic.echo(connection)
        client.wait_for_sas(2)
        supervised(lab, client, connection)
        unsupervised(client, connection)
        lab.note("without the supervisor, -start has started what was missing")
    tells_the_peer(client, server, lab.b.address(4))
    supervisor = client.process(SUPERVISOR)
    client.stop()
    expect(all(client.process(name) is None for name in (SUPERVISOR, *DAEMONS)), "something is left of the daemons")
    time.sleep(0.5)
    expect(client.process("ikpmd") is None and supervisor, "a daemon was started after -stop")
