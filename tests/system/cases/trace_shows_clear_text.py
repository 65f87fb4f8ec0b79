"""The trace shows secured packets in clear in both directions beside IKE decrypted, and leaves nothing behind."""

import glob
import os
import stat
import time

from harness import configuration, pairs, traffic
from harness.command import expect, wait_for

TIME_LIMIT = 120
TELNET = traffic.TELNET
MARKER = b"seen before encryption\r\n"
SMALL = 1  # KBytes


def say(lab):
    """One line to the echo server and back, under the protection of the policy."""
    with traffic.connect(lab.a, lab.b, 4, TELNET) as connection:
        traffic.echo(connection, MARKER)


def rules(node):
    """What netfilter holds of ours, by the way that this kernel has."""
    names = node.run(["sh", "-c", "nft list tables 2>/dev/null; iptables-legacy-save 2>/dev/null; "
                                  "ip6tables-legacy-save 2>/dev/null; true"]).stdout
    return [line for line in names.splitlines() if "ipsec9000-trace" in line.lower()]


def refusals(lab, suite):
    """The password is needed, and a directory that somebody could have laid elsewhere is not followed."""
    wrong = suite.write("wrong", "not the right password at all")
    refused = suite.attempt("ipsec_admin", "-traceon", "--password-file", wrong, wanted=4)
    expect("password" in refused.stderr, f"a wrong password: {refused.stderr}")
    real, link = os.path.join(suite.root, "real"), os.path.join(suite.root, "link")
    os.mkdir(real, mode=0o700)
    os.symlink(real, link)
    for order in ({"directory": link}, {"directory": "/no/such/place"}, {"directory": real, "protocols": "icmp"}):
        lab.note(f"refused: {suite.refusal('secpolicyd', 'trace.start', **order)}")
    expect(not os.listdir(real), "a refused trace made a file")
    expect(suite.status()["trace"] is None and not rules(suite.node), "a refused trace left something")


def expect_shown(lab, suite, trace):
    """Both directions of the secured connection in clear, with policy and SPI, and IKE's messages in words."""
    shown = suite.trace(trace["file"])
    a, b = lab.a.address(4), lab.b.address(4)
    spis = {sa["direction"]: sa["spi"] for sa in suite.sad()}
    for way, words in (("out", "outbound, before encryption"), ("in", "inbound, after decryption")):
        packets = [each for each in shown if each["direction"] == way and each["protocol"] == "tcp"]
        expect(packets, f"no TCP {way}: {shown}")
        ends = (a, b) if way == "out" else (b, a)
        expect(all((each["source"], each["destination"]) == ends for each in packets), f"{way}: {packets}")
        comment = f"{words}: policy telnet_out, ESP SPI {spis[way]}"
        expect(any(each["comment"] == comment for each in packets), f"no \"{comment}\": {packets}")
    ike = [each["comment"] for each in shown if each["comment"].startswith("IKE")]
    for words in ("IKE sent: Main Mode: SA", "IKE received: Main Mode: SA", "IKE sent: Main Mode: ID, HASH",
                  "IKE received: Quick Mode: HASH, SA, NONCE"):
        expect(any(each.startswith(words) for each in ike), f"no \"{words}\": {ike}")
    expect(not any("not readable" in each for each in ike), f"not all was decrypted: {ike}")
    with open(trace["file"], "rb") as file:
        content = file.read()
    expect(content.count(MARKER) == 2, f"what was said and its echo are {content.count(MARKER)} times in the trace")
    for secret in (configuration.KEY.encode(), *suite.kernel_keys()):
        expect(secret not in content, "a key is in the trace")
    mode = stat.S_IMODE(os.stat(trace["file"]).st_mode)
    expect(mode == 0o600, f"the trace's mode is {mode:o}")


def run(lab):
    lab.wire.protect("tcp port 23")
    client, server = pairs.ours_with_ours(lab, 4)
    traffic.echo_server(lab.b, 4, TELNET)
    expect(client.status()["trace"] is None, "the trace must be off at the start")
    refusals(lab, client)

    begun = client.trace_on()
    lab.note(f"packets by {begun['source']}")
    expect(begun["source"] in ("nftables", "iptables") and rules(lab.a), f"this kernel shows no packets: {begun}")
    say(lab)
    wait_for("the trace to have all", lambda: client.status()["trace"]["packets"] >= 8, timeout=10)
    ended = client.trace_off()
    expect(ended["lost"] == 0 and ended["messages"] >= 9, f"not all was traced: {ended}")
    expect(not rules(lab.a) and client.status()["trace"] is None, f"after -traceoff: {rules(lab.a)}")
    lab.keep_trace(ended["file"])
    expect_shown(lab, client, ended)
    events = {record["event"] for record in client.audit()}
    expect({"trace-started", "trace-stopped", "password-wrong"} <= events, f"the audit trail has only {events}")
    expect(MARKER.decode().strip() not in client.tool("ipsec_report", "-all"), "-all shows a trace")
    lab.note("the trace shows both directions")

    # Of bounded size; and nothing stays when the one who traces dies.
    small = client.trace_on("tcp", "-tracesize", SMALL)
    for _ in range(3):
        say(lab)
    full = wait_for("the trace to be full", lambda: (state := client.status()["trace"])["state"] == "full" and state,
                    timeout=10)
    expect(os.path.getsize(full["file"]) <= SMALL * 1024, f"the trace grew beyond its size: {full}")
    wait_for("the rules to be gone", lambda: not rules(lab.a), timeout=5)
    client.trace_off()
    client.trace_on("tcp")
    client.kill("secpolicyd")
    wait_for("nothing of the trace to be left", lambda: not rules(lab.a), timeout=5)
    expect(small["file"] != ended["file"], "a trace went on in an older file")
    client.stop()
    client.start()
    expect(client.status()["trace"] is None and not rules(lab.a), "the trace is on after a new start")
    time.sleep(0.1)
    expect(len(glob.glob(os.path.join(client.root, "var/log/ipsec9000/trace-*.pcapng"))) == 3, "three traces were made")
    say(lab)
    server.verify_audit()
