"""The demonstration itself, run by scripts/demo inside a kernel that has ESP: show.py BUILD."""

import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(PROJECT, "tests", "system"))

from harness import pairs, traffic  # noqa: E402  (needs the path above)
from harness.command import Failure, run  # noqa: E402
from harness.lab import Lab  # noqa: E402


def title(text):
    print(f"\n=== {text}", flush=True)


def show(suite, tool, *arguments):
    """Runs a tool as an administrator would, and prints what it prints."""
    print(f"\n# {tool} {' '.join(str(each) for each in arguments)}", flush=True)
    with suite.node.inside():
        print(run([os.path.join(suite.tools, tool), "--root", suite.root, *arguments], 30).stdout.rstrip(), flush=True)


def show_wire(lab):
    for filter_, words in (("udp port 500", "the negotiation"), ("esp", "telnet-like traffic"), ("tcp port 80", "HTTP"),
                           ("tcp port 23", "telnet-like traffic in clear")):
        lines = lab.wire.packets(filter_)
        print(f"\n# tcpdump {filter_}    ({words}: {len(lines)} packets)")
        for _, line in lines[:4]:
            print("  " + line[:110])


def demonstrate(lab):
    title("host A 10.1.0.1 (client) and host B 10.1.0.2 (server), a wire between them, our suite on both")
    lab.wire.protect("tcp port 23")
    lab.wire.expect_clear("tcp port 80")
    client, server = pairs.ours_with_ours(lab, 4)
    print("\n# /etc/ipsec9000/ipsec.json on A")
    with open(os.path.join(client.root, "etc/ipsec9000/ipsec.json"), encoding="utf-8") as file:
        print(file.read())
    show(client, "ipsec_admin", "-status")

    title("traffic: 10 MB each way on TCP port 23, a page over HTTP")
    seconds = traffic.transfer(lab.a, lab.b, 4, traffic.TELNET)
    print(f"10 MB there and back in {seconds:.1f} s, checksums equal")
    traffic.http_server(lab.b, 4)
    traffic.http_get(lab.a, lab.b, 4)
    print("HTTP answered")

    title("what went over the wire")
    show_wire(lab)

    title("what the reports say")
    show(client, "ipsec_report", "-mad", "-sad", "-policy")
    for port in (traffic.TELNET, traffic.HTTP):
        show(client, "ipsec_policy", "-sa", lab.a.address(4), "-sp", 65535, "-da", lab.b.address(4), "-dp", port,
             "-p", "tcp", "-dir", "out")


def main():
    lab = Lab(sys.argv[1], tempfile.mkdtemp(prefix="demo.", dir="/tmp"))
    status = 0
    try:
        demonstrate(lab)
        lab.wire.stop()
        lab.wire.check()
        title("true of the capture: ESP both ways, not one clear packet of the protected flow, HTTP readable")
    except Failure as failure:
        print(f"\ndemo: {failure}", file=sys.stderr)
        status = 1
    lab.close()
    sys.stdout.flush()
    os._exit(status)  # not sys.exit(): it would wait for the servers' threads


main()
