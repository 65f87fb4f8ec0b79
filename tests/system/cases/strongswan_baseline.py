"""strongSwan on both sides: proves topology, capture, traffic and the peer's set-up without anything of ours."""

import os

from harness import isakmp, traffic
from harness.command import expect

NEEDS_SUITE = False
KEY = "strongSwan on both sides"


def run(lab):
    lab.wire.protect("tcp port 23")
    lab.wire.expect_clear("tcp port 80")
    client, server = lab.strongswan(lab.a), lab.strongswan(lab.b)
    client.configure_transport(lab.b, 4, KEY, remote_port=traffic.TELNET, start="trap")
    server.configure_transport(lab.a, 4, KEY, local_port=traffic.TELNET, start="trap")
    client.start()
    server.start()
    lab.note("both peers run")

    client.initiate()
    states = [sa["state"] for sa in client.list_sas().values()]
    expect(states == ["ESTABLISHED"], f"the client's IKE SAs: {states}")
    children = [child["state"] for child in server.children()]
    expect(children == ["INSTALLED"], f"the server's IPsec SAs: {children}")

    check_the_check_of_messages(lab, client)

    seconds = traffic.transfer(lab.a, lab.b, 4, traffic.TELNET)
    lab.note(f"10 MB there and back in {seconds:.1f} s")
    traffic.http_server(lab.b, 4)
    traffic.http_get(lab.a, lab.b, 4)

    client.terminate()
    expect(not server.list_sas(), "the server still has SAs after the client's Delete")
    lab.note("the Delete reached the server")

    # The traps start a new negotiation.
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    lab.note("the first packet alone brought the SAs back")


def check_the_check_of_messages(lab, peer):
    """tshark, who judges our messages in the other cases, can read those of strongSwan, and objects when the keys are
    wrong, for then what it decrypts is garbage."""
    keys = peer.isakmp_keys()
    wrong = {cookie: "00" * (len(key) // 2) for cookie, key in keys.items()}
    verdicts = []
    for these in (keys, wrong):
        decoded = isakmp.decode(lab.wire.isakmp_file, these, os.path.join(lab.directory, "ordered.pcap"))
        verdicts.append(isakmp.objections([one for one in decoded if one.source == lab.a.address(4)], these))
    expect(keys and not verdicts[0], f"tshark does not understand strongSwan, keys of {list(keys)}: {verdicts[0]}")
    expect(verdicts[1], "tshark has nothing to say about messages decrypted with wrong keys")
    lab.note("tshark understands strongSwan, and objects to garbage")
