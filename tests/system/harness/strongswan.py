"""strongSwan as an IKE peer: charon-systemd (which needs no systemd) in a node, configured through swanctl."""

import os
import signal
import subprocess
import time

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
      ike = 2
      cfg = 2
      flush_line = yes
    }}
  }}
}}
"""

CONNECTION = """\
connections {{
  peer {{
    version = 1
    local_addrs = {local}
    remote_addrs = {remote}
    proposals = {ike}
    aggressive = {aggressive}
    local {{
      auth = psk
      id = {local}
    }}
    remote {{
      auth = psk
      id = {remote_id}
    }}
    children {{
      flow {{
        mode = {mode}
        {protocol}_proposals = {transform}
        local_ts = {local}[{local_flow}]
        remote_ts = {remote_traffic}[{remote_flow}]
        start_action = {start}
      }}
    }}
  }}
}}
secrets {{
  ike-peer {{
    id-1 = {local}
    id-2 = {remote_id}
    secret = "{key}"
  }}
}}
"""


class StrongSwan:
    """One peer. `directory` is private to it."""

    def __init__(self, node, directory, fragment_size=1280):
        self._node = node
        self._directory = directory
        self._process = None
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
        remote, remote_id = peer.seen_as(family), peer.address(family)
        self._write("swanctl/swanctl.conf", CONNECTION.format(
            local=self._node.address(family), remote=remote, remote_id=remote_id,
            remote_traffic=remote_id if mode == "tunnel" else remote, ike=ike, start=start, key=key, mode=mode,
            aggressive="yes" if aggressive else "no",
            protocol="ah" if ah else "esp", transform=ah or esp,
            local_flow=f"{protocol}/{local_port}" if local_port else protocol,
            remote_flow=f"{protocol}/{remote_port}" if remote_port else protocol))

    def start(self):
        with self._node.inside(), open(f"{self._directory}/output", "wb") as output:
            self._process = subprocess.Popen(["charon-systemd"], env=self._environment, stdin=subprocess.DEVNULL,
                                             stdout=output, stderr=output)
        wait_for("charon-systemd opens its vici socket", lambda: os.path.exists(f"{self._directory}/vici"))
        self._swanctl("--load-all", "--noprompt")

    def initiate(self, timeout=15, expect_success=True):
        finished = self._swanctl("--initiate", "--child", "flow", "--timeout", str(int(patience(timeout))), wanted=None)
        succeeded = finished.status == 0
        expect(succeeded == expect_success, f"strongSwan's initiation {'succeeded' if succeeded else 'failed'}:\n"
               f"{finished.describe()}\n{self.log_end()}")

    def terminate(self):
        """Ends the IKE SA and all that hangs on it; the peer is told by Delete messages."""
        self._swanctl("--terminate", "--ike", "peer", "--timeout", "10")

    def list_sas(self):
        """The IKE SAs as nested dictionaries: {"peer": {"state": "ESTABLISHED", "child-sas": {"flow-1": {...}}}}.

        An IKE SA that comes up twice gets its unique id behind the name from the second on."""
        found = {}
        for name, fields in _parse(self._swanctl("--list-sas", "--pretty").stdout).get("list-sa event", []):
            found[name if name not in found else f"{name}#{fields.get('uniqueid')}"] = fields
        return found

    def children(self):
        return [child for sa in self.list_sas().values() for child in sa.get("child-sas", {}).values()]

    def log_end(self, lines=40):
        with open(f"{self._directory}/charon.log", encoding="utf-8", errors="replace") as log:
            return "strongSwan's log ends with:\n  " + "  ".join(log.readlines()[-lines:])

    def kill(self):
        """As a crash would end it, and its kernel with it: nobody is told, nothing is left."""
        self._process.kill()
        self._process.wait()
        self._process = None
        os.unlink(f"{self._directory}/vici")
        for what in ("state", "policy"):
            self._node.run(["ip", "xfrm", what, "flush"])

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
