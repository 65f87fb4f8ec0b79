"""What the kernel drops is told: unknown SPI, bad ICV, replay, clear text, outbound discard; one record each."""

import socket
import struct

from harness import configuration, kernel, traffic
from harness.command import expect, wait_for
from harness.raw import EspPacket

TIME_LIMIT = 150
OWN_KERNEL = True
RECEIVED, DISCARDED = 9000, 9001


def record(suite, event, **fields):
    """The record of that event with these fields, once it is there."""
    def fits(each):
        return each["event"] == event and all(each.get("fields", {}).get(name) == value
                                              for name, value in fields.items())
    return wait_for(f"{event} with {fields} in the audit trail of {suite.node.name}",
                    lambda: next((each for each in suite.audit() if fits(each)), None), timeout=10, pause=0.5)


def run(lab):
    kernel.enable_audit()
    lab.wire.protect("tcp port 23")
    lab.wire.expect_clear(f"udp port {RECEIVED}")  # it does reach B, and no program there
    lab.wire.protect(f"udp port {DISCARDED}", esp=False)
    a, b = lab.a, lab.b
    client = lab.suite(a, configuration.telnet_client(a, b, 4), configuration.KEY, b)
    policies = [configuration.secure("telnet_in", b, a, 4, local_port=23),
                configuration.secure("datagrams_in", b, a, 4, protocol="udp", local_port=RECEIVED),
                configuration.plain("nowhere", "discard", b, a, 4, protocol="udp", remote_port=DISCARDED)]
    server = lab.suite(b, configuration.document(policies, [configuration.isakmp(a, 4)]), configuration.KEY, a)
    client.start()
    server.start()
    sources = server.status()["kernel_events"]
    lab.note(f"both run; B hears of dropped packets by {sources}")
    expect(sources == {"audit": "on", "packets": "on", "counters": "on"}, f"-status says of the sources: {sources}")

    traffic.echo_server(b, 4, traffic.TELNET)
    traffic.talk(a, b, 4, traffic.TELNET)
    esp = EspPacket.captured(lab.wire, a, b)
    spi = f"{esp.spi:08x}"
    expect(spi in {sa["spi"] for sa in server.sad()}, f"the captured packet's SPI {spi} is none of B's")
    esp.send(a, b)
    told = record(server, "replayed-packet", spi=spi, source=a.address(4), destination=b.address(4))
    expect(told["fields"]["policy"] == "telnet_in" and told["fields"]["protocol"] == "50", f"not all is told: {told}")
    esp.numbered(esp.sequence + 1000).send(a, b)
    told = record(server, "integrity-failure", spi=spi)
    expect(told["level"] == "alert" and "Integrity Check Value failure - SPI: " in told["text"], f"B says: {told}")
    EspPacket(0xdeadbeef, 1, bytes(48)).send(a, b)
    lab.note("B recorded a replayed packet and a changed one")
    record(server, "unknown-spi", spi="deadbeef", source=a.address(4), destination=b.address(4))

    with a.socket(4, socket.SOCK_DGRAM) as sender, b.socket(4, socket.SOCK_DGRAM) as receiver:
        receiver.bind((b.address(4), RECEIVED))
        receiver.settimeout(1)
        sender.bind((a.address(4), 40000))
        sender.sendto(b"in clear", (b.address(4), RECEIVED))
        told = record(server, "clear-text-received", policy="datagrams_in", ports=f"40000:{RECEIVED}")
        expect(told["fields"]["source"] == a.address(4) and told["fields"]["protocol"] == "17", f"B says: {told}")
        try:
            expect(not receiver.recv(64), "the datagram in clear was let in")
        except TimeoutError:
            pass
    lab.note("B recorded an unknown SPI and a packet in clear")
    with b.socket(4, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(b"nowhere", (a.address(4), DISCARDED))
            expect(False, "B could send what a policy discards")
        except PermissionError:
            pass
    told = record(server, "packet-discarded", policy="nowhere", direction="outbound")
    expect(str(DISCARDED) in told["fields"]["selector"], f"the filter is not told: {told}")

    # What nothing itemises is told by the counters: a packet too short for an ESP header.
    EspPacket.raw(a, b, struct.pack("!H", 1))
    record(server, "kernel-discards", counter="XfrmInHdrError")
    records = client.audit() + server.audit()
    expect(not [each for each in records if each["event"] == "daemon-lost"], "a daemon died on the way")
    server.verify_audit()
