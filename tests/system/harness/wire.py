"""The capture on the wire, and the verdict about it. It runs in every case.

A case says while it runs what must be true of the wire:

    telnet = wire.protect("tcp port 23")     not a single packet of this in clear, and ESP in both directions
    wire.protect("tcp port 9", esp=False)    the same for a flow that must not get through at all
    wire.expect_clear("tcp port 80")         this passes, readable
    telnet.lift()                            from now on it may be in clear (the suite is about to be stopped)

Filters are those of tcpdump.
"""

import os
import shutil
import time

from harness import isakmp
from harness.capture import Capture
from harness.command import Failure, run

CAPTURE = "wire.pcap"
# What begins with four zero bytes is IKE, and one byte is a keepalive (RFC 3948, 2).
# tcpdump finds UDP's bytes for IPv4 only.
ESP_IN_UDP = ("(udp port 4500 and ((udp[4:2] > 16 and udp[8:4] != 0) or (ip6[6] = 17 and ip6[44:2] > 16 and "
              "ip6[48:4] != 0)))")
KEEPALIVE = "(udp port 4500 and ((udp[4:2] = 9 and udp[8] = 0xff) or (ip6[6] = 17 and ip6[44:2] = 9 and ip6[48] = 0xff)))"
ISAKMP = "udp port 500 or (udp port 4500 and (udp[8:4] = 0 or ip6[48:4] = 0))"
# A later fragment has no ports, so a filter with ports would not find it.
CLEAR_FRAGMENT = "ip proto \\tcp and ip[6:2] & 0x1fff != 0"


def decoded_objections(directory, filters):
    """After a case: what tshark misses in, or has against, the packets on the wire that these display filters want both
    ways; a sentence each. `directory` has the capture."""
    found = []
    for wanted in filters:
        lines = run(["tshark", "-r", os.path.join(directory, CAPTURE), "-Y", wanted, "-T", "fields", "-e", "ip.src", "-e",
                     "ipv6.src", "-e", "_ws.malformed"], timeout=60).stdout.splitlines()
        packets = [line.split("\t") for line in lines]
        if len({(source, source6) for source, source6, _ in packets}) < 2:
            found.append(f"tshark finds no \"{wanted}\" in both directions, but {len(packets)} packets")
        if any(malformed for *_, malformed in packets):
            found.append(f"tshark finds malformed packets of \"{wanted}\"")
    return found


class Protection:
    def __init__(self, packets, esp):
        self.packets = packets
        self.esp = esp
        self.until = None

    def lift(self):
        if self.until is None:  # once it is lifted, it stays so
            self.until = time.time()


class Wire:
    def __init__(self, network, directory):
        node, device = network.capture_at
        self._hosts = [node for node in network.nodes.values() if node.addresses]
        self.file = os.path.join(directory, CAPTURE)
        self.isakmp_file = os.path.join(directory, isakmp.CAPTURE)
        # The first 160 bytes of a packet are enough for every check; the buffer (in KiB) is for bulk transfers. ISAKMP
        # messages are kept whole, for tshark.
        self._captures = (Capture(node, device, self.file, options=("-s", "160", "-B", "16384")),
                          Capture(node, device, self.isakmp_file, ISAKMP))
        self._protections = []
        self._clear = []

    def start(self):
        for capture in self._captures:
            capture.start()

    def stop(self):
        for capture in self._captures:
            capture.stop()

    def protect(self, packets, esp=True):
        protection = Protection(packets, esp)
        self._protections.append(protection)
        return protection

    def expect_clear(self, packets):
        self._clear.append((packets, time.time()))

    def packets(self, packets):
        """What was captured so far and fits the filter: a list of (time, tcpdump's line)."""
        lines = run(["tcpdump", "-r", self.file, "-n", "-tt", packets], timeout=60).stdout.splitlines()
        return [(float(line.split(" ", 1)[0]), line) for line in lines if line[:1].isdigit()]

    def objections(self):
        """After stop(): what is wrong with the capture, a sentence each."""
        found = [hole for capture in self._captures for hole in capture.holes()]
        for protection in self._protections:
            found += self._clear_packets(protection)
        if any(protection.esp for protection in self._protections):
            found += self._missing_esp()
        for packets, since in self._clear:
            if not any(when >= since for when, _ in self.packets(packets)):
                found.append(f"nothing in clear for \"{packets}\", which a policy passes")
        return found

    def check(self):
        found = self.objections()
        if found:
            raise Failure("the wire:\n  " + "\n  ".join(found))

    def save(self, directory):
        for capture in self._captures:
            for file in (capture.file, capture.log_file):
                shutil.copy(file, directory)

    def _clear_packets(self, protection):
        found = []
        for packets in (protection.packets, CLEAR_FRAGMENT):
            clear = [line for when, line in self.packets(packets)
                     if protection.until is None or when < protection.until]
            if clear:
                found.append(f"{len(clear)} CLEAR packet(s) of \"{packets}\", the first: {clear[0]}")
        return found

    def _missing_esp(self):
        """ESP must have gone from host to host both ways, over IPv4 or IPv6."""
        found = []
        for source, destination in (self._hosts[:2], self._hosts[1::-1]):
            pairs = [f"(src host {source.seen_as(family)} and dst host {destination.seen_as(family)})"
                     for family in source.addresses]
            if not self.packets(f"(ip proto 50 or ip6 proto 50 or {ESP_IN_UDP}) and ({' or '.join(pairs)})"):
                found.append(f"no ESP from {source.name} to {destination.name}")
        return found
