"""Secrets in play, and the search for them where they must not be: in what is given away, and in /proc."""

import base64
import os
import re
import threading
import time

from harness.command import Failure, expect, run

# As many bytes in a row of a secret betray it, and do not occur by chance.
WINDOW = 16


class Secrets:
    """Each in every form in which a report could show it: as it is, in hexadecimal, in Base64."""

    def __init__(self):
        self._texts = {}   # what is searched for as it is -> what it is
        self._bytes = {}

    def add(self, what, secret):
        """`secret`: text or bytes."""
        secret = secret.encode() if isinstance(secret, str) else secret
        expect(len(secret) >= 8, f"{what} is too short to be searched for")
        self._bytes[secret] = what

    def add_private_key(self, what, file, *options):
        """A key in PEM; `options` of openssl pkey. Its private numbers, and the lines of its PEM."""
        pem = run(["openssl", "pkey", "-in", file, *options]).stdout
        for line in pem.splitlines():
            if len(line) == 64 and not line.startswith("-"):
                self._texts[line] = f"a line of the PEM of {what}"
        private = False
        number = ""
        for line in run(["openssl", "pkey", "-in", file, "-noout", "-text", *options]).stdout.splitlines() + ["end:"]:
            if line.startswith(" "):
                number += re.sub("[^0-9a-f]", "", line)
                continue
            if private:
                self.add(f"{name} of {what}", bytes.fromhex(number).lstrip(b"\0"))
            name, number = line.rstrip(":"), ""
            private = name in ("priv", "privateExponent", "prime1", "prime2", "exponent1", "exponent2", "coefficient")
        expect(any(text.endswith(f" of {what}") for text in self._bytes.values()), f"no private numbers in {file}")

    def add_kernel_keys(self, suite):
        keys = suite.kernel_keys()
        expect(keys, "the kernel shows no keys of SAs")
        for key in keys:
            self.add("a key of an SA", key)

    def found_in(self, content):
        """What of them is in there, sorted; `content` is bytes."""
        lines = content.decode("latin-1")
        hexadecimal = re.sub("[^0-9a-f]", "", lines.lower())
        encoded = re.sub(r"\s|\\n", "", lines).replace("-", "+").replace("_", "/")
        found = {what for text, what in self._texts.items() if text in lines}
        for secret, what in self._bytes.items():
            for at in range(0, max(len(secret) - WINDOW, 0) + 1, WINDOW):
                window = secret[at:at + WINDOW]
                if window in content or window.hex() in hexadecimal or any(
                        part in encoded for part in _in_base64(window)):
                    found.add(what)
        return sorted(found)

    def demand_absence(self, where, content):
        """... and that they would have been found."""
        expect(content.strip(), f"{where} is empty")
        for secret, what in self._bytes.items():
            for shown in (secret, secret.hex().upper().encode(), base64.b64encode(b"x" + secret),
                          ":".join(f"{byte:02x}" for byte in secret).encode()):
                expect(what in self.found_in(content[:100] + b'"' + shown + b'"'), f"{what} would not be found in {shown}")
        found = self.found_in(content)
        expect(not found, f"{where} gives away: {', '.join(found)}")

    def __len__(self):
        return len(self._bytes)


def _in_base64(window):
    """At each of the three places that a byte can have in Base64, without the characters shared with neighbours."""
    yield base64.b64encode(window[:len(window) // 3 * 3]).decode()
    for before in (1, 2):
        shared = (len(window) + before) // 3 * 3
        yield base64.b64encode(b"\0" * before + window)[before + 1:shared // 3 * 4].decode()


def support_bundle(suite):
    """Everything that support is given, as bytes by name. Reports come from their file, where nothing is decoded."""
    parts = {}
    for options in (["-all"], ["-all", "--json"]):
        path = os.path.join(suite.root, "bundle")
        suite.tool("ipsec_report", *options, "-file", path)
        with open(path, "rb") as file:
            parts[f"ipsec_report {' '.join(options)}"] = file.read()
        os.unlink(path)
    parts["ipsec_admin -status"] = suite.tool("ipsec_admin", "-status").encode()
    parts["ipsec_report -metrics"] = suite.tool("ipsec_report", "-metrics").encode()
    parts["the audit files"] = suite.audit_text().encode()
    return parts


def demand_no_secret_in_bundle(suite, secrets):
    """Gives the bundle."""
    bundle = support_bundle(suite)
    for where, content in bundle.items():
        secrets.demand_absence(where, content)
    return bundle


class ArgumentWatch:
    """Looks, over and over, at the arguments and the environment of every process of this kernel."""

    def __init__(self, secrets):
        self._secrets = secrets
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.seen = {}      # program -> how many of its processes
        self.found = set()  # sentences
        self._looked_at = set()
        self.rounds = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def pause(self, rounds=2):
        """Until everything that runs now has been looked at."""
        wanted = self.rounds + rounds
        while self.rounds < wanted:
            if not self._thread.is_alive():
                raise Failure("the watch over arguments has died")
            time.sleep(0.005)

    def _watch(self):
        while not self._end.is_set():
            for pid in filter(str.isdigit, os.listdir("/proc")):
                self._look(pid)
            self.rounds += 1
            time.sleep(0.02)

    def _look(self, pid):
        try:
            parts = {}
            for name in ("cmdline", "environ"):
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    parts[name] = file.read()
        except OSError:  # it has ended
            return
        program = os.path.basename(parts["cmdline"].split(b"\0")[0]).decode(errors="replace")
        key = (pid, parts["cmdline"], parts["environ"])
        if key in self._looked_at:
            return
        self._looked_at.add(key)
        if parts["cmdline"]:
            self.seen[program] = self.seen.get(program, 0) + 1
        for name, content in parts.items():
            for what in self._secrets.found_in(content):
                self.found.add(f"{what} is in the {name} of {program}")
