"""What a CA's servers give: CRLs by HTTP and LDAP, OCSP, certificates and new keys by CMP; and what becomes of us when
they are slow, silent, boundless or not there, or when a policy of ours is in their way. The peers do not notice."""

import os

from harness import command, configuration, traffic
from harness.authority import Authority
from harness.certificate_servers import SECRET, Manager, Web, directory_service, responder
from harness.command import expect, wait_for
from harness.secrets import Secrets, demand_no_secret_in_bundle
from harness.suite import PASSWORD

TIME_LIMIT = 150
PROFILE_PASSWORD = "the profile's own password"


def no_secret_of_profile(suite, profile, password_file):
    """The support bundle has nothing of the profile's key, its password, or the secret for which the CA gave it."""
    key = suite.write("profile.key", command.run(
        ["openssl", "pkcs12", "-in", profile, "-nocerts", "-noenc", "-passin", f"file:{password_file}"]).stdout)
    secrets = Secrets()
    secrets.add_private_key("the profile's key", key)
    os.unlink(key)
    for what, text in (("the profile's password", PROFILE_PASSWORD), ("the CA's secret", SECRET), ("the password", PASSWORD)):
        secrets.add(what, text)
    secrets.add_kernel_keys(suite)
    demand_no_secret_in_bundle(suite, secrets)


def connects(lab, *suites):
    """Negotiates anew."""
    for suite, other in zip(suites, (lab.b, lab.a)):
        suite.delete_sas(other.address(4))
    traffic.transfer(lab.a, lab.b, 4, traffic.TELNET, megabytes=1)


def records(suite, event):
    return [record for record in suite.audit() if record["event"] == event]


def heard(suite, event, *words, timeout=15):
    """Waits for a record of this kind with these words in its text."""
    found = []

    def there():
        found[:] = [r["text"] for r in records(suite, event) if all(word in r["text"] for word in words)]
        return bool(found)
    wait_for(f"{event} with {words} at {suite.node.name}", there, timeout=timeout, pause=0.5)
    return found[-1]


def run_servers(lab, authorities, servers):
    root = authorities["Root"]
    b = lab.b.address(4)
    crl = f"{lab.directory}/root.crl"
    command.run(["openssl", "crl", "-in", root.crl(), "-outform", "DER", "-out", crl])
    # Two and a half hours of life left of a tenth of a year: to be renewed at once; then one of a month.
    templates = [root.issue("a", f"IP:{lab.a.address(4)}", start=-86400 * 30, end=9000),
                 root.issue("a", f"IP:{lab.a.address(4)}")]
    servers.append(Web(lab.b, 8080, {"/root.crl": crl}))
    certificates = {name: f"{lab.directory}/{name}.der" for name in authorities}
    for name, path in certificates.items():
        command.run(["openssl", "x509", "-in", authorities[name].certificate, "-outform", "DER", "-out", path])
    servers.append(directory_service(lab.b, 389, f"{lab.directory}/ldap", crl, certificates))
    servers.append(Manager(lab.b, 8829, root, templates, f"{lab.directory}/manager"))
    return [f"crlDistributionPoints = URI:http://{b}:8080/root.crl", f"authorityInfoAccess = OCSP;URI:http://{b}:8888"]


def run(lab):
    servers = []
    try:
        exercise(lab, servers)
    finally:
        for server in servers:
            server.close()


def exercise(lab, servers):
    lab.wire.protect("tcp port 23")
    a, b = lab.a.address(4), lab.b.address(4)
    root = Authority(f"{lab.directory}/root")
    upper = Authority(f"{lab.directory}/upper", "Upper", issuer=root)
    lower = Authority(f"{lab.directory}/lower", "Lower", issuer=upper)
    extensions = run_servers(lab, {"Root": root, "Upper": upper, "Lower": lower}, servers)
    client, server = (lab.suite(node) for node in (lab.a, lab.b))
    for suite, document in ((client, configuration.telnet_client(lab.a, lab.b, 4)),
                            (server, configuration.telnet_server(lab.b, lab.a, 4))):
        document["isakmp_policies"][0]["authentication"] = "ecdsa-signature"
        document["revocation"] = "strict"
        if suite is client:
            document["policies"].append(configuration.plain("no_directory", "discard", lab.a, lab.b, 4,
                                                            remote_port=3891))
        suite.configure(document)
        if suite is client:
            tolerant = {**document, "revocation": "tolerant"}
    client.write("etc/ipsec9000/entrust.ini", "[Entrust Settings]\n"
                 f"Manager={b}+8829/pkix/\nServer={b}+389\n")
    server.write("etc/ipsec9000/entrust.ini", f"[Entrust Settings]\nServer={b}+389\nRootFingerprint={root.fingerprint()}\n")
    for suite in (client, server):
        suite.start()

    # The other host has its certificate from the CA as a file; the CA's own comes from the directory, and counts by its
    # fingerprint; the list comes by HTTP. Ours comes from the manager, with the CA's own, whose list is in the directory.
    server.import_certificate(root.issue("b", f"IP:{b}", extensions=extensions), "b")
    servers.insert(0, responder(lab.b, 8888, root))  # knows what was issued when it began
    lab.note(heard(server, "ca-fetched", "cACertificate", "O=Example, CN=Root"))
    lab.note(heard(server, "crl-fetched", "http://"))
    expect([ca["subject"] for ca in server.manage_json("ca", "list")["items"]] == ["O=Example, CN=Root"], "ca list")
    secret, password = client.write("secret", SECRET), client.write("profile", PROFILE_PASSWORD)
    created = client.manage_with_password("profile", "create", "a", "-subject", "O=Example, CN=a", "-altname", a,
                                          "-keytype", "ecdsa256", "-reference", "gate", "-secret-file", secret,
                                          "-profile-password-file", password)
    lab.note(created.stdout.strip())
    lab.note(heard(client, "crl-fetched", "ldap://"))
    # That certificate ends soon: it is replaced by itself.
    lab.note(heard(client, "key-updated", "a"))
    expect(len(servers[-1].issued) == 2, f"the manager issued {servers[-1].issued}")
    connects(lab)
    no_secret_of_profile(client, f"{client.root}/var/lib/ipsec9000/certs/a.epf", password)
    lab.note(heard(client, "ocsp-answered", "says good", "CN=b"))

    # Servers as they should not be.
    client.manage_with_password("crl", "add", f"http://{b}:8080/boundless")
    lab.note(heard(client, "crl-not-fetched", "/boundless", "larger than 16384 KBytes"))
    client.manage_with_password("crl", "add", f"ldap://{b}:3890/CN=Root,O=Example")
    lab.note(heard(client, "directory-unreachable", ":3890/"))
    client.manage_with_password("crl", "add", f"ldap://{b}:3891/CN=Root,O=Example")
    lab.note(heard(client, "directory-traffic-caught", "no_directory", ":3891/", timeout=30))
    client.manage_with_password("crl", "add", f"http://{b}:8080/silent")
    wait_for("the question to the silent server", lambda: "/silent" in servers[1].asked)
    connects(lab, client, server)
    expect(not [r for r in records(client, "crl-not-fetched") if "/silent" in r["text"]],
           "the silent server was given up before anything could be seen beside it")
    lab.note(heard(client, "crl-not-fetched", "/silent", timeout=30))
    connects(lab, client, server)

    problems = client.status()["problems"]
    expect(not [p for p in problems if "ends in" in p and "Certificate a" in p], f"the renewed one ends? {problems}")

    # Two CAs between the peer and the root, and the peer has none of them to send: the directory has both. The peer does
    # not ask it any more.
    server.write("etc/ipsec9000/entrust.ini", "")
    client.configure(tolerant)
    for suite in (server, client):
        suite.reload()
    server.replace_certificate("b", lower.issue("b", f"IP:{b}"))
    for suite, other in ((client, lab.b), (server, lab.a)):
        suite.delete_sas(other.address(4))
    traffic.expect_blocked(lab.a, lab.b, 4, traffic.TELNET, timeout=1)
    lab.note(heard(client, "ca-not-fetched", "/CN=Lower"))
    lab.note(heard(client, "ca-fetched", "/CN=Upper", "CN=Upper; O=Example, CN=Lower"))
    lab.a.run(["ip", "xfrm", "state", "flush"])  # so that the kernel asks anew
    connects(lab, client, server)
    expect([ca["subject"] for ca in server.manage_json("ca", "list")["items"]] == ["O=Example, CN=Root"], "the peer asked")
