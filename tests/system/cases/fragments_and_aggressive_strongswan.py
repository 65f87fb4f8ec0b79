"""With strongSwan: long messages in fragments both ways, and Aggressive Mode in both roles, where it is allowed only."""

from harness import configuration, traffic
from harness.command import expect

TIME_LIMIT = 120
MESSAGES = ("Main Mode", "Aggressive Mode", "Quick Mode")


def run(lab):
    lab.wire.protect("tcp port 23")
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    # Our message 3 has more than 1200 bytes, and strongSwan cuts what has more than 600.
    ours_initiates(lab, "fragments", {"proposals": ["AES256-SHA512-MODP8192"]}, {"ike": "aes256-sha512-modp8192"})
    for host in (lab.a, lab.b):
        fragments = lab.wire.packets(f"udp port 500 and src host {host.address(4)} and udp[24] = 132")
        expect(len(fragments) >= 2, f"no IKE fragments from {host.name}")
    ours_initiates(lab, "Aggressive Mode", {"exchange": "aggressive"}, {"aggressive": True})
    for allowed in (False, True):
        strongswan_begins_aggressively(lab, allowed)


def ours_initiates(lab, name, isakmp_options, peer_options):
    document = configuration.telnet_client(lab.a, lab.b, 4)
    document["isakmp_policies"][0].update(isakmp_options)
    suite = lab.suite(lab.a, document, configuration.KEY, lab.b)
    peer = lab.strongswan(lab.b, fragment_size=600)
    peer.configure_transport(lab.a, 4, configuration.KEY, local_port=traffic.TELNET, **peer_options)
    peer.start()
    suite.start()
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    expect(len(suite.sad()) == 2, f"{name}: not one pair of SAs: {suite.sad()}")
    lab.note(name)
    lab.stop(suite)
    lab.stop(peer)


def strongswan_begins_aggressively(lab, allowed):
    document = configuration.telnet_server(lab.b, lab.a, 4)
    if allowed:
        document["isakmp_policies"][0]["exchange"] = "aggressive"
    suite = lab.suite(lab.b, document, configuration.KEY, lab.a)
    peer = lab.strongswan(lab.a)
    peer.configure_transport(lab.b, 4, configuration.KEY, remote_port=traffic.TELNET, aggressive=True)
    suite.start()
    peer.start()
    peer.initiate(timeout=15 if allowed else 3, expect_success=allowed)
    expect(bool(suite.mad()) == allowed, f"allowed: {allowed}, and -mad shows {suite.mad()}")
    if allowed:
        traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
        lab.note("Aggressive Mode begun by strongSwan")
    lab.stop(peer)
    lab.stop(suite)
