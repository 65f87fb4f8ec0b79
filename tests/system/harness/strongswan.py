"""strongSwan as an IKE peer: charon-systemd (which needs no systemd) in a node, configured through swanctl."""

import os
import re
import signal
import subprocess
import time

from harness import isakmp, kernel
from harness.command import Failure, expect, patience, run, wait_for

# The list must be explicit: Debian's extra plugins contain one that does ESP in user space.
PLUGINS = "random nonce aes sha1 sha2 md5 hmac kdf openssl pem x509 pubkey kernel-netlink socket-default vici"

# Without a list of its own swanctl loads every plugin there is, which takes 5 s in User Mode Linux.
DAEMON_CONFIGURATION = """\
swanctl {{
  load = random openssl pem
}}
charon-systemd {{
  load = {plugins}
  install_routes = no
  fragment_size = {fragment_size}
  i_dont_care_about_security_and_use_aggressive_mode_psk = yes
  plugins {{
    vici {{
      socket = unix://{directory}/vici
    }}
  }}
  filelog {{
    log {{
      path = {directory}/charon.log
      default = 1
      cfg = 2
      mgr = 2
      ike = 4
      flush_line = yes
    }}
  }}
}}
"""

CONNECTION = """\
  {name} {{
    version = 1
    local_addrs = {local}
    remote_addrs = {remote}
    proposals = {ike}
    aggressive = {aggressive}
    dpd_delay = {dpd_delay}s
    dpd_timeout = {dpd_timeout}s
    rekey_time = {isakmp_life}s
    over_time = {isakmp_life}s
{send}    local {{
      auth = {auth}
      id = {local}{certificate}
    }}
    remote {{
      auth = {auth}
      id = {remote_id}
    }}
    children {{
{children}
    }}
  }}
"""

CHILD = """\
      {name} {{
        mode = {mode}
        {protocol}_proposals = {transform}
        local_ts = {local}[{local_flow}]
        remote_ts = {remote_traffic}[{remote_flow}]
        start_action = {start}
      }}
"""

SECRET = """\
  ike-{name} {{
    id-1 = {local}
    id-2 = {remote_id}
    secret = "{key}"
  }}
"""

# How strongSwan spells what our configuration names.
TRANSFORMS = {
    "ESP-AES128-HMAC-SHA256": ("esp", "aes128-sha256"),
    "ESP-AES128-HMAC-SHA1": ("esp", "aes128-sha1"),
    "ESP-AES256-HMAC-SHA384": ("esp", "aes256-sha384"),
    "ESP-AES256-HMAC-SHA512": ("esp", "aes256-sha512"),
    "ESP-AES256-GCM16": ("esp", "aes256gcm128"),
    "AH-SHA256": ("ah", "sha256"),
}


class StrongSwan:
    """One peer. `directory` is private to it."""

    def __init__(self, node, directory, fragment_size=1280):
        self._node = node
        self._directory = directory
        self._process = None
        self._certificate = None
        self._send = None
        self._environment = dict(os.environ, STRONGSWAN_CONF=f"{directory}/strongswan.conf",
                                 SWANCTL_DIR=f"{directory}/swanctl")
        os.makedirs(f"{directory}/swanctl")
        self._write("strongswan.conf", DAEMON_CONFIGURATION.format(
            plugins=PLUGINS, directory=directory, fragment_size=fragment_size))

    def configure_transport(self, peer, family, key, local_port=None, remote_port=None, protocol="tcp",
                            ike="aes128-sha256-modp2048", esp="aes128-sha256", ah=None, mode="transport", start="none",
                            aggressive=False):
        """IKEv1 with a pre-shared key, ESP (or AH, where given) for one flow. A port that is None is any.
        start="trap": the first packet of the flow starts the negotiation. Where the peer's address is translated, its
        identity, and in tunnel mode its end of the traffic, are those that it has itself."""
        child = self._child("flow", family, peer, protocol, local_port, remote_port, mode=mode, start=start,
                            protocol="ah" if ah else "esp", transform=ah or esp)
        self._write_connections([("peer", family, ike, [child])], peer, key, aggressive=aggressive)

    def configure(self, peer, flows, key, proposals, **options):
        """Several flows with our host `peer`; a connection "peer4" or "peer6" for each family. `proposals`: an ISAKMP
        proposal for each family, as our configuration names it."""
        connections = []
        for family, proposal in proposals.items():
            children = [self._flow(flow, peer) for flow in flows if flow.family == family]
            connections.append((f"peer{family}", family, proposal.lower(), children))
        self._write_connections(connections, peer, key, **options)

    def _flow(self, flow, peer):
        protocol, transform = TRANSFORMS[flow.transform]
        if flow.pfs:
            transform += f"-{flow.pfs.lower()}"
        return self._child(flow.name, flow.family, peer, flow.protocol, flow.local_port, flow.remote_port,
                           mode="tunnel" if flow.tunnel else "transport", protocol=protocol, transform=transform,
                           start="none")

    def _child(self, name, family, peer, upper, local_port, remote_port, **fields):
        traffic = peer.address(family) if fields["mode"] == "tunnel" else peer.seen_as(family)
        return CHILD.format(
            name=name, local=self._node.address(family), remote_traffic=traffic,
            local_flow=f"{upper}/{local_port}" if local_port else upper,
            remote_flow=f"{upper}/{remote_port}" if remote_port else upper, **fields)

    def _write_connections(self, connections, peer, key, dpd_delay=0, dpd_timeout=0,
                           aggressive=False, isakmp_life=14400):
        texts = {"connections": "", "secrets": ""}
        for name, family, ike, children in connections:
            fields = {"name": name, "local": self._node.address(family), "remote": peer.seen_as(family),
                      "remote_id": peer.address(family), "ike": ike, "aggressive": "yes" if aggressive else "no",
                      "children": "".join(children), "key": key, **self._proof(), "dpd_delay": dpd_delay,
                      "dpd_timeout": dpd_timeout, "isakmp_life": isakmp_life}
            texts["connections"] += CONNECTION.format(**fields)
            texts["secrets"] += SECRET.format(**fields)
        self._write("swanctl/swanctl.conf", "".join(f"{name} {{\n{text}}}\n" for name, text in texts.items()))

    def use_certificate(self, issued, authorities, send="ifasked"):
        """From the next configure on: proves itself with this certificate (harness/authority.py), and believes these
        CAs. send="never": the peer must know the certificate."""
        self._certificate = issued
        self._send = send
        self._copy("x509", issued.certificate, "own.pem")
        self._copy("private", issued.key, "own.key")
        for number, authority in enumerate(authorities):
            self._copy("x509ca", authority.certificate, f"ca{number}.pem")

    def forget_certificate(self):
        self._certificate = None

    def _copy(self, folder, source, name):
        os.makedirs(f"{self._directory}/swanctl/{folder}", exist_ok=True)
        with open(source, encoding="ascii") as file:
            self._write(f"swanctl/{folder}/{name}", file.read())

    def load(self):
        """Takes over what was configured since it was started."""
        self._swanctl("--load-all", "--noprompt", "--clear")

    def _proof(self):
        if self._certificate is None:
            return {"auth": "psk", "certificate": "", "send": ""}
        return {"auth": "pubkey", "certificate": "\n      certs = own.pem", "send": f"    send_cert = {self._send}\n"}

    def start(self):
        with self._node.inside(), open(f"{self._directory}/output", "wb") as output:
            self._process = subprocess.Popen(["charon-systemd"], env=self._environment, stdin=subprocess.DEVNULL,
                                             stdout=output, stderr=output)
        wait_for("charon-systemd opens its vici socket", lambda: os.path.exists(f"{self._directory}/vici"))
        self._swanctl("--load-all", "--noprompt")

    def initiate(self, timeout=15, expect_success=True, flow="flow"):
        finished = self._swanctl("--initiate", "--child", flow, "--timeout", str(int(patience(timeout))), wanted=None)
        succeeded = finished.status == 0
        expect(succeeded == expect_success, f"strongSwan's initiation {'succeeded' if succeeded else 'failed'}:\n"
               f"{finished.describe()}\n{self.log_end()}")

    def terminate(self, connection="peer"):
        """Ends the IKE SA and all that hangs on it; the peer is told by Delete messages."""
        self._swanctl("--terminate", "--ike", connection, "--timeout", "10")

    def terminate_all(self):
        for connection in {name.split("#")[0] for name in self.list_sas()}:
            self.terminate(connection)

    def rekey(self, flow):
        """Negotiates a new pair of SAs for the flow at once."""
        self._swanctl("--rekey", "--child", flow)

    def list_sas(self):
        """The IKE SAs as nested dictionaries: {"peer": {"state": "ESTABLISHED", "child-sas": {"flow-1": {...}}}}.

        An IKE SA that comes up twice gets its unique id behind the name from the second on."""
        found = {}
        for name, fields in _parse(self._swanctl("--list-sas", "--pretty").stdout).get("list-sa event", []):
            found[name if name not in found else f"{name}#{fields.get('uniqueid')}"] = fields
        return found

    def children(self):
        return [child for sa in self.list_sas().values() for child in sa.get("child-sas", {}).values()]

    def isakmp_keys(self):
        """{initiator's cookie: encryption key} of the ISAKMP SAs that it has had."""
        return isakmp.keys_of_charon(self._log())

    def log_end(self, lines=40):
        # Without what the log has only for the sake of the keys.
        shown = [line for line in self._log().splitlines()
                 if not re.search(r"\[MGR\]|\[IKE\] .* => [0-9]+ bytes|\[IKE\] +[0-9]+:", line)]
        return "strongSwan's log ends with:\n  " + "\n  ".join(shown[-lines:])

    def kill(self):
        """As a crash would end it, and its kernel with it: nobody is told, nothing is left. Such a host has no TCP
        connections any more; this one has, and must not speak of them in clear, neither now nor after a start()."""
        kernel.keep_clear_tcp_in(self._node)
        self._process.kill()
        self._process.wait()
        self._process = None
        os.unlink(f"{self._directory}/vici")
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

    def _swanctl(self, command, *arguments, wanted=0):
        if self._process.poll() is not None:
            raise Failure(f"charon-systemd is gone, status {self._process.returncode}; {self.log_end()}")
        return run(["swanctl", command, "--uri", f"unix://{self._directory}/vici", *arguments], timeout=30,
                   status=wanted, environment=self._environment)

    def _log(self):
        try:
            with open(f"{self._directory}/charon.log", encoding="utf-8", errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def _write(self, name, text):
        with open(f"{self._directory}/{name}", "w", encoding="utf-8", opener=_private) as file:
            file.write(text)


def _private(path, flags):
    return os.open(path, flags, 0o600)


def _parse(text):
    """What swanctl --pretty prints: `name {` ... `}`, `name = value`, `name = [` ... `]`.

    Gives {heading: [(name, fields), ...]}: one heading can come many times."""
    events = {}
    stack = [{}]
    for line in text.splitlines():
        line = line.strip()
        if line.endswith("{"):
            section = {}
            stack[-1][line[:-1].strip()] = section
            stack.append(section)
        elif line == "}":
            section = stack.pop()
            if len(stack) == 1:  # an event is complete
                heading = next(iter(stack[0]))
                events.setdefault(heading, []).extend(section.items())
                stack[0].clear()
        elif " = " in line:
            name, _, value = line.partition(" = ")
            stack[-1][name] = [] if value == "[" else value
        elif line and line != "]" and stack[-1]:
            last = next(reversed(stack[-1].values()))
            if isinstance(last, list):
                last.append(line)
    return events
