"""Certificates with strongSwan in both roles: RSA, ECDSA; a certificate that it does not send but we know; one of its
that has expired, one that is not valid yet, one that cannot be read; then pre-shared keys."""

import ssl

from harness import configuration, traffic
from harness.authority import Authority
from harness.command import expect, wait_for

TIME_LIMIT = 200
DAY = 86400


def configure(lab, suite, peer, method):
    document = configuration.telnet_client(lab.a, lab.b, 4)
    document["isakmp_policies"][0]["authentication"] = method
    suite.configure(document)
    peer.configure_transport(lab.a, 4, configuration.KEY, local_port=traffic.TELNET)
    if suite.running:
        suite.reload()
        peer.load()


def end(lab, suite, peer):
    suite.delete_sas(lab.b.address(4))
    wait_for("strongSwan has no IKE SA", lambda: not peer.list_sas(), timeout=10, pause=0.3)


def both_roles(lab, suite, peer, method):
    traffic.transfer(lab.a, lab.b, 4, traffic.TELNET, megabytes=1)
    for role in ("initiator", "responder"):
        if role == "responder":
            end(lab, suite, peer)
            peer.initiate()
            traffic.transfer(lab.a, lab.b, 4, traffic.TELNET, megabytes=1)
        shown = [(sa["role"], sa["authentication_method"]) for sa in suite.mad()]
        expect(shown == [(role, method)], f"-mad shows {shown}")
    end(lab, suite, peer)
    lab.note(f"{method} works in both roles")


def damaged(issued):
    """Two bytes more than the certificate has, which strongSwan passes on."""
    with open(issued.certificate, encoding="ascii") as file:
        der = ssl.PEM_cert_to_DER_cert(file.read())
    with open(issued.certificate, "w", encoding="ascii") as file:
        file.write(ssl.DER_cert_to_PEM_cert(der + b"\0\0"))
    return issued


def run(lab):
    lab.wire.protect("tcp port 23")
    root = Authority(f"{lab.directory}/root")
    a, b = lab.a.address(4), lab.b.address(4)
    suite, peer = lab.suite(lab.a), lab.strongswan(lab.b)
    theirs = root.issue("b", f"IP:{b}", key="RSA")
    peer.use_certificate(theirs, [root])
    configure(lab, suite, peer, "rsa-signature")
    suite.start()
    peer.start()
    suite.trust(root.certificate)
    suite.import_certificate(root.issue("a-rsa", f"IP:{a}", key="RSA"), "a-rsa")
    both_roles(lab, suite, peer, "rsa-signature")

    # It sends none: we have it.
    suite.manage_with_password("cert", "import", theirs.certificate, "--name", "theirs")
    peer.use_certificate(theirs, [root], send="never")
    configure(lab, suite, peer, "rsa-signature")
    both_roles(lab, suite, peer, "rsa-signature")

    suite.import_certificate(root.issue("a", f"IP:{a}"), "a")
    peer.use_certificate(root.issue("b", f"IP:{b}"), [root])
    configure(lab, suite, peer, "ecdsa-signature")
    both_roles(lab, suite, peer, "ecdsa-signature")

    for event, reason, theirs in (
            ("cert-expired", "certificate-expired", root.issue("b", f"IP:{b}", start=-2 * DAY, end=-DAY)),
            ("cert-not-yet-valid", "certificate-not-yet-valid", root.issue("b", f"IP:{b}", start=DAY, end=2 * DAY)),
            ("cert-bad-encoding", "certificate-bad-encoding", damaged(root.issue("b", f"IP:{b}")))):
        peer.use_certificate(theirs, [root])
        configure(lab, suite, peer, "ecdsa-signature")
        traffic.expect_blocked(lab.a, lab.b, 4, traffic.TELNET, timeout=1)
        lab.a.run(["ip", "xfrm", "state", "flush"])  # so that the kernel asks anew for the next one
        lab.note(suite.wait_for_audit(event)["text"])
        expect(suite.failures()[0]["reason"] == reason, f"-failures: {suite.failures()}")
        expect(not suite.mad() and not suite.sad(), "there are SAs")
        if event == "cert-bad-encoding":  # that may be a changed copy: we wait for the peer's own, which is told nothing
            peer.terminate()
            suite.delete_sas(b)
        wait_for("strongSwan has no IKE SA", lambda: not peer.list_sas(), timeout=10, pause=0.3)

    suite.set_key(b, configuration.KEY)
    peer.forget_certificate()
    configure(lab, suite, peer, "psk")
    both_roles(lab, suite, peer, "psk")
