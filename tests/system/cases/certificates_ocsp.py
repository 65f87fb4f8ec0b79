"""OCSP where revocation is strict and there is no CRL at all: already the first negotiation waits for the responder's
answer, and only for a while. A revoked certificate is refused for real. A warning of an end comes once, also when the
daemon starts anew. And a certificate of which nothing can be learnt is refused, until revocation is tolerant."""

import socket
import time

from harness import configuration, traffic
from harness.authority import Authority
from harness.certificate_servers import responder
from harness.command import expect, wait_for

TIME_LIMIT = 210
WAIT = 3  # seconds, for an answer


def records(suite, event):
    return [record["text"] for record in suite.audit() if record["event"] == event]


def client_document(lab):
    """With a policy that is in the way of a directory."""
    document = configuration.telnet_client(lab.a, lab.b, 4)
    document["isakmp_policies"][0]["authentication"] = "ecdsa-signature"
    document["revocation"] = "strict"
    document["policies"].append(configuration.plain("no_directory", "discard", lab.a, lab.b, 4, remote_port=3891))
    return document


def configure(lab, client, server):
    document = configuration.telnet_server(lab.b, lab.a, 4)
    document["isakmp_policies"][0]["authentication"] = "ecdsa-signature"
    for suite, wanted in ((client, client_document(lab)), (server, document)):
        suite.configure(wanted)
        suite.start()


def connects(lab, client):
    """At the first attempt, and within the time that the first SYN's repetitions give it."""
    begun = time.monotonic()
    traffic.transfer(lab.a, lab.b, 4, traffic.TELNET, megabytes=1)
    expect(not client.failures(), f"a negotiation failed first: {client.failures()}")
    return time.monotonic() - begun


def anew(lab, client, server, certificate=None):
    if certificate:
        server.replace_certificate("b", certificate)
    for suite, other in ((client, lab.b), (server, lab.a)):
        suite.delete_sas(other.address(4))


def refused(lab, client, reason):
    before = len(client.failures())
    begun = time.monotonic()
    traffic.expect_blocked(lab.a, lab.b, 4, traffic.TELNET, timeout=1)
    wait_for(f"the failure {reason}", lambda: len(client.failures()) > before, timeout=15, pause=0.3)
    failure = client.failures()[0]
    expect(failure["reason"] == reason, f"not {reason}: {failure}")
    expect(not client.mad() and not client.sad(), "there are SAs")
    lab.a.run(["ip", "xfrm", "state", "flush"])
    return failure["text"], time.monotonic() - begun


def tolerates(lab, client, server, certificate):
    """No CRL can be had of this certificate's CA, and it names no responder. A strict host refuses the peer, a tolerant
    one takes it; the audit trail has the policy's word for both."""
    b = lab.b.address(4)

    def from_nowhere(url, event, *words):
        client.manage_with_password("crl", "add", url)
        wait_for(f"{event} about {url} with {words}",
                 lambda: [text for text in records(client, event) if all(word in text for word in (url, *words))],
                 timeout=30, pause=0.5)
        lab.note(records(client, event)[-1])

    anew(lab, client, server, certificate)
    from_nowhere(f"ldap://{b}:3890/CN=Root,O=Example", "directory-unreachable", "(revocation: strict)")
    from_nowhere(f"ldap://{b}:3891/CN=Root,O=Example", "directory-traffic-caught", "no_directory")
    text, _ = refused(lab, client, "certificate-crl-unavailable")
    expect("no CRL of O=Example, CN=Root (revocation: strict)" in text, f"-failures: {text}")
    refusals = records(client, "crl-unavailable")
    expect("no CRL of O=Example, CN=Root (revocation: strict)" in refusals[-1], f"audit: {refusals}")
    _, failed, kind = client.check_certificate(b, certificate)
    expect(not records(client, "crl-tolerated"), "the strict host tolerated something")
    expect(failed == ["revocation"] and kind == "crl-unavailable", f"cert check fails {failed} with {kind}")

    anew(lab, client, server)
    client.configure({**client_document(lab), "revocation": "tolerant"})
    client.reload()
    from_nowhere(f"http://{b}:8081/root.crl", "crl-not-fetched", "(revocation: tolerant)")
    steps, failed, _ = client.check_certificate(b, certificate)
    expect(not failed and steps["revocation"] == "no CRL of O=Example, CN=Root (revocation: tolerant)",
           f"cert check: {steps}")
    failures = len(client.failures())
    traffic.transfer(lab.a, lab.b, 4, traffic.TELNET, megabytes=1)
    expect(len(client.mad()) == 1, f"-mad of the tolerant host: {client.mad()}")
    expect(len(client.failures()) == failures and records(client, "crl-unavailable") == refusals,
           "the tolerant host refused first")
    taken = records(client, "crl-tolerated")
    expect(taken and b in taken[-1] and "no CRL of O=Example, CN=Root (revocation: tolerant)" in taken[-1], f"{taken}")
    lab.note(taken[-1])


def run(lab):
    lab.wire.protect("tcp port 23")
    root = Authority(f"{lab.directory}/root")
    a, b = lab.a.address(4), lab.b.address(4)
    client, server = (lab.suite(node) for node in (lab.a, lab.b))
    configure(lab, client, server)

    def asking(port):
        return root.issue("b", f"IP:{b}", extensions=[f"authorityInfoAccess = OCSP;URI:http://{b}:{port}"])

    for suite in (client, server):
        suite.trust(root.certificate)
    client.import_certificate(root.issue("a", f"IP:{a}", start=-86400 * 30, end=86400 * 3), "a")
    good = asking(8888)
    server.import_certificate(good, "b")
    revoked = asking(8888)
    root.revoke(revoked)
    with lab.b.socket(4, socket.SOCK_STREAM) as silent:
        silent.bind((b, 8889))
        silent.listen(8)
        answering = responder(lab.b, 8888, root)
        try:
            exercise(lab, client, server, good, revoked, asking(8889))
            tolerates(lab, client, server, root.issue("b", f"IP:{b}"))
        finally:
            answering.close()


def exercise(lab, client, server, good, revoked, unanswered):
    lab.note(f"the first connection took {connects(lab, client):.1f} s")
    lab.note(records(client, "ocsp-answered")[0])
    expect("says good" in records(client, "ocsp-answered")[0], "the responder did not say good")

    anew(lab, client, server, revoked)
    text, _ = refused(lab, client, "certificate-revoked")
    lab.note(text)
    expect("revoked, said its OCSP responder" in text, f"not by the responder: {text}")

    anew(lab, client, server, unanswered)
    text, took = refused(lab, client, "certificate-crl-unavailable")
    lab.note(f"{text}; after {took:.1f} s")
    expect("(revocation: strict)" in text and WAIT <= took < WAIT + 7, f"{text} after {took}")
    lab.note(client.wait_for_audit("crl-unavailable")["text"])
    anew(lab, client, server, good)

    # Nothing is remembered of answers after a restart, but of warnings.
    answers = client.audit_text().count("says good")
    expect(client.audit_text().count("cert-ends-soon") == 1, "not one warning")
    soon = [problem for problem in client.status()["problems"] if "Certificate a" in problem]
    expect(len(soon) == 1 and "ends in" in soon[0], f"-status does not warn of the end: {client.status()['problems']}")
    client.stop()
    client.start()
    lab.note(f"the first connection after a restart took {connects(lab, client):.1f} s")
    expect(client.audit_text().count("says good") == answers + 1, "the responder was not asked anew")
    expect(client.audit_text().count("cert-ends-soon") == 1, "warned again")
