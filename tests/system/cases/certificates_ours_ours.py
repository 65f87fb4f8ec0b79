"""Certificates between two of ours: RSA and ECDSA, an intermediate CA; then each failure for real, seen on both sides;
at last pre-shared keys, as the original's troubleshooting advises."""

from harness import configuration, traffic
from harness.authority import Authority
from harness.command import expect, wait_for
from harness.secrets import Secrets, demand_no_secret_in_bundle
from harness.suite import PASSWORD

TIME_LIMIT = 240
RSA = {"authentication": "rsa-signature"}
STEPS = ["found", "key", "chain", "signature", "dates", "usage", "revocation", "identity"]
ECDSA = {"authentication": "ecdsa-signature"}


def configure(lab, client, server, **isakmp):
    """The usual two hosts; `isakmp`: further keys of the ISAKMP policy on both."""
    for suite, document in ((client, configuration.telnet_client(lab.a, lab.b, 4)),
                            (server, configuration.telnet_server(lab.b, lab.a, 4))):
        document["isakmp_policies"][0].update(isakmp)
        suite.configure(document)
        if suite.running:
            suite.reload()


def works(lab, client, server, method, meanwhile=lambda: None):
    traffic.transfer(lab.a, lab.b, 4, traffic.TELNET, megabytes=1)
    for suite in (client, server):
        mad = suite.mad()
        expect([sa["authentication_method"] for sa in mad] == [method], f"{suite.node.name}: -mad shows {mad}")
    meanwhile()
    for suite, other in ((client, lab.b), (server, lab.a)):
        suite.delete_sas(other.address(4))
    lab.note(f"{method} works")


def blocked(lab):
    """A connection that must not come about; then the kernel is made to ask anew for the next one."""
    traffic.expect_blocked(lab.a, lab.b, 4, traffic.TELNET, timeout=1)
    lab.a.run(["ip", "xfrm", "state", "flush"])


def refused(lab, client, server, event, reason, told):
    """The client opens a connection; the server refuses its certificate and says why, and the client hears of it."""
    blocked(lab)
    for suite, words in ((server, reason), (client, told)):
        wait_for(f"{words} in -failures of {suite.node.name}, which has {suite.failures()}",
                 lambda: words in [failure["reason"] for failure in suite.failures()], timeout=20, pause=0.5)
        expect(not suite.mad() and not suite.sad(), f"{suite.node.name} has SAs: {suite.mad()} {suite.sad()}")
    record = server.wait_for_audit(event)
    lab.note(f"{event}: {record['text']}")
    for suite, other in ((client, lab.b), (server, lab.a)):
        suite.delete_sas(other.address(4))
    return record["text"]


def no_local_certificate(client, server, words):
    """The side that begins says so in the audit trail and in -failures, and neither has an SA."""
    wait_for("the failure record about no local certificate",
             lambda: [failure["reason"] for failure in client.failures()[:1]] == ["no-local-certificate"], timeout=10,
             pause=0.5)
    texts = [record["text"] for record in client.audit() if record["event"] == "no-local-certificate"]
    expect(texts and texts[-1].startswith("No local certificate available") and words in texts[-1], f"audit: {texts}")
    for suite in (client, server):
        expect(not suite.mad() and not suite.sad(), f"{suite.node.name} has SAs: {suite.mad()} {suite.sad()}")


def check_agrees(suite, remote, issued, step, kind):
    """cert check names that step alone, as the kind that the negotiation failed with. Gives its text."""
    steps, failed, found = suite.check_certificate(remote, issued)
    expect(failed == [step] and found == kind, f"cert check fails {failed} with {found}: {steps}")
    expect(list(steps) == STEPS, f"cert check takes the steps {list(steps)}")
    return steps[step]


def check_accepts(suite, remote, issued, revocation):
    """cert check takes it: each step says why, the one of revocation with these words, and the names are beside each
    other."""
    steps, failed, kind = suite.check_certificate(remote, issued)
    expect(not failed and kind is None, f"cert check refuses what works: {steps}")
    for step, words in (("found", "CN=a, serial"), ("chain", "CN=a < O=Example, CN=Root"),
                        ("signature", "signed by O=Example, CN=Root with SHA256"), ("dates", "29 days left"),
                        ("revocation", revocation), ("identity", f'"{remote}" is in "O=Example, CN=a, {remote}"')):
        expect(words in steps[step], f"cert check of {step} says {steps[step]}, not {words}")


def explains(suite, remote, advised, own, cas=None):
    """What -explain says of certificates; `advised` is in its advice."""
    explained = suite.explain(remote)
    found = explained["certificates"]
    expect([each["name"] for each in found["own"]] == own, f"-explain of our certificates: {found}")
    expect(cas is None or found["cas"] == cas, f"-explain of the trusted CAs: {found}")
    expect(any(advised in sentence for sentence in explained["next"]), f"-explain advises {explained['next']}")
    return found


def no_private_key(suite, *keys, sas=True):
    """The support bundle has nothing of these private keys, in whatever form, nor of the passwords or the SAs' keys."""
    secrets = Secrets()
    for issued in keys:
        secrets.add_private_key(issued.key, issued.key)
    secrets.add("the password", PASSWORD)
    if sas:
        secrets.add_kernel_keys(suite)
    demand_no_secret_in_bundle(suite, secrets)


def run(lab):
    lab.wire.protect("tcp port 23")
    root = Authority(f"{lab.directory}/root")
    between = Authority(f"{lab.directory}/between", "Between", issuer=root)
    client, server = (lab.suite(node) for node in (lab.a, lab.b))
    configure(lab, client, server, **ECDSA)
    for suite in (client, server):
        suite.start()
    a, b = lab.a.address(4), lab.b.address(4)

    # Nothing is there yet: the side that begins says so.
    blocked(lab)
    no_local_certificate(client, server, "none with its private key is stored")
    explains(client, b, "cert import", own=[], cas=[])

    good = root.issue("a", f"IP:{a}")
    for suite, name, issued in ((client, "a", good), (server, "b", root.issue("b", f"IP:{b}"))):
        suite.trust(root.certificate)
        suite.import_certificate(issued, name)
    check_accepts(server, a, good, "no CRL of O=Example, CN=Root (revocation: tolerant)")
    works(lab, client, server, "ecdsa-signature")

    # RSA, through an intermediate CA that only the sender has.
    client.trust(between.certificate)
    rsa = between.issue("a-rsa", f"IP:{a}", key="RSA")
    client.import_certificate(rsa, "a-rsa")
    server.import_certificate(root.issue("b-rsa", f"IP:{b}", key="RSA"), "b-rsa")
    configure(lab, client, server, **RSA)
    works(lab, client, server, "rsa-signature", lambda: no_private_key(client, rsa, good))

    configure(lab, client, server, **ECDSA)
    # Another name than the address it comes from.
    misnamed = root.issue("a", "IP:192.0.2.77")
    client.replace_certificate("a", misnamed)
    text = refused(lab, client, server, "cert-identity-mismatch", "certificate-identity-mismatch",
                   "authentication-failed")
    expect("192.0.2.77" in text and a in text, f"not both strings: {text}")
    text = check_agrees(server, a, misnamed, "identity", "identity-mismatch")
    expect(text == f'the peer says it is "{a}", its certificate is for "O=Example, CN=a, 192.0.2.77"', text)
    # A CA that nobody trusts there.
    other = Authority(f"{lab.directory}/other", "Other")
    client.replace_certificate("a", other.issue("a", f"IP:{a}"))
    refused(lab, client, server, "cert-unknown-ca", "certificate-unknown-ca", "invalid-cert-authority")
    # One that is taken back.
    revoked = root.issue("a", f"IP:{a}")
    client.replace_certificate("a", revoked)
    root.revoke(revoked)
    server.manage_with_password("crl", "add", root.crl())
    text = refused(lab, client, server, "cert-revoked", "certificate-revoked", "invalid-certificate")
    no_private_key(client, revoked, rsa, sas=False)
    found = explains(server, a, "cert check", own=["b"])
    expect(len(found["crls"]) == 1 and not found["crls"][0]["overdue"], f"-explain of the CRL: {found}")
    expect("serial" in text and "CRL" in text, f"no serial or CRL: {text}")
    expect(check_agrees(server, a, revoked, "revocation", "revoked") in text, "cert check words it otherwise")
    check_accepts(server, a, good, "minutes old; the next is due ")
    client.replace_certificate("a", good)
    works(lab, client, server, "ecdsa-signature")
    # One that ends while it is in use: the host that has it does not show it any more.
    client.replace_certificate("a", root.issue("a", f"IP:{a}", start=-7200, end=-3600))
    blocked(lab)
    no_local_certificate(client, server, "has expired at")
    found = explains(client, b, "would be refused", own=["a"])
    expect(found["own"][0]["refused"], f"-explain does not say that the certificate has ended: {found}")

    for suite, peer in ((client, b), (server, a)):
        suite.set_key(peer, configuration.KEY)
    configure(lab, client, server)
    works(lab, client, server, "psk")
