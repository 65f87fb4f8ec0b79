"""A flood of UDP datagrams from a process of its own: as many packets as a test kernel of one processor bears.

Not connected, so that the kernel looks up the policy for each single one.
"""

import os
import signal
import subprocess
import sys

from harness.command import Failure

PROGRAM = """
import os, signal, socket, sys, time
family, address, port, burst, pause, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), int(sys.argv[6])
ending = []
signal.signal(signal.SIGTERM, lambda *_: ending.append(True))
sender = socket.socket(family, socket.SOCK_DGRAM)
sent = 0
limit = time.monotonic() + 300
while not ending and time.monotonic() < limit:
    for _ in range(burst):
        try:
            sender.sendto(b"flood", (address, port))
            sent += 1
        except OSError:
            pass
    os.pwrite(count, b"%d" % sent, 0)
    time.sleep(pause)
"""


class Flood:
    """From `client` to a port of `server`, which need not listen."""

    def __init__(self, client, server, family, port, burst=40, pause=0.01):
        self._count = os.memfd_create("flood")
        arguments = [sys.executable, "-c", PROGRAM, "10" if family == 6 else "2", server.address(family), str(port),
                     str(burst), str(pause), str(self._count)]
        with client.inside():
            self._process = subprocess.Popen(arguments, pass_fds=[self._count])

    def sent(self):
        """How many datagrams the kernel has taken by now, but for the burst that is under way."""
        return int(os.pread(self._count, 20, 0) or 0)

    def stop(self):
        """Ends it and returns how many datagrams the kernel took."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise Failure("the flood did not end") from None
        return self.sent()
