"""Lists many SAs with ipsec_report -sad: memory of ikpmd and of the tool, and how long ikpmd keeps others waiting.

    scripts/in-kernel -m 1500M -t 900 python3 bench/list_sas.py [--larval] build/release [NUMBER...]

The SAs are of ESP (AES-128 and HMAC-SHA-256), with keys, put in by `ip -batch`; they are nobody's, so ikpmd has nothing to
do with them but to list them. With --larval they are larval ones, for a kernel without ESP.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "system"))

from harness import configuration, topology  # noqa: E402  (the path comes first)
from harness.suite import Suite  # noqa: E402


KEYS = f"auth-trunc hmac(sha256) 0x{'a5' * 32} 128 enc cbc(aes) 0x{'5a' * 16}"


def add_sas(node, first, number, directory, larval):
    """SAs from `first` on, by ip in one go; the seconds it took."""
    begun = time.monotonic()
    node.set_kernel_option("net/core/xfrm_acq_expires", 3600)
    batch = os.path.join(directory, "batch")
    with open(batch, "w", encoding="ascii") as file:
        for n in range(first, first + number):
            source, destination = (("10.1.0.1", "10.1.0.2"), ("10.1.0.2", "10.1.0.1"))[n % 2]
            ends = f"src {source} dst {destination} proto esp"
            file.write(f"xfrm state allocspi {ends} reqid {n + 1} mode transport min {0x10000 + n} max {0x10000 + n}\n"
                       if larval else
                       f"xfrm state add {ends} spi {0x10000 + n} reqid {n + 1} mode transport replay-window 32 {KEYS}\n")
    node.run(["ip", "-batch", batch], timeout=400)
    return time.monotonic() - begun


def peak(process):
    """The most memory resident so far, kB; 0 of one that has ended."""
    try:
        with open(f"/proc/{process}/status", encoding="ascii") as file:
            return int(next((line.split()[1] for line in file if line.startswith("VmHWM")), 0))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def memory(process):
    """Resident now and at most since the last call, kB."""
    with open(f"/proc/{process}/status", encoding="ascii") as file:
        fields = dict(line.split(":", 1) for line in file)
    with open(f"/proc/{process}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    return int(fields["VmRSS"].split()[0]), int(fields["VmHWM"].split()[0])


def seconds_of_cpu(process):
    with open(f"/proc/{process}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Pinger:
    """A process that asks ikpmd for a sign of life again and again; the longest wait is how long its loop was held up at
    most, if the processor was not busy otherwise."""

    def __init__(self, suite):
        self._answer, told = os.pipe()
        self._child = os.fork()
        if self._child:
            os.close(told)
            return
        waits, ended = [], []
        signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
        os.nice(-5)
        while not ended:
            begun = time.monotonic()
            suite.call("ikpmd", "rpc.ping")
            waits.append(time.monotonic() - begun)
            time.sleep(0.002)
        os.write(told, f"{max(waits)} {sorted(waits)[len(waits) // 2]} {sorted(waits)[len(waits) * 99 // 100]}".encode())
        os._exit(0)

    def end(self):
        """In words."""
        os.kill(self._child, signal.SIGTERM)
        os.waitpid(self._child, 0)
        longest, median, most = [1000 * float(each) for each in os.read(self._answer, 200).split()]
        os.close(self._answer)
        return f"others waited {median:.1f} ms, 99 of 100 at most {most:.1f} ms, the longest {longest:.1f} ms"


def list_all(suite, arguments):
    """Runs ipsec_report: the lines it printed, its memory at most in kB, and the seconds it took."""
    begun = time.monotonic()
    with suite.node.inside():
        reader, writer = os.pipe()
        child = os.posix_spawn(os.path.join(suite.tools, "ipsec_report"),
                               ["ipsec_report", "--root", suite.root, *arguments], os.environ,
                               file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)])
    os.close(writer)
    blocks = most = 0
    with open(reader, "rb") as output:
        for number, line in enumerate(output):
            blocks += line.startswith(b"SPI (hex)") or b'"spi":' in line
            if number % 500 == 0:  # while it runs: what wait4() tells begins with our own size
                most = max(most, peak(child))
    _, status = os.waitpid(child, 0)
    return blocks, most, time.monotonic() - begun, status


def main():
    larval = "--larval" in sys.argv
    build, *numbers = [each for each in sys.argv[1:] if each != "--larval"]
    build = os.path.abspath(build)
    numbers = [int(each) for each in numbers] or [1000, 10000, 50000]
    directory = tempfile.mkdtemp(dir="/tmp")
    network = topology.LAYOUTS["hosts"]()
    a, b = network["A"], network["B"]
    suite = Suite(a, build, os.path.join(directory, "A"))
    suite.configure(configuration.telnet_client(a, b, 4))
    suite.set_key(b.address(4), configuration.KEY)
    suite.start()
    ikpmd = suite.process("ikpmd")
    there = 0
    try:
        for number in numbers:
            took = add_sas(a, there, number - there, directory, larval)
            with a.inside():
                in_kernel = subprocess.run(["ip", "xfrm", "state", "count"], capture_output=True, text=True, check=True)
            print(f"{number - there} {'larval' if larval else 'ESP'} SAs put in within {took:.1f} s: "
                  f"{in_kernel.stdout.strip()}", flush=True)
            there = number
            time.sleep(2)  # until ikpmd has read the events of these
            pinger = Pinger(suite)  # what others wait for anyway
            time.sleep(20)
            print(f"{number} SAs, nobody lists: {pinger.end()}", flush=True)
            for arguments in (["-sad"], ["-sad", "--json"]):
                memory(ikpmd)
                before, cpu = memory(ikpmd), seconds_of_cpu(ikpmd)
                pinger = Pinger(suite)
                listed, tool, took, status = list_all(suite, arguments)
                waited = pinger.end()
                after = memory(ikpmd)
                print(f"{number} SAs {' '.join(arguments)}: {listed} listed, status {status}, {took:.2f} s; "
                      f"ikpmd {before[0]} -> {after[0]} kB, at most {after[1]} kB, "
                      f"{seconds_of_cpu(ikpmd) - cpu:.2f} s of CPU; tool at most {tool} kB; "
                      f"{waited}", flush=True)
    finally:
        suite.clean_up()


if __name__ == "__main__":
    main()
