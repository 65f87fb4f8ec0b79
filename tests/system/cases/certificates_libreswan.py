"""RSA certificates with libreswan, in both roles; then pre-shared keys on both sides."""

from harness import configuration, traffic
from harness.authority import Authority
from harness.command import expect
from harness.flow import Flow

TIME_LIMIT = 120
MESSAGES = ("Main Mode", "Quick Mode")


def both_roles(lab, suite, peer, method):
    traffic.transfer(lab.a, lab.b, 4, traffic.TELNET, megabytes=1)
    for role in ("initiator", "responder"):
        if role == "responder":
            peer.terminate("flow")
            suite.delete_sas(lab.b.address(4))
            peer.initiate()
            traffic.transfer(lab.a, lab.b, 4, traffic.TELNET, megabytes=1)
        shown = [(sa["role"], sa["authentication_method"]) for sa in suite.mad()]
        expect(shown == [(role, method)], f"-mad shows {shown}")
        lab.note(f"{method}, we as {role}: done")


def run(lab):
    lab.wire.protect("tcp port 23")
    root = Authority(f"{lab.directory}/root")
    a, b = lab.a.address(4), lab.b.address(4)
    document = configuration.telnet_client(lab.a, lab.b, 4)
    document["isakmp_policies"][0]["authentication"] = "rsa-signature"
    suite, peer = lab.suite(lab.a, document), lab.libreswan(lab.b)
    suite.start()
    suite.trust(root.certificate)
    suite.import_certificate(root.issue("a", f"IP:{a}", key="RSA"), "a")
    peer.use_certificate(root.issue("b", f"IP:{b}", key="RSA"))
    flows, proposals = [Flow("flow", local_port=traffic.TELNET)], {4: "AES128-SHA256-MODP2048"}
    peer.configure(lab.a, flows, None, proposals)
    peer.start()
    both_roles(lab, suite, peer, "rsa-signature")

    # As the original's troubleshooting advises: the certificates are there still, and not used.
    peer.terminate("flow")
    suite.delete_sas(b)
    peer.stop()
    peer.forget_certificate()
    peer.configure(lab.a, flows, configuration.KEY, proposals)
    peer.start()
    suite.set_key(b, configuration.KEY)
    suite.configure(configuration.telnet_client(lab.a, lab.b, 4))
    suite.reload()
    both_roles(lab, suite, peer, "psk")
