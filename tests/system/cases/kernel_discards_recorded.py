"""What the kernel drops is told with all its values: unknown SPI, bad ICV, replay, clear text, outbound discards."""

import re
import socket
import struct
import time

from harness import configuration, kernel, traffic
from harness.command import expect, wait_for
from harness.raw import EspPacket

TIME_LIMIT = 180
OWN_KERNEL = True
RECEIVED, DISCARDED, TUNNELLED, CONNECTED = 9000, 9001, 9002, 9003
IN_TUNNEL, BESIDE = 41000, 40000


def documents(a, b):
    """B takes UDP 9002 of A out of a tunnel only; A puts into it what comes from one port."""
    ends = {"local": a.address(4), "remote": b.address(4)}
    ours = configuration.telnet_client(a, b, 4)
    ours["policies"].append(configuration.secure("tunnelled_out", a, b, 4, protocol="udp", local_port=IN_TUNNEL,
                                                 remote_port=TUNNELLED, tunnel=ends))
    policies = [configuration.secure("telnet_in", b, a, 4, local_port=23),
                configuration.secure("datagrams_in", b, a, 4, protocol="udp", local_port=RECEIVED),
                configuration.secure("tunnelled_in", b, a, 4, protocol="udp", local_port=TUNNELLED,
                                     tunnel={"local": ends["remote"], "remote": ends["local"]}),
                configuration.plain("nowhere", "discard", b, a, 4, protocol="udp", remote_port=DISCARDED),
                configuration.plain("nowhere_tcp", "discard", b, a, 4, remote_port=DISCARDED),
                configuration.plain("nowhere_6", "discard", b, a, 6, protocol="udp", remote_port=DISCARDED)]
    return ours, configuration.document(policies, [configuration.isakmp(a, 4)])


def beside_the_tunnel(lab, server):
    """Clear text of a tunnel's is told from what came through it, though both are seen on the interface."""
    a, b = lab.a, lab.b
    with a.socket(4, socket.SOCK_DGRAM) as inside, a.socket(4, socket.SOCK_DGRAM) as beside, \
            b.socket(4, socket.SOCK_DGRAM) as receiver:
        receiver.bind((b.address(4), TUNNELLED))
        receiver.settimeout(0.5)
        inside.bind((a.address(4), IN_TUNNEL))
        beside.bind((a.address(4), BESIDE))

        def arrives():
            inside.sendto(b"through the tunnel", (b.address(4), TUNNELLED))
            try:
                return receiver.recv(64) == b"through the tunnel"
            except TimeoutError:
                return False
        wait_for("a datagram through the tunnel", arrives)
        for _ in range(20):
            inside.sendto(b"through the tunnel", (b.address(4), TUNNELLED))
        beside.sendto(b"in clear", (b.address(4), TUNNELLED))
        for _ in range(20):
            inside.sendto(b"through the tunnel", (b.address(4), TUNNELLED))
        told = server.wait_for_audit("clear-text-received", policy="tunnelled_in")
        expect(told["fields"]["ports"] == f"{BESIDE}:{TUNNELLED}" and told["fields"]["source"] == a.address(4), f"B says: {told}")
        arrived = [receiver.recv(64) for _ in range(40)]
        expect(set(arrived) == {b"through the tunnel"}, f"what came in clear was let in: {set(arrived)}")
    wrong = [each for each in server.audit()
             if each["event"] == "clear-text-received" and each["fields"]["ports"] == f"{IN_TUNNEL}:{TUNNELLED}"]
    expect(not wrong, f"what came through the tunnel is taken for clear text: {wrong}")
    lab.note("B recorded a packet in clear beside a tunnel, and none of those in it")


def refused(node, family, kind, address):
    """Tries to send, which must fail; the local port, 0 where none was chosen."""
    with node.socket(family, kind) as sender:
        try:
            if kind == socket.SOCK_DGRAM:
                sender.sendto(b"nowhere", (address, DISCARDED))
            else:
                sender.connect((address, DISCARDED))
            expect(False, f"{node.name} could send what a policy discards")
        except PermissionError:
            return sender.getsockname()[1] if kind == socket.SOCK_DGRAM else 0


def outbound(lab, server):
    """A send that a policy refuses never becomes a packet; it is told with its five values all the same."""
    a, b = lab.a, lab.b
    for family, kind, policy, number in ((4, socket.SOCK_DGRAM, "nowhere", "17"), (4, socket.SOCK_STREAM, "nowhere_tcp", "6"),
                                         (6, socket.SOCK_DGRAM, "nowhere_6", "17")):
        port = refused(b, family, kind, a.address(family))
        told = server.wait_for_audit("packet-discarded", policy=policy, direction="outbound")["fields"]
        wanted = {"source": b.address(family), "destination": a.address(family), "protocol": number, "ports": f"{port}:{DISCARDED}"}
        expect({name: told.get(name) for name in wanted} == wanted, f"wanted {wanted}, recorded {told}")
    listed = [each for each in server.report("-cache")["cache"] if each["kind"] == "discard" and each["policy"] == "nowhere"]
    expect(len(listed) == 1 and listed[0]["seen_by"] == "packet" and listed[0]["source_port"] != 0, f"-cache: {listed}")
    lab.note("B recorded refused sends with addresses, protocol and ports")


def already_connected(lab, server, document):
    """Sockets that were connected before there was a policy are named; of ICMP the policy's filter is told."""
    a, b = lab.a, lab.b
    with traffic.connect(b, a, 4, CONNECTED) as stream, b.socket(4, socket.SOCK_DGRAM) as datagrams:
        traffic.echo(stream)
        datagrams.connect((a.address(4), CONNECTED))
        time.sleep(3)  # connect() itself is no news any more
        policies = [configuration.plain(f"no_more_{protocol}", "discard", b, a, 4, protocol=protocol, remote_port=port)
                    for protocol, port in (("tcp", CONNECTED), ("udp", CONNECTED), ("icmp", None))]
        server.configure({**document, "policies": document["policies"] + policies})
        server.reload()
        for protocol, number, sender in (("udp", "17", datagrams), ("tcp", "6", stream)):
            try:
                sender.send(b"nowhere any more")
                expect(protocol == "tcp", "a connected socket could send what a policy discards")
            except PermissionError:
                pass
            told = server.wait_for_audit("packet-discarded", policy=f"no_more_{protocol}", protocol=number)["fields"]
            wanted = {"source": b.address(4), "destination": a.address(4), "direction": "outbound",
                      "ports": f"{sender.getsockname()[1]}:{CONNECTED}", "seen": "a connected socket"}
            expect({name: told.get(name) for name in wanted} == wanted, f"wanted {wanted}, recorded {told}")
    b.run(["ping", "-c", "1", "-W", "1", a.address(4)], status=None)
    told = server.wait_for_audit("packet-discarded", policy="no_more_icmp")["fields"]
    expect("source" not in told and a.address(4) in told["selector"] and "icmp" in told["selector"], f"of ICMP: {told}")
    lab.note("B recorded what connected sockets could not send any more, and the filter that a ping met")


def run(lab):
    kernel.enable_audit()
    kernel.mount_control_groups()
    lab.wire.protect("tcp port 23")
    lab.wire.expect_clear(f"udp port {RECEIVED}")  # it does reach B, and no program there
    lab.wire.expect_clear(f"udp port {TUNNELLED}")  # likewise
    lab.wire.protect(f"port {DISCARDED}", esp=False)
    lab.wire.expect_clear(f"tcp port {CONNECTED}")  # until its policy comes
    a, b = lab.a, lab.b
    ours, theirs = documents(a, b)
    client = lab.suite(a, ours, configuration.KEY, b)
    server = lab.suite(b, theirs, configuration.KEY, a)
    client.start()
    server.start()
    wanted = {name: "on" for name in ("audit", "packets", "tunnels", "sends", "sockets", "counters")} | {"forwarded": "not needed"}
    wait_for(f"-status of B to say of the sources {wanted}",
             lambda: server.status()["kernel_events"].items() >= wanted.items(), timeout=10)
    told = server.status()["kernel_events"]
    expect(told["raw"].startswith("off: what ICMP and raw sockets send") and set(told) == {*wanted, "raw"}, f"-status of B: {told}")
    expect(client.status()["kernel_events"]["sends"] == "on", f"A hears of dropped packets by {client.status()['kernel_events']}")
    lab.note("both run, and B hears of dropped packets by all sources")

    traffic.echo_server(b, 4, traffic.TELNET)
    traffic.talk(a, b, 4, traffic.TELNET)
    esp = EspPacket.captured(lab.wire, a, b)
    spi = f"{esp.spi:08x}"
    expect(spi in {sa["spi"] for sa in server.sad()}, f"the captured packet's SPI {spi} is none of B's")
    esp.send(a, b)
    told = server.wait_for_audit("replayed-packet", spi=spi, source=a.address(4), destination=b.address(4))
    expect(told["fields"]["policy"] == "telnet_in" and told["fields"]["protocol"] == "50", f"not all is told: {told}")
    esp.numbered(esp.sequence + 1000).send(a, b)
    told = server.wait_for_audit("integrity-failure", spi=spi)
    expect(told["level"] == "alert" and "Integrity Check Value failure - SPI: " in told["text"], f"B says: {told}")
    EspPacket(0xdeadbeef, 1, bytes(48)).send(a, b)
    lab.note("B recorded a replayed packet and a changed one")
    server.wait_for_audit("unknown-spi", spi="deadbeef", source=a.address(4), destination=b.address(4))

    with a.socket(4, socket.SOCK_DGRAM) as sender, b.socket(4, socket.SOCK_DGRAM) as receiver:
        receiver.bind((b.address(4), RECEIVED))
        receiver.settimeout(1)
        sender.bind((a.address(4), 40000))
        sender.sendto(b"in clear", (b.address(4), RECEIVED))
        told = server.wait_for_audit("clear-text-received", policy="datagrams_in", ports=f"40000:{RECEIVED}")
        expect(told["fields"]["source"] == a.address(4) and told["fields"]["protocol"] == "17", f"B says: {told}")
        try:
            expect(not receiver.recv(64), "the datagram in clear was let in")
        except TimeoutError:
            pass
    lab.note("B recorded an unknown SPI and a packet in clear")
    beside_the_tunnel(lab, server)
    outbound(lab, server)
    traffic.echo_server(a, 4, CONNECTED)
    already_connected(lab, server, theirs)

    # What nothing itemises is told by the counters: a packet too short for an ESP header.
    EspPacket.raw(a, b, struct.pack("!H", 1))
    server.wait_for_audit("kernel-discards", counter="XfrmInHdrError")
    # The same by the counters: for Prometheus, and in words for whoever asks about this peer.
    metrics = server.tool("ipsec_report", "-metrics")
    for counter in ("XfrmInNoStates", "XfrmInStateProtoError", "XfrmInStateSeqError", "XfrmInTmplMismatch",
                    "XfrmOutPolBlock", "XfrmInHdrError"):
        counted, = re.findall(rf'^ipsec9000_kernel_drops_total{{counter="{counter}"}} (\d+)$', metrics, re.MULTILINE)
        expect(int(counted) > 0, f"-metrics says of {counter}: {counted}")
    well_formed = re.compile(r'# (HELP|TYPE) ipsec9000_\w+ .*|ipsec9000_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [0-9.e+-]+')
    wrong = [line for line in metrics.splitlines() if not well_formed.fullmatch(line)]
    expect(not wrong, f"no line of Prometheus' format: {wrong}")
    drops = server.explain(a.address(4), "tcp", 23)["kernel_drops"]
    expect(any("unknown SPI" in each["what"] for each in drops) and all(each["count"] > 0 for each in drops),
           f"-explain of the kernel's counters: {drops}")
    records = client.audit() + server.audit()
    expect(not [each for each in records if each["event"] == "daemon-lost"], "a daemon died on the way")
    server.verify_audit()
