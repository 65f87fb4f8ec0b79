"""RSA certificates with libreswan, in both roles."""

from harness import configuration, traffic
from harness.authority import Authority
from harness.command import expect
from harness.flow import Flow

TIME_LIMIT = 120


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
    peer.configure(lab.a, [Flow("flow", local_port=traffic.TELNET)], None, {4: "AES128-SHA256-MODP2048"})
    peer.start()
    traffic.transfer(lab.a, lab.b, 4, traffic.TELNET, megabytes=1)
    for role in ("initiator", "responder"):
        if role == "responder":
            peer.terminate("flow")
            suite.delete_sas(b)
            peer.initiate()
            traffic.transfer(lab.a, lab.b, 4, traffic.TELNET, megabytes=1)
        shown = [(sa["role"], sa["authentication_method"]) for sa in suite.mad()]
        expect(shown == [(role, "rsa-signature")], f"-mad shows {shown}")
        lab.note(f"we as {role}: done")
