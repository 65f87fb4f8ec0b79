"""strongSwan answers us with AH, GCM, PFS, AES-256, 3DES, in fragments and in Aggressive Mode, each in its turn."""

from harness import configuration, traffic
from harness.command import expect

TIME_LIMIT = 200
# what our policy says, what the ISAKMP policy says, what strongSwan is told
VARIANTS = (
    ("AH", {"transforms": ["AH-SHA256"]}, None, {"ah": "sha256"}),
    ("GCM", {"transforms": ["ESP-AES256-GCM16"]}, None, {"esp": "aes256gcm128"}),
    ("PFS", {"pfs": "MODP2048"}, None, {"esp": "aes128-sha256-modp2048"}),
    ("AES-256", {"transforms": ["ESP-AES256-HMAC-SHA512"]}, "AES256-SHA512-MODP4096",
     {"esp": "aes256-sha512", "ike": "aes256-sha512-modp4096"}),
    ("3DES", {"transforms": ["ESP-3DES-HMAC-SHA1"]}, "3DES-SHA1-MODP1024",
     {"esp": "3des-sha1", "ike": "3des-sha1-modp1024"}),
    ("curves", {"pfs": "ECP256"}, "AES256-SHA384-ECP384",
     {"esp": "aes128-sha256-ecp256", "ike": "aes256-sha384-ecp384"}),
    # Our message 3 has more than 1200 bytes, and strongSwan cuts what has more than 600.
    ("fragments", {}, "AES256-SHA512-MODP8192", {"ike": "aes256-sha512-modp8192"}),
    ("Aggressive Mode", {}, "AES128-SHA256-MODP2048", {"aggressive": True}),
)


def run(lab):
    lab.wire.protect("tcp port 23", esp=False)
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    for name, policy, proposal, peer_options in VARIANTS:
        suite, peer = start(lab, policy, proposal, peer_options)
        traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
        sas = suite.sad()
        expect(len(sas) == 2, f"{name}: not one pair of SAs: {sas}")
        lab.note(f"{name}: {sas[0]['protocol']} {sas[0]['encryption']} {sas[0]['authentication']}")
        lab.stop(suite)
        lab.stop(peer)
    for host in (lab.a, lab.b):
        fragments = lab.wire.packets(f"udp port 500 and src host {host.address(4)} and udp[24] = 132")
        expect(len(fragments) >= 2, f"no IKE fragments from {host.name}")
    strongswan_begins_aggressively(lab)


def strongswan_begins_aggressively(lab):
    """The other role: strongSwan, on A, is the initiator. A suite that has not been told to does not answer it."""
    for allowed in (False, True):
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


def start(lab, policy, proposal, peer_options):
    document = configuration.telnet_client(lab.a, lab.b, 4, **policy)
    document["allow_legacy"] = True
    if proposal:
        document["isakmp_policies"][0]["proposals"] = [proposal]
    if peer_options.get("aggressive"):
        document["isakmp_policies"][0]["exchange"] = "aggressive"
    suite = lab.suite(lab.a, document, configuration.KEY, lab.b)
    peer = lab.strongswan(lab.b, fragment_size=600)
    peer.configure_transport(lab.a, 4, configuration.KEY, local_port=traffic.TELNET, **peer_options)
    peer.start()
    suite.start()
    return suite, peer
