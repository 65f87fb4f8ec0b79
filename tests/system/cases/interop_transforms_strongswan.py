"""strongSwan answers us with AH, GCM, perfect forward secrecy, AES-256 and 3DES, each in its turn."""

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


def start(lab, policy, proposal, peer_options):
    document = configuration.telnet_client(lab.a, lab.b, 4, **policy)
    document["allow_legacy"] = True
    if proposal:
        document["isakmp_policies"][0]["proposals"] = [proposal]
    suite = lab.suite(lab.a, document, configuration.KEY, lab.b)
    peer = lab.strongswan(lab.b)
    peer.configure_transport(lab.a, 4, configuration.KEY, local_port=traffic.TELNET, **peer_options)
    peer.start()
    suite.start()
    return suite, peer
