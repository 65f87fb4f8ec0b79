"""strongSwan on both sides: proves topology, capture, traffic and the peer's set-up without anything of ours."""

from harness import traffic
from harness.command import expect

NEEDS_SUITE = False
KEY = "strongSwan on both sides"


def run(lab):
    lab.wire.protect("tcp port 23")
    lab.wire.expect_clear("tcp port 80")
    lab.judge_messages_of(lab.a)
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
