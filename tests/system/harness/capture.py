"""One tcpdump that writes a file."""

import re
import signal
import subprocess
import time

from harness.command import patience, wait_for


class Capture:
    """What passes `device` of the node and fits the filter (all, if it is empty), from start() to stop()."""

    def __init__(self, node, device, file, packets="", options=()):
        self.file = file
        self.log_file = f"{file}.log"
        self._node = node
        # -Z root: else Debian's tcpdump becomes user tcpdump, who may not write here.
        self._command = ["tcpdump", "-i", device, "-n", "-U", "--immediate-mode", "-Z", "root", *options, "-w", file,
                         *([packets] if packets else [])]
        self._process = None
        self._early = 0
        self._lags = False

    def start(self):
        with self._node.inside(), open(self.log_file, "wb") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for("tcpdump listens", lambda: "listening on" in self._log(), pause=0.05)
        self._early = self._settled_gap()

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

    def holes(self):
        """After stop(). A capture that missed packets proves nothing; a sentence for each reason."""
        if self._lags:
            return [f"the capture is not complete, so it proves nothing: {self._log().strip()}"]
        dropped = re.search(r"^([0-9]+) packets? dropped by kernel", self._log(), re.MULTILINE)
        if dropped is None:
            return [f"tcpdump did not end as it should: {self._log().strip()}"]
        return [] if dropped[1] == "0" else [f"the capture missed {dropped[1]} packets, so it proves nothing"]

    def _catches_up(self):
        """Waits until tcpdump has written all that the kernel has seen: ending, it drops what it has not read yet."""
        deadline = time.monotonic() + patience(10)
        while time.monotonic() < deadline and self._process.poll() is None:
            gap = self._gap()
            if gap is not None and gap <= self._early:
                return True
        return False

    def _settled_gap(self):
        """What came before tcpdump's filter was in place is counted as received and never written."""
        gaps = [self._gap(), self._gap()]
        wait_for("tcpdump's counts settle", lambda: gaps[-1] is not None and gaps[-1] == gaps[-2] or
                 gaps.append(self._gap()), pause=0)
        return gaps[-1]

    def _gap(self):
        """How many packets the kernel has seen and tcpdump has not written; None where it does not tell in time."""
        told = len(self._told())
        self._process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + patience(1)
        while time.monotonic() < deadline:
            time.sleep(0.05)
            counts = self._told()
            if len(counts) > told:
                return int(counts[-1][1]) - int(counts[-1][0])
        return None

    def _told(self):
        return re.findall(r"^tcpdump: ([0-9]+) packets? captured, ([0-9]+) packets? received", self._log(), re.MULTILINE)

    def _log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as log:
            return log.read()
