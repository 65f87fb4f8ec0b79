"""What happens to SAs with a foreign peer after they are up: rekeyed, deleted and lost, by either side, over IPv4 and
IPv6 at the same time."""

import contextlib
import time

from harness import kernel, matrix, traffic
from harness.command import expect, wait_for

PROPOSALS = {family: "AES128-SHA256-MODP2048" for family in matrix.FAMILIES}
ROWS = matrix.ROWS[:1]
LIFE = 20  # seconds
ISAKMP_LIFE = 12  # seconds
PROBES = {"dpd_delay": 1, "dpd_timeout": 4}  # of the peer

SPEAK_LATER = b"speak later\r\n"


def run(lab, make_peer):
    """The whole of a case. `make_peer`: lab.strongswan or lab.libreswan."""
    suite = matrix.make_suite(lab)
    kernel.keep_clear_tcp_in(lab.b)
    lab.note("our host has a new daemon")
    ours_is_another(lab, suite, make_peer(lab.b))
    lab.note("our host acts")
    ours_acts(lab, suite, make_peer(lab.b))  # its connections end in silence, so nobody uses their ports after it
    lab.note("the peer acts")
    peer_acts(lab, suite, make_peer(lab.b))


def ours_acts(lab, suite, peer):
    """Our host opens the connections, negotiates anew when their SAs grow old, deletes them, dies."""
    block = matrix.Matrix(lab, suite, peer, True, PROPOSALS, ROWS, f"{LIFE}/0", **PROBES)
    with _connections(block, lab.a, lab.b) as connections:
        before = _spis(block)
        time.sleep(6)  # silence, longer than the peer's time-out: it stays because we answer its probes
        expect(len(peer.children()) == len(connections), f"the peer gave up though we live; {peer.log_end()}")
        lab.note("  6 s of silence: our answers to the peer's probes keep the SAs")
        _talk_until(connections, lambda: _new_pairs_carry(block, before), LIFE, "new SAs take over in time")
        lab.note("  we rekeyed, and the connections go on")
    for family in PROPOSALS:
        suite.delete_sas(lab.b.address(family))
    wait_for("the peer's SAs go by our Delete", lambda: not peer.children())
    expect(not suite.sad() and not suite.mad(), f"-deletesa left: {suite.sad()} {suite.mad()}")
    lab.note("  our Delete ended the peer's SAs")
    with _connections(block, lab.a, lab.b):
        suite.kill("ikpmd")
        wait_for("the peer finds us dead", lambda: not peer.children(), timeout=20)
        lab.note("  our daemon died: the peer found out")
    block.end()


def ours_is_another(lab, suite, peer):
    """A new ikpmd of ours finds SAs in the kernel, and has to negotiate to tell the peer that they are deleted. The peer
    does not probe: it would find out by itself."""
    block = matrix.Matrix(lab, suite, peer, True, PROPOSALS, ROWS)
    with _connections(block, lab.a, lab.b) as connections:
        suite.kill("ikpmd")
        suite.start()
        expect(len(peer.children()) == len(connections), f"the peer's SAs should be there still; {peer.log_end()}")
    for family in PROPOSALS:
        suite.delete_sas(lab.b.address(family))
    wait_for("the peer's SAs go", lambda: not peer.children())
    expect(not suite.sad() and not suite.mad(), f"-deletesa left: {suite.sad()} {suite.mad()}")
    told = [record for record in suite.audit() if record["event"] == "delete-sent"]
    expect(len(told) == len(PROPOSALS), f"the audit trail has {told}")
    lab.note("  it told the peer to delete what it had found")
    block.end()


def peer_acts(lab, suite, peer):
    """The peer opens the connections, negotiates anew, deletes, dies."""
    block = matrix.Matrix(lab, suite, peer, False, PROPOSALS, ROWS)
    _initiate(block)
    with _connections(block, lab.b, lab.a) as connections:
        before = _spis(block)
        for row, family in block.flows:
            peer.rekey(block.name(row, family))
        _talk_until(connections, lambda: _new_pairs_carry(block, before), 10, "the peer's new SAs take over")
        lab.note("  the peer rekeyed, and the connections go on")
    peer.terminate_all()
    suite.wait_for_sas(0)
    lab.note("  the peer's Delete ended our SAs")
    _initiate(block)
    with _connections(block, lab.b, lab.a) as connections:
        for connection in connections:
            connection.sendall(SPEAK_LATER)
        time.sleep(0.3)
        peer.kill()
        died = time.monotonic()
        wait_for("we find the peer dead", lambda: not suite.sad(), timeout=40)
        lab.note(f"  the peer died: found out after {time.monotonic() - died:.1f} s")
    block.end()


def isakmp_sas_grow_old(lab, make_peer):
    """The whole of another case: ISAKMP SAs are renewed, by us and by the peer; the IPSec SAs do not even notice."""
    suite = matrix.make_suite(lab)
    for we_do, options in ((True, {"isakmp_lifetime": ISAKMP_LIFE}), (False, {"isakmp_life": ISAKMP_LIFE})):
        lab.note(f"{'our host' if we_do else 'the peer'} begins, and renews the ISAKMP SA")
        block = matrix.Matrix(lab, suite, make_peer(lab.b), we_do, PROPOSALS, ROWS, **options)
        if not we_do:
            _initiate(block)
        client, server = (lab.a, lab.b) if we_do else (lab.b, lab.a)
        with _connections(block, client, server) as connections:
            before = _spis(block)
            for renewal in (1, 2):
                known = _cookies(suite)
                _talk_until(connections, lambda: _replaced(suite, known), 3 * ISAKMP_LIFE,
                            f"all ISAKMP SAs are new ones, time {renewal}")
                expect(_spis(block) == before, f"the IPSec SAs should have stayed: {before}, now {suite.sad()}")
                children = block.peer.children()
                expect(len(children) == len(connections), f"the peer's SAs: {children}; {block.peer.log_end()}")
        roles = {sa["role"] for sa in suite.mad()}
        expect(roles == {"initiator" if we_do else "responder"}, f"the other side renewed: {suite.mad()}")
        expect(not suite.failures(), f"failures: {suite.failures()}")
        block.end()


def _cookies(suite):
    return {sa["initiator_cookie"] for sa in suite.mad()}


def _replaced(suite, known):
    """None of the known ISAKMP SAs is left, and there are others. strongSwan keeps its old ones for a while."""
    mad = suite.mad()
    return not known & {sa["initiator_cookie"] for sa in mad} and len({sa["remote"] for sa in mad}) == len(PROPOSALS)


def _serve(connection):
    """Echoes; and when told so, says something after a while of its own accord."""
    while data := connection.recv(65536):
        if data == SPEAK_LATER:
            time.sleep(1)
        connection.sendall(data)


def _initiate(block):
    for row, family in block.flows:
        block.peer.initiate(flow=block.name(row, family))


def _spis(block):
    return {sa["spi"] for sa in block.suite.sad()}


def _new_pairs_carry(block, before):
    """True if each flow sends and receives through SAs that were not there before; the old may still linger."""
    carrying = {(sa["policy"], sa["direction"]) for sa in block.suite.sad() if sa["spi"] not in before and sa["bytes"]}
    return carrying == {(block.name(row, family), way) for row, family in block.flows for way in ("in", "out")}


@contextlib.contextmanager
def _connections(block, client, server):
    """One for each flow, to echo servers."""
    with contextlib.ExitStack() as stack:
        opened = []
        for row, family in block.flows:
            port = block.port(row, family)
            own = traffic.Server(server, family, port, _serve)
            stack.callback(own.close)
            opened.append(stack.enter_context(traffic.connect(client, server, family, port)))
            traffic.echo(opened[-1])
        yield opened


def _talk_until(connections, settled, timeout, what):
    def talk():
        for connection in connections:
            traffic.echo(connection)
        return settled()

    wait_for(what, talk, timeout)
