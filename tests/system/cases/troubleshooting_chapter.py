"""The chapter "Troubleshooting" walked through: each fault made for real, and what the tools say of it."""

import json
import re
import socket
import time

from harness import configuration, kernel, schema, traffic
from harness.command import expect, wait_for
from harness.raw import EspPacket, ah_packets
from harness.secrets import Secrets, demand_no_secret_in_bundle
from harness.suite import PASSWORD

TIME_LIMIT = 240
NESTED = "AH-SHA256+ESP-AES128"
BROADCAST = ("10.1.0.255", 9000)
TELNET, HTTP = traffic.TELNET, traffic.HTTP


def documents(a, b, group="MODP2048", transforms=(configuration.ESP,), swapped=False):
    """A's configuration with two ordered policies, and B's, which may differ in what is to be negotiated."""
    ordered = [{"name": "web_pass", "filter": {"local": a.address(4), "remote": "10.1.0.0/24", "protocol": "tcp",
                                               "remote_port": HTTP}, "action": "pass"},
               {"name": "web_discard", "filter": {"local": a.address(4), "remote": "10.1.0.0/25", "protocol": "tcp",
                                                  "remote_port": HTTP}, "action": "discard"}]
    telnet = configuration.secure("telnet_out", a, b, 4, remote_port=TELNET)
    ours = configuration.document([*(reversed(ordered) if swapped else ordered), telnet],
                                  [configuration.isakmp(b, 4, proposals=("AES128-SHA256-MODP2048",))])
    theirs = configuration.document([configuration.secure("telnet_in", b, a, 4, local_port=TELNET,
                                                          transforms=transforms)],
                                    [configuration.isakmp(a, 4, proposals=(f"AES128-SHA256-{group}",))])
    return ours, theirs


def chosen(suite, a, b, port):
    return suite.policy(a.address(4), 40000, b.address(4), port, "out")["policy"]


def alone(lab, client):
    """Row 16: before any peer was met -all has the policies, the cache with a broadcast that passes, the audit file."""
    sources = client.status()["kernel_events"]
    expect(sources["audit"].startswith("off: ") and len(sources["audit"]) > 10, f"nobody switched the audit on: {sources}")
    with lab.a.socket(4, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.sendto(b"is anybody there?", BROADCAST)
        port = sender.getsockname()[1]
    everything, text = client.report("-all"), client.tool("ipsec_report", "-all")
    expect(not everything["sad"] and not everything["mad"] and "missing" not in everything, f"-all: {everything}")
    expect([each["name"] for each in everything["policy"]][-1] == "default", f"-all lacks policies: {everything['policy']}")
    seen = [each for each in everything["cache"] if each["kind"] == "flow" and each["destination"] == BROADCAST[0]]
    wanted = {"source": lab.a.address(4), "source_port": port, "destination_port": BROADCAST[1], "protocol": "udp",
              "direction": "out", "action": "pass", "policy": "default", "sas": []}
    expect(len(seen) == 1 and {name: seen[0][name] for name in wanted} == wanted, f"-all of a broadcast: {seen}")
    for words in ("Policy Rule", BROADCAST[0], f"Audit file: {client.audit_file()}"):
        expect(words in text, f"-all lacks \"{words}\"")
    lab.note("-all without a peer: policies, a broadcast that passes, the audit file")


def peer_without_ipsec(lab, client):
    """Row 3: what is to be secured cannot be, for the peer has no IPSec; the link works, and the trail tells after 31 s."""
    a, b = lab.a, lab.b
    begun = time.monotonic()
    traffic.expect_blocked(a, b, 4, TELNET, timeout=8)
    a.run(["ping", "-c", "1", "-W", "3", b.address(4)])
    policy = chosen(client, a, b, TELNET)
    expect((policy["name"], policy["action"]) == ("telnet_out", "secure"), f"ipsec_policy: {policy}")
    explained = client.explain(b.address(4), "tcp", TELNET)
    expect(explained["udp_500"]["sent"] and not explained["udp_500"]["received"], f"-explain of UDP 500: {explained['udp_500']}")
    told = client.wait_for_audit("mm-timeout", timeout=40)
    seconds = time.monotonic() - begun
    expect(told["text"].startswith("MM negotiation timeout") and 29 <= seconds <= 36, f"after {seconds:.1f} s: {told}")
    failure, = [each for each in client.failures() if each["remote"] == b.address(4)]
    expect(failure["phase"] == "main" and not client.mad() and not client.sad(), f"-failures: {failure}")
    explained = client.explain(b.address(4), "tcp", TELNET)
    lab.note(f"no IPSec at the peer, after {seconds:.1f} s: {explained['next'][0]}")


def nested(lab, client, server, ours, theirs):
    """Row 12: AH around ESP is two SAs, looked up in turn; without its AH the ESP packet of such a pair is refused."""
    a, b = lab.a, lab.b
    for suite, document in ((client, ours), (server, theirs)):
        policies = [{**policy, "transforms": [NESTED]} if policy["name"].startswith("telnet") else policy
                    for policy in document["policies"]]
        suite.configure({**document, "policies": policies})
        suite.reload()
    with traffic.connect(a, b, 4, TELNET) as connection:
        traffic.echo(connection)
        for suite in (client, server):
            flows = [each for each in suite.report("-cache")["cache"]
                     if each["kind"] == "flow" and each["action"] == "secure" and each["seen_by"] == "socket"]
            expect(flows and all([sa["protocol"] for sa in each["sas"]] in (["ah", "esp"], ["esp", "ah"]) for each in flows),
                   f"-cache of {suite.node.name}: {flows}")
            text = suite.tool("ipsec_report", "-cache")
            expect("-- SA Number 1 --" in text and "-- SA Number 2 --" in text, "-cache does not number the two SAs")
        # A packet that B has not seen yet: its AH is kept away, so that its ESP is neither a repetition nor wrong.
        rule = ["PREROUTING", "-p", "ah", "-j", "DROP"]
        b.run(["iptables-legacy", "-t", "raw", "-I", *rule])
        before = ah_packets(lab.wire, a, b)
        connection.sendall(b"without AH\r\n")
        stripped = EspPacket.inside_ah(lab.wire, a, b, before)
        expect(f"{stripped.spi:08x}" in {sa["spi"] for sa in server.sad() if sa["protocol"] == "esp"}, "whose SPI is that?")
        stripped.send(a, b)
        told = server.wait_for_audit("kernel-discards")
        expect(told["fields"]["counter"] == "XfrmInTmplMismatch", f"B recorded: {told}")
        b.run(["iptables-legacy", "-t", "raw", "-D", *rule])
        answer = connection.recv(64)
        expect(answer == b"without AH\r\n", f"with its AH the packet goes through, and the answer is {answer}")
    lab.note(f"nested: {told['text']}")


def wrong_policy(lab, client):
    """Rows 1b and 2: which policy really matches, before and after the order is changed; passing leaves no SA."""
    a, b = lab.a, lab.b
    traffic.http_get(a, b, 4)
    expect(chosen(client, a, b, HTTP)["name"] == "web_pass", "the first ordered policy should be chosen")
    expect(chosen(client, a, b, TELNET)["kind"] == "hashed", "a hashed policy comes before the ordered ones")
    expect(not client.sad(), f"passed traffic made SAs: {client.sad()}")
    explained = client.explain(b.address(4), "tcp", HTTP)
    expect(explained["policy"]["action"] == "pass" and "in clear" in explained["next"][0], f"-explain: {explained}")
    client.configure(documents(a, b, swapped=True)[0])
    client.reload()
    traffic.expect_blocked(a, b, 4, HTTP, timeout=2)
    expect(chosen(client, a, b, HTTP)["name"] == "web_discard", "the order changed, and the choice should have")


def mismatch(lab, client, server, document, phase):
    """Rows 4, 5 and 9: the two hosts differ; SAs are missing, and a failure is remembered with its phase."""
    a, b = lab.a, lab.b
    client.delete_sas(b.address(4))
    server.configure(document)
    server.reload()
    traffic.expect_blocked(a, b, 4, TELNET, timeout=4)
    failure = wait_for(f"B's record of the {phase} mode failure",
                       lambda: next((each for each in server.failures() if each["phase"] == phase), None), timeout=30)
    lab.note(f"B: {failure['text']}")
    expect(not client.sad(), f"A has SAs: {client.sad()}")
    expect(bool(client.mad()) == (phase == "quick"), f"phase {phase} failed, and -mad of A says {client.mad()}")
    explained = client.explain(b.address(4), "tcp", TELNET)
    expect(explained["udp_500"]["sent"] and explained["udp_500"]["received"], f"UDP 500 passes, yet: {explained}")
    expect(explained["next"], f"-explain has no advice: {explained}")
    lab.note(f"A is advised: {explained['next'][0]}")
    return failure


def keys(lab, client, server):
    """Row 8: no key is named as such; the same key in hexadecimal on the other host is the same key, byte for byte."""
    a, b = lab.a, lab.b
    client.delete_sas(b.address(4))
    client.manage_with_password("key", "delete", b.address(4))
    traffic.expect_blocked(a, b, 4, TELNET, timeout=2)
    told = client.wait_for_audit("no-preshared-key")
    expect(told["text"] == f"No preshared key for remote host {b.address(4)}", f"A's record: {told}")
    explained = client.explain(b.address(4), "tcp", TELNET)
    expect(explained["key"] is False and "ipsec_mgr key set" in explained["next"][0], f"-explain: {explained}")
    client.set_key(b.address(4), "0x" + configuration.KEY.encode().hex())
    traffic.talk(a, b, 4, TELNET)
    lab.note(f"{told['text']}; the key in hexadecimal is as good as in ASCII")


def as_promised(suite, peer):
    """Each view as JSON is what the schema says of it, and so are the failures, SAs and traces that there are by now."""
    promised = schema.of_reports()
    trace = suite.trace_on("tcp")["file"]
    traffic.talk(suite.node, peer, 4, TELNET)
    suite.trace_off()
    views = set()
    for arguments in (["-all"], ["-policy", "configured"], ["-audit", "-verify"], ["-trace", trace],
                      ["-explain", peer.address(4)], ["-explain", peer.address(4), "-p", "tcp", "-dp", str(HTTP)]):
        document = suite.report(*arguments)
        schema.expect_valid(document, promised, f"ipsec_report {' '.join(arguments)} --json")
        views |= {name for name, content in document.items() if content}
    # -bypass has nothing to show here, but in pass_discard_secure
    expect(views == set(promised["properties"]) - {"missing", "bypass"}, f"only these views had content: {views}")
    broken = {"sad": [{"spi": 1}]}
    expect(schema.faults(broken, promised), "the check of the schema takes anything")


def trail_is_kept_short(lab, suite):
    """Level and size change while it runs; old files go when that is asked for, and the rest can still be verified."""
    suite.tool("ipsec_admin", "-maxsize", "1")
    for level in ("warning", "informative", "debug") * 6:
        suite.tool("ipsec_admin", "-auditlvl", level)
    before = suite.report("-audit", "-verify")["verify"]
    expect(len(before) > 4 and not any(each["fault_count"] for each in before), f"the trail before: {before}")
    told = json.loads(suite.tool("ipsec_admin", "-auditprune", "2", "--json"))
    expect(len(told["removed"]) == len(before) - 2 and told["kept"] == 2, f"-auditprune 2 of {len(before)}: {told}")
    after = suite.report("-audit", "-verify")["verify"]
    expect(after[0]["file"] == before[-2]["file"] and not any(each["fault_count"] for each in after)
           and "removed on request" in after[0]["remarks"][0], f"the trail afterwards: {after}")
    lab.note(f"{len(told['removed'])} audit files removed on request: {after[0]['remarks'][0]}")


def support_bundle(lab, suite, peer):
    """Rows 16 and 17: everything that support wants, and no secret in it."""
    secrets = Secrets()
    secrets.add("the pre-shared key", configuration.KEY)
    secrets.add("the password", PASSWORD)
    secrets.add_kernel_keys(suite)
    bundle = demand_no_secret_in_bundle(suite, secrets)
    secrets.demand_absence("-explain", suite.tool("ipsec_report", "-explain", peer.address(4)).encode())
    everything, metrics = bundle["ipsec_report -all"].decode(), bundle["ipsec_report -metrics"].decode()
    for title in ("Policy Rule", "ISAKMP SA", "IPSec SA", "Event: "):
        expect(title in everything, f"-all lacks \"{title}\"")
    expect('ipsec9000_policy_sas{policy="telnet_out"} 2' in metrics, f"-metrics: {metrics}")


def run(lab):
    lab.wire.protect("tcp port 23")
    lab.wire.expect_clear("tcp port 80")
    a, b = lab.a, lab.b
    a.set_kernel_option("net/core/xfrm_acq_expires", 3)  # the kernel soon asks again after a failure
    kernel.mount_control_groups()
    ours, theirs = documents(a, b)
    client = lab.suite(a, ours, configuration.KEY, b)
    server = lab.suite(b, theirs, configuration.KEY, a)
    client.start("debug")
    traffic.echo_server(b, 4, TELNET)
    traffic.http_server(b, 4)
    alone(lab, client)
    peer_without_ipsec(lab, client)
    server.start("debug")
    wrong_policy(lab, client)

    failure = mismatch(lab, client, server, documents(a, b, group="MODP3072")[1], "main")
    expect(failure["differs"] == "group", f"the differing attribute is the group: {failure}")
    mismatch(lab, client, server, documents(a, b, transforms=("ESP-AES256-HMAC-SHA512",))[1], "quick")

    server.configure(theirs)
    server.reload()
    traffic.talk(a, b, 4, TELNET)
    sas = client.wait_for_sas(2)
    expect({sa["spi"] for sa in sas} == {sa["spi"] for sa in server.sad()}, "rows 14: the two hosts show other SPIs")
    before = client.acquires()
    traffic.talk(a, b, 4, TELNET)
    expect(client.acquires() == before, "row 15: the kernel asked again though there are SAs")
    negotiated = next(each for each in client.audit() if each["event"] == "qm-complete")
    expect(any(each["from"] == "secpolicyd" and each.get("correlation") == negotiated["correlation"]
               for each in client.audit()), "secpolicyd has no record with the negotiation's correlation")
    as_promised(client, b)
    support_bundle(lab, client, b)
    keys(lab, client, server)
    nested(lab, client, server, ours, theirs)
    for suite in (client, server):
        suite.verify_audit()
    trail_is_kept_short(lab, client)
