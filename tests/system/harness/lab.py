"""What a case gets: two hosts, the wire between them, and whatever it starts on them."""

import glob
import os
import shutil
import subprocess
import time

from harness import isakmp, topology
from harness.libreswan import Libreswan
from harness.strongswan import StrongSwan
from harness.suite import Suite
from harness.wire import Wire


class Lab:
    def __init__(self, build, directory, layout="hosts"):
        """`build`: where sbin and libexec of our suite are. `directory`: for files, on a local file system.
        `layout`: a key of topology.LAYOUTS."""
        self.build = build
        self.directory = directory
        self._started = time.monotonic()
        self._running = []  # suites and peers
        self._ours = set()  # addresses from which our suite has sent
        self._talkers = []  # peers that tell their keys
        self._made = 0
        self._traces = []
        self.network = topology.LAYOUTS[layout]()
        self.a = self.network["A"]
        self.b = self.network["B"]
        self.wire = Wire(self.network, directory)
        self.wire.start()

    def suite(self, node, document=None, key=None, peer=None, family=4):
        """Our suite on that node, with a password; configured and with the key for the peer, if given. Not started."""
        self._made += 1
        suite = Suite(node, self.build, os.path.join(self.directory, f"{node.name}{self._made}"))
        self._running.append(suite)
        self.judge_messages_of(node)
        if document is not None:
            suite.configure(document)
        if key is not None:
            suite.set_key(peer.seen_as(family), key)
        return suite

    def strongswan(self, node, **options):
        self._made += 1
        directory = os.path.join(self.directory, f"{node.name}{self._made}-strongswan")
        peer = StrongSwan(node, directory, **options)
        self._running.append(peer)
        self._talkers.append(peer)
        return peer

    def libreswan(self, node):
        self._made += 1
        peer = Libreswan(node, os.path.join(self.directory, f"{node.name}{self._made}-libreswan"))
        self._running.append(peer)
        self._talkers.append(peer)
        return peer

    def stop(self, one):
        """Ends a suite or a peer before the case does, so that the next one can take its place."""
        self._running.remove(one)
        one.stop()

    def note(self, text):
        """A step of the case, for whoever reads its output."""
        print(f"{time.monotonic() - self._started:6.2f} s  {text}", flush=True)

    def pause(self, seconds, why):
        self.note(f"waits {seconds} s: {why}")
        time.sleep(seconds)

    def close(self):
        """Ends everything. The capture goes first: what follows when policies go away is no one's business."""
        self.wire.stop()
        for one in reversed(self._running):
            try:
                one.clean_up() if isinstance(one, Suite) else one.stop()
            except Exception as error:  # a case's verdict must not change by what comes after it
                self.note(f"while ending {type(one).__name__}: {error}")

    def judge_messages_of(self, node):
        """As if our suite were there."""
        self._ours.update(node.seen_as(family) for family in node.addresses)

    def save_messages(self, directory):
        """What isakmp.verdict() needs to know, beside the capture of the messages."""
        keys = {}
        for peer in self._talkers:
            keys.update(peer.isakmp_keys())
        isakmp.save_facts(directory, sorted(self._ours), keys)
        for path in self._traces:
            shutil.copy(path, directory)

    def keep_trace(self, path):
        """A trace of ours, for tshark's verdict after the case."""
        self._traces.append(path)

    def save_evidence(self, directory):
        """After a failure, before close(): what helps to find the cause. Keys of test SAs are among it."""
        for node in self.network.nodes.values():
            with open(os.path.join(directory, f"kernel-{node.name}.txt"), "wb") as file, node.inside():
                for command in ("ip xfrm policy", "ip xfrm policy getdefault", "ip xfrm state",
                                "cat /proc/net/xfrm_stat", "ip address", "ss -tupna"):
                    file.write(f"$ {command}\n".encode())
                    file.flush()
                    subprocess.run(command.split(), stdout=file, stderr=file, timeout=20, check=False)
        for pattern in ("*/var/log/ipsec9000/*", "*/etc/ipsec9000/*", "*-strongswan/charon.log", "*-strongswan/output",
                        "*-strongswan/swanctl/swanctl.conf", "*-libreswan/pluto.log", "*-libreswan/output",
                        "*-libreswan/ipsec.conf", "systemd.log"):
            for path in glob.glob(os.path.join(self.directory, pattern)):
                name = os.path.relpath(path, self.directory).replace("/", "-")
                shutil.copy(path, os.path.join(directory, name))
