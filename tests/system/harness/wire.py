"""The capture on the wire, and the verdict about it. It runs in every case.

A case says while it runs what must be true of the wire:

    telnet = wire.protect("tcp port 23")     not a single packet of this in clear, and ESP in both directions
    wire.protect("tcp port 9", esp=False)    the same for a flow that must not get through at all
    wire.expect_clear("tcp port 80")         this passes, readable
    telnet.lift()                            from now on it may be in clear (the suite is about to be stopped)

Filters are those of tcpdump.
"""

import os
import re
import shutil
import signal
import subprocess
import time

from harness.command import Failure, patience, run, wait_for

# What begins with four zero bytes is IKE, and one byte is a keepalive (RFC 3948, 2).
ESP_IN_UDP = "(udp port 4500 and udp[4:2] > 16 and udp[8:4] != 0)"
KEEPALIVE = "(udp port 4500 and udp[4:2] = 9 and udp[8] = 0xff)"
# A later fragment has no ports, so a filter with ports would not find it.
CLEAR_FRAGMENT = "ip proto \\tcp and ip[6:2] & 0x1fff != 0"


class Protection:
    def __init__(self, packets, esp):
        self.packets = packets
        self.esp = esp
        self.until = None

    def lift(self):
        self.until = time.time()


class Wire:
    def __init__(self, network, directory):
        self._node, self._device = network.capture_at
        self._hosts = [node for node in network.nodes.values() if node.addresses]
        self.file = os.path.join(directory, "wire.pcap")
        self._log = os.path.join(directory, "tcpdump.log")
        self._process = None
        self._protections = []
        self._clear = []
        self._lags = False

    def start(self):
        # -Z root: else Debian's tcpdump becomes user tcpdump, who may not write here. The first 160 bytes of a packet
        # are enough for every check; the buffer (in KiB) is for bulk transfers.
        command = ["tcpdump", "-i", self._device, "-n", "-U", "--immediate-mode", "-Z", "root", "-s", "160",
                   "-B", "16384", "-w", self.file]
        with self._node.inside(), open(self._log, "wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for("tcpdump listens", lambda: "listening on" in self._read_log(), pause=0.05)

    def stop(self):
        if self._process is None:
            return
        self._lags = not self._catches_up()
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(patience(5))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _catches_up(self):
        """Waits until tcpdump has written all that the kernel has seen: at its end it drops what it has not read yet."""
        deadline = time.monotonic() + patience(10)
        while time.monotonic() < deadline and self._process.poll() is None:
            self._process.send_signal(signal.SIGUSR1)  # it tells its counts
            time.sleep(0.2)
            counts = re.findall(r"^tcpdump: ([0-9]+) packets? captured, ([0-9]+) packets? received", self._read_log(),
                                re.MULTILINE)
            if counts and counts[-1][0] == counts[-1][1]:
                return True
        return False

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
        found = self._holes()
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
        shutil.copy(self.file, directory)
        shutil.copy(self._log, directory)

    def _holes(self):
        """A capture that missed packets proves nothing."""
        if self._lags:
            return [f"the capture is not complete, so it proves nothing: {self._read_log().strip()}"]
        dropped = re.search(r"^([0-9]+) packets? dropped by kernel", self._read_log(), re.MULTILINE)
        if dropped is None:
            return [f"tcpdump did not end as it should: {self._read_log().strip()}"]
        return [] if dropped[1] == "0" else [f"the capture missed {dropped[1]} packets, so it proves nothing"]

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

    def _read_log(self):
        with open(self._log, encoding="utf-8", errors="replace") as log:
            return log.read()
