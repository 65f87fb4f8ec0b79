"""With libreswan through a masquerading router: IKE in fragments, Main Mode and Aggressive Mode, in both roles; ESP in
UDP."""

from harness import configuration, traffic
from harness.command import expect
from harness.flow import Flow
from harness.wire import ESP_IN_UDP

LAYOUT = "nat"
TIME_LIMIT = 150
MESSAGES = ("Main Mode", "Aggressive Mode", "Quick Mode", "Informational")
USUAL = "AES128-SHA256-MODP2048"
LONG = "AES256-SHA512-MODP8192"  # message 3 has more than 1000 bytes


def run(lab):
    lab.wire.protect("tcp port 23")
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    suite = lab.suite(lab.a)  # one for both: deriving the store's key from a password takes long
    suite.set_key(lab.b.address(4), configuration.KEY)
    ours_behind(lab, suite, "fragments", LONG)
    fragments = [lab.wire.packets(f"udp and src host {host.seen_as(4)} and (udp[24] = 132 or udp[28] = 132)")
                 for host in (lab.a, lab.b)]
    expect(all(fragments), f"IKE fragments of ours and of libreswan: {[len(found) for found in fragments]}")
    ours_behind(lab, suite, "Aggressive Mode", USUAL, exchange="aggressive")
    libreswan_behind(lab, "Aggressive Mode", USUAL, exchange="aggressive")
    expect(lab.wire.packets(ESP_IN_UDP), "no ESP in UDP on the wire")
    expect(not lab.wire.packets("ip proto 50"), "ESP outside UDP on the wire")


def ours_behind(lab, suite, name, proposal, **isakmp_options):
    document = configuration.telnet_client(lab.a, lab.b, 4)
    document["isakmp_policies"][0].update(proposals=[proposal], **isakmp_options)
    suite.configure(document)
    peer = lab.libreswan(lab.b)
    flow = Flow("flow", local_port=traffic.TELNET)
    peer.configure(lab.a, [flow], configuration.KEY, {4: proposal}, aggressive="exchange" in isakmp_options,
                   fragmentation="force")
    peer.start()
    suite.start()
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    expect(len(suite.sad()) == 2, f"{name}: not one pair of SAs: {suite.sad()}; {peer.log_end()}")
    lab.note(f"ours behind translation: {name}")
    suite.stop()
    lab.stop(peer)


def libreswan_behind(lab, name, proposal, **isakmp_options):
    document = configuration.telnet_server(lab.b, lab.a, 4)
    document["isakmp_policies"][0].update(proposals=[proposal], **isakmp_options)
    suite = lab.suite(lab.b, document, configuration.KEY, lab.a)
    peer = lab.libreswan(lab.a)
    peer.configure(lab.b, [Flow("flow", remote_port=traffic.TELNET)], configuration.KEY, {4: proposal},
                   aggressive="exchange" in isakmp_options)
    suite.start()
    peer.start()
    peer.initiate()
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    suite.wait_for_sas(2)
    lab.note(f"libreswan behind translation: {name}")
    lab.stop(peer)
    lab.stop(suite)
