"""libreswan as an IKE peer: pluto, from the tree that scripts/setup unpacks, in a node, with the face of StrongSwan.

pluto starts a helper by a path that is built into it. It gets it in a mount namespace of its own, so nothing is linked
or mounted where anybody else could see it.
"""

import os
import re
import signal
import subprocess
import time

from harness import kernel
from harness.command import Failure, expect, patience, run, wait_for

PROGRAMS = "/var/cache/ipsec9000-test/libreswan/usr/libexec/ipsec"
KEY_LISTENER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pluto_keys.c")
BUILT_IN = "/usr/libexec"  # where pluto looks for ipsec/addconn
ENTER = 'mount -t tmpfs -o mode=755 none "$0" && ln -s "$1" "$0/ipsec" && shift && exec "$@"'

# Without ikev1-policy Debian's libreswan ignores IKEv1 in silence.
SETUP = """\
config setup
    ikev1-policy=accept
    uniqueids=no

"""

CONNECTION = """\
conn {name}
    ikev2=no
    hostaddrfamily=ipv{family}
    authby={authby}
    left={local}
    right={remote}
{subnets}    leftprotoport={local_flow}
    rightprotoport={remote_flow}
    type={mode}
    ike={ike}
    phase2={protocol}
    phase2alg={transform}
    pfs={pfs}
    keyingtries=1
    leftupdown=%disabled
    auto=add
{more}
"""

# How libreswan spells what our configuration names.
TRANSFORMS = {
    "ESP-AES128-HMAC-SHA256": ("esp", "aes128-sha2_256"),
    "ESP-AES128-HMAC-SHA1": ("esp", "aes128-sha1"),
    "ESP-AES256-HMAC-SHA384": ("esp", "aes256-sha2_384"),
    "ESP-AES256-HMAC-SHA512": ("esp", "aes256-sha2_512"),
    "ESP-AES256-GCM16": ("esp", "aes_gcm256-null"),
    "AH-SHA256": ("ah", "sha2_256"),
}
GROUPS = {"ECP256": "dh19", "ECP384": "dh20", "ECP521": "dh21", "CURVE25519": "dh31"}


class Libreswan:
    """One peer. `directory` is private to it."""

    def __init__(self, node, directory):
        expect(os.path.exists(f"{PROGRAMS}/pluto"), f"no libreswan in {PROGRAMS}: run scripts/setup")
        self._node = node
        self._directory = directory
        self._process = None
        self._flows = []
        self._nickname = None
        for name in ("run", "nss", "ipsec.d"):
            os.makedirs(f"{directory}/{name}")
        run(["certutil", "-N", "-d", f"sql:{directory}/nss", "--empty-password"])

    def configure(self, peer, flows, key, proposals, dpd_delay=0, dpd_timeout=0, aggressive=False,
                  fragmentation="yes", isakmp_life=0):
        """Several flows with our host `peer`. `proposals`: an ISAKMP proposal for each family, as our configuration
        names it. A connection of libreswan is a flow; those of a family share the ISAKMP SA."""
        self._flows = list(flows)
        authby = "secret" if self._nickname is None else "rsasig"
        proof = (f"    leftcert={self._nickname}\n    leftid={self._node.address(4)}\n    rightid={peer.address(4)}\n"
                 "    leftrsasigkey=%cert\n    rightrsasigkey=%cert\n    sendca=all\n") if self._nickname else ""
        more = f"    dpddelay={dpd_delay}s\n    dpdtimeout={dpd_timeout}s\n    dpdaction=clear\n" if dpd_delay else ""
        more += f"    aggressive={'yes' if aggressive else 'no'}\n    fragmentation={fragmentation}\n"
        if isakmp_life:  # after which it begins anew, not the end
            more += f"    ikelifetime={isakmp_life + 10}s\n    rekeymargin=10s\n    rekeyfuzz=0%\n"
        text = SETUP
        for flow in flows:
            protocol, transform = TRANSFORMS[flow.transform]
            text += CONNECTION.format(
                name=flow.name, family=flow.family, protocol=protocol, more=more + proof, authby=authby,
                local=self._node.address(flow.family), remote=peer.seen_as(flow.family),
                subnets=self._subnets(peer, flow.family),
                local_flow=_protocol_and_port(flow.protocol, flow.local_port),
                remote_flow=_protocol_and_port(flow.protocol, flow.remote_port),
                mode="tunnel" if flow.tunnel else "transport", ike=_spell_proposal(proposals[flow.family]),
                transform=transform + (f";{_spell_group(flow.pfs)}" if flow.pfs else ""),
                pfs="yes" if flow.pfs else "no")
        self._write("ipsec.conf", text)
        self._write("ipsec.secrets", "".join(
            f'{self._node.address(family)} {peer.address(family)} : PSK "{key}"\n' +
            (f'{self._node.address(family)} {peer.seen_as(family)} : PSK "{key}"\n'
             if peer.seen_as(family) != peer.address(family) else "") for family in proposals))

    def _subnets(self, peer, family):
        """The traffic is that of the two hosts. Where addresses are translated libreswan finds them itself, and is told
        by which name the peer goes."""
        ends = [(self._node, "left"), (peer, "right")]
        if any(node.seen_as(family) != node.address(family) for node, _ in ends):
            return "".join(f"    {side}id={node.address(family)}\n" for node, side in ends)
        return "".join(f"    {side}subnet={node.address(family)}/{128 if family == 6 else 32}\n" for node, side in ends)

    def use_certificate(self, issued, name="own"):
        """From the next configure on: an RSA certificate (harness/authority.py); its CA is believed."""
        store = f"sql:{self._directory}/nss"
        run(["pk12util", "-i", issued.bundle(name), "-d", store, "-W", ""])
        run(["certutil", "-A", "-n", "authority", "-t", "CT,,", "-d", store, "-i", issued.authority])
        self._nickname = name

    def forget_certificate(self):
        """From the next configure on: pre-shared keys again."""
        self._nickname = None

    def start(self):
        """pluto itself has its helper load the connections; its log says when all is there."""
        listener = f"{self._directory}/pluto_keys.so"
        if not os.path.exists(listener):
            run(["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", listener, KEY_LISTENER], timeout=30)
        if os.path.exists(f"{self._directory}/pluto.log"):  # of a pluto before, which was stopped
            os.rename(f"{self._directory}/pluto.log", f"{self._directory}/pluto.log.before")
        with self._node.inside(), open(f"{self._directory}/output", "wb") as output:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", ENTER, BUILT_IN, PROGRAMS, f"{PROGRAMS}/pluto", "--nofork",
                 "--use-xfrm", "--nhelpers", "0", "--config", f"{self._directory}/ipsec.conf",
                 "--secretsfile", f"{self._directory}/ipsec.secrets", "--ipsecdir", f"{self._directory}/ipsec.d",
                 "--nssdir", f"{self._directory}/nss", "--rundir", f"{self._directory}/run",
                 "--dumpdir", f"{self._directory}/run", "--logfile", f"{self._directory}/pluto.log"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, "LD_PRELOAD": listener, "PLUTO_KEYS": f"{self._directory}/keys"})
        try:
            wait_for("pluto loads its secrets", lambda: "loading secrets from" in self._log(), timeout=20)
        except Failure as failure:
            raise Failure(f"{failure}; {self.log_end()}") from None
        for flow in self._flows:
            expect(f'"{flow.name}": added IKEv1 connection' in self._log(),
                   f"libreswan did not take the connection {flow.name}; {self.log_end()}")

    def initiate(self, timeout=15, expect_success=True, flow="flow"):
        finished = self._whack("--initiate", "--name", flow, timeout=timeout, wanted=None)
        succeeded = finished.status == 0 and "IPsec SA established" in finished.stdout
        expect(succeeded == expect_success, f"libreswan's initiation {'succeeded' if succeeded else 'failed'}:\n"
               f"{finished.describe()}\n{self.log_end()}")

    def terminate(self, connection):
        """Ends the flow's SAs, and with the last of its flows the ISAKMP SA; the peer is told by Delete messages."""
        self._whack("--terminate", "--name", connection)

    def terminate_all(self):
        for flow in self._flows:
            self.terminate(flow.name)

    def rekey(self, flow):
        """Negotiates a new pair of SAs for the flow at once. whack's own --rekey-ipsec is for IKEv2 only."""
        self.initiate(flow=flow)

    def children(self):
        """A line of libreswan's for each established pair of IPsec SAs."""
        return [line for line in self._whack("--trafficstatus").stdout.splitlines() if "type=" in line]

    def isakmp_keys(self):
        """{initiator's cookie: encryption key} of the ISAKMP SAs that it has had, and of what pluto tests itself with."""
        try:
            with open(f"{self._directory}/keys", encoding="ascii") as file:
                return dict(line.split() for line in file)
        except FileNotFoundError:
            return {}

    def log_end(self, lines=40):
        return "libreswan's log ends with:\n  " + "\n  ".join(self._log().splitlines()[-lines:])

    def kill(self):
        """As a crash would end it, and its kernel with it: nobody is told, nothing is left. Such a host has no TCP
        connections any more; this one has, and must not speak of them in clear, neither now nor after a start()."""
        kernel.keep_clear_tcp_in(self._node)
        self._process.kill()
        self._process.wait()
        self._process = None
        os.unlink(f"{self._directory}/run/pluto.ctl")
        os.unlink(f"{self._directory}/pluto.log")
        kernel.forget_peer(self._node)

    def stop(self):
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + patience(5)
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._process = None

    def _whack(self, *arguments, timeout=20, wanted=0):
        if self._process.poll() is not None:
            raise Failure(f"pluto is gone, status {self._process.returncode}; {self.log_end()}")
        return run([f"{PROGRAMS}/whack", "--rundir", f"{self._directory}/run", *arguments], timeout, wanted)

    def _log(self):
        try:
            with open(f"{self._directory}/pluto.log", encoding="utf-8", errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def _write(self, name, text):
        path = f"{self._directory}/{name}"
        with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(text)


def _protocol_and_port(protocol, port):
    return f"{protocol}/{port}" if port else protocol


def _spell_group(group):
    return GROUPS.get(group, group.lower())


def _spell_proposal(proposal):
    """AES128-SHA256-MODP2048 -> aes128-sha2_256-modp2048"""
    cipher, digest, group = proposal.split("-")
    return f"{cipher.lower()}-{re.sub('^SHA(?=[2-9])', 'SHA2_', digest).lower()}-{_spell_group(group)}"
