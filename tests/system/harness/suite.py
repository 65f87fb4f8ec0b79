"""Our suite on one host: its own --root directory, the tools run inside the host's namespace, --json answers parsed."""

import json
import os
import re
import signal
import socket

from harness.command import Failure, expect, run, wait_for

PASSWORD = "the system tests' own password"
DAEMONS = ("secauditd", "secpolicyd", "ikpmd")
SUPERVISOR = "ipsec9000-supervisor"


class Suite:
    """`root` must be a short path (Unix sockets lie below it) on a file system that knows Unix sockets."""

    def __init__(self, node, build, root):
        self.node = node
        self.root = root
        self.tools = os.path.join(build, "sbin")
        self._password_file = os.path.join(root, "password")
        self.running = False
        os.makedirs(os.path.join(root, "etc/ipsec9000"), mode=0o700)
        self._write("password", PASSWORD)
        self._tool("ipsec_admin", "-newpasswd", "--new-password-file", self._password_file)

    def configure(self, document):
        """Writes the configuration; what runs takes it over by reload()."""
        self._write("etc/ipsec9000/ipsec.json", json.dumps(document, indent=2))

    def set_key(self, remote, key):
        path = self._write("key", key)
        self._tool("ipsec_mgr", "key", "set", remote, "--file", path, "--password-file", self._password_file)
        os.unlink(path)

    def manage_with_password(self, *arguments):
        return self._tool("ipsec_mgr", *arguments, "--password-file", self._password_file)

    def trust(self, certificate):
        """Believes the CA in this file."""
        self.manage_with_password("ca", "add", certificate)

    def import_certificate(self, issued, name):
        """A certificate with its key (harness/authority.py)."""
        self.manage_with_password("cert", "import", issued.certificate, "--key", issued.key, "--name", name)

    def replace_certificate(self, name, issued):
        self.manage_with_password("cert", "delete", name)
        self.import_certificate(issued, name)

    def check_certificate(self, remote, issued):
        """What cert check says of the peer that shows this certificate: each step's text, those that failed, and the
        failure's kind, None where all is well."""
        shown = self.call("ikpmd", "cert.check", remote=remote, data_hex=issued.pem().hex())["items"][0]
        printed = self._tool("ipsec_mgr", "cert", "check", remote, "-sent", issued.certificate,
                             wanted=0 if shown["ok"] else 1).stdout
        lines = printed.splitlines()
        expect(lines[0] == f"{remote}: {'accepted' if shown['ok'] else 'not accepted'}", f"cert check says {printed}")
        steps = [(step["step"], "ok" if step["ok"] else "FAILED", step["text"]) for step in shown["steps"]]
        expect([tuple(line.split(maxsplit=2)) for line in lines[1:]] == steps, f"{printed} is not {steps}")
        return ({step: text for step, _, text in steps}, [step for step, state, _ in steps if state != "ok"],
                shown["failure"] and shown["failure"]["kind"])

    def start(self, audit_level="informative"):
        self.running = True  # even if -start fails, something may be left to stop
        self._tool("ipsec_admin", "-start", "-auditlvl", audit_level, "--password-file", self._password_file,
                   timeout=30)

    def stop(self):
        self._tool("ipsec_admin", "-stop", "--password-file", self._password_file, timeout=30)
        self.running = False

    def reload(self):
        self._tool("ipsec_admin", "-reload", "--password-file", self._password_file)

    def manage(self, *arguments, wanted=0):
        """ipsec_mgr with these arguments."""
        return self._tool("ipsec_mgr", *arguments, wanted=wanted)

    def manage_json(self, *arguments):
        return self._json("ipsec_mgr", *arguments)

    def call(self, daemon, method, **parameters):
        """The result of a method of a daemon, without a tool between: for what has to be quick."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(20)
            connection.connect(os.path.join(self.root, "run/ipsec9000", f"{daemon}.sock"))
            request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                part = connection.recv(1 << 16)
                if not part:
                    raise Failure(f"{daemon} closed the connection on {method}")
                answer += part
        answer = json.loads(answer)
        if "error" in answer:
            raise Failure(f"{daemon}: {method}: {answer['error']}")
        return answer["result"]

    def delete_sas(self, remote):
        self._tool("ipsec_admin", "-deletesa", remote)

    def status(self, wanted=0):
        return self._json("ipsec_admin", "-status", status=wanted)

    def sad(self):
        return self._json("ipsec_report", "-sad")["sad"]

    def mad(self):
        return self._json("ipsec_report", "-mad")["mad"]

    def audit(self):
        """The records of the audit file in use."""
        return self._json("ipsec_report", "-audit", self.audit_file())["audit"]

    def failures(self):
        return self._json("ipsec_report", "-failures")["failures"]

    def explain(self, remote, protocol=None, port=None):
        """What there is with another host, and what to do next; without a protocol for the first policy that fits."""
        packet = () if protocol is None else ("-p", protocol, "-dp", str(port))
        return self._json("ipsec_report", "-explain", remote, *packet)["explain"]

    def trace_on(self, protocols="all", *arguments):
        """Switches the trace on, and gives its state."""
        return self._json("ipsec_admin", "-traceon", protocols, *map(str, arguments), "--password-file",
                          self._password_file)

    def trace_off(self):
        """Ends it, and gives its last state."""
        return self._json("ipsec_admin", "-traceoff")

    def trace(self, file):
        """The packets in a trace."""
        return self._json("ipsec_report", "-trace", file)["trace"]

    def attempt(self, tool, *arguments, wanted):
        """What a tool says that is to end with that status."""
        return self._tool(tool, *arguments, wanted=wanted)

    def refusal(self, daemon, method, **parameters):
        """The error of a call that must fail."""
        try:
            answer = self.call(daemon, method, **parameters)
        except Failure as failure:
            return str(failure)
        raise Failure(f"{daemon}: {method} with {parameters} should be refused: {answer}")

    def write(self, name, text):
        """A private file below the suite's root."""
        return self._write(name, text)

    def kernel_keys(self):
        """The keys of the SAs in the kernel, as bytes."""
        return [bytes.fromhex(key) for key in
                re.findall(r"0x([0-9a-f]{32,})", self.node.run(["ip", "xfrm", "state"]).stdout)]

    def acquires(self):
        """How often the kernel has asked for SAs."""
        line, = re.findall(r"^ipsec9000_acquires_total ([0-9]+)$", self.tool("ipsec_report", "-metrics"), re.MULTILINE)
        return int(line)

    def tool(self, name, *arguments):
        """What one of the tools prints."""
        return self._tool(name, *arguments).stdout

    def audit_text(self):
        """Every audit file as it is on disk."""
        directory = os.path.join(self.root, "var/log/ipsec9000")
        texts = []
        for name in _list(directory):
            if name.startswith("trace-"):
                continue
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                texts.append(file.read())
        return "".join(texts)

    def verify_audit(self):
        """The hash chain of the whole trail."""
        for checked in self._json("ipsec_report", "-audit", "-verify")["verify"]:
            expect(not checked["faults"], f"{self.node.name}: the audit trail has faults: {checked}")

    def policy(self, source, source_port, destination, destination_port, direction, protocol="tcp", *options):
        """Which policy covers this packet."""
        return self._json("ipsec_policy", "-sa", source, "-sp", source_port, "-da", destination, "-dp",
                          destination_port, "-p", protocol, "-dir", direction, *options)

    def report(self, *options):
        """ipsec_report with these options: the items of each view."""
        return self._json("ipsec_report", *options)

    def audit_file(self):
        """The newest file of the trail; looked up on disk, as this must work with dead daemons too."""
        directory = os.path.join(self.root, "var/log/ipsec9000")
        names = sorted(name for name in _list(directory) if name.startswith("audit-"))
        expect(names, f"no audit file in {directory}")
        return os.path.join(directory, names[-1])

    def wait_for_sas(self, count=2, timeout=10):
        """Waits until there are exactly that many SAs, and returns them."""
        seen = []

        def settled():
            seen[:] = self.sad()
            return len(seen) == count

        try:
            wait_for("", settled, timeout, pause=0.3)
        except Failure:
            raise Failure(f"{self.node.name} should have {count} IPSec SAs within {timeout} s "
                          f"and has: {seen}") from None
        return list(seen)

    def wait_for_audit(self, event, timeout=10, **fields):
        """The first record with that event and these fields."""
        def fits(record):
            told = record.get("fields", {})
            return record.get("event") == event and all(told.get(name) == value for name, value in fields.items())
        return wait_for(f"an audit record {event} with {fields} on {self.node.name}",
                        lambda: next(filter(fits, self.audit()), None), timeout, pause=0.5)

    def process(self, daemon):
        """Its process id by the pid file, None without one."""
        try:
            with open(os.path.join(self.root, "run/ipsec9000", f"{daemon}.pid"), encoding="ascii") as file:
                return int(file.read() or 0) or None
        except FileNotFoundError:
            return None

    def crash(self, daemon):
        """As a crash would end it; the supervisor starts it again."""
        os.kill(self.process(daemon), signal.SIGKILL)

    def kill(self, daemon):
        """As a crash would end it and the supervisor, so that it stays dead."""
        supervisor = self.process(SUPERVISOR)
        if supervisor and os.path.realpath(f"/proc/{supervisor}/exe").endswith(SUPERVISOR):
            self.crash(SUPERVISOR)
            wait_for("the supervisor's end", lambda: not os.path.exists(f"/proc/{supervisor}/exe"), pause=0.05)
        self.crash(daemon)

    def clean_up(self):
        """At the end of a case, whatever its state."""
        if self.running:
            self._tool("ipsec_admin", "-stop", "--password-file", self._password_file, timeout=30, wanted=None)
            self.running = False

    def _json(self, tool, *arguments, status=0):
        finished = self._tool(tool, *arguments, "--json", wanted=status)
        try:
            return json.loads(finished.stdout)
        except json.JSONDecodeError as error:
            raise Failure(f"{finished.describe()}\n  not the one JSON document promised: {error}") from None

    def _tool(self, tool, *arguments, timeout=20, wanted=0):
        with self.node.inside():
            return run([os.path.join(self.tools, tool), "--root", self.root, *arguments], timeout, wanted)

    def _write(self, name, text):
        path = os.path.join(self.root, name)
        with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(text)
        return path


def _list(directory):
    return os.listdir(directory) if os.path.isdir(directory) else []
