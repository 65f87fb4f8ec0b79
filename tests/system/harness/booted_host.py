"""A host that systemd boots (harness/machine.py) with the suite on it, as an administrator has it."""

import json
import os
import time

from harness import configuration
from harness.command import expect
from harness.machine import Machine
from harness.suite import DAEMONS, PASSWORD

NETWORK = """
[Unit]
DefaultDependencies=no
After=network-pre.target
Wants=network-pre.target network.target
Before=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/sbin/ip link set dev a0 up
"""
ETC, STATE, LOG = "/etc/ipsec9000", "/var/lib/ipsec9000", "/var/log/ipsec9000"


def write(path, text):
    with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)


class BootedHost:
    """A of the lab; its network is up once the boot is that far."""

    def __init__(self, lab):
        self._lab = lab
        self.machine = Machine(lab.a, lab.build, lab.directory)
        self.machine.unit("test-network.service", NETWORK)
        for directory in (ETC, STATE, LOG):
            os.makedirs(directory, 0o700, exist_ok=True)
        write("/root/password", PASSWORD)
        write("/root/key", configuration.KEY)

    def boot(self):
        self._lab.a.run(["ip", "link", "set", "dev", "a0", "down"])
        started = time.monotonic()
        self.machine.boot()
        self._lab.note(f"booted in {time.monotonic() - started:.1f} s")

    def tool(self, name, *arguments, status=0):
        return self.machine.inside(f"/usr/sbin/{name}", *arguments, "--password-file", "/root/password", status=status)

    def status(self, wanted):
        return json.loads(self.tool("ipsec_admin", "-status", "--json", status=wanted).stdout)

    def policies(self):
        return self._lab.a.run(["ip", "xfrm", "policy"]).stdout

    def states(self):
        return [self.machine.systemctl("is-active", f"{daemon}.service", status=None).stdout.strip() for daemon in DAEMONS]

    def enable(self, peer):
        """The steps of an administrator: password, key, and the start with the system from the next boot on."""
        self.tool("ipsec_admin", "-newpasswd", "-new-password-file", "/root/password")
        self.tool("ipsec_mgr", "key", "set", peer, "--file", "/root/key")
        self.tool("ipsec_mgr", "bootup", "on")
        kept = [name for name in ("machine.key", "machine.cred") if os.path.exists(f"{STATE}/{name}")]
        expect(kept == ["machine.cred"], f"the key of this machine should be a credential of systemd only: {kept}")

    def start(self):
        self.tool("ipsec_admin", "-start")
