"""ipsec_mgr in a real terminal: from an empty configuration to secured traffic without an editor; then a signal."""

import os
import signal

from harness import command, configuration, traffic
from harness.command import expect
from harness.screen import Screen
from harness.suite import PASSWORD

TIME_LIMIT = 120
EMPTY = """// of this host
{
  "version": 1 // the format
}
"""


def open_screen(lab, suite, terminal):
    return Screen(lab.a, suite.root, [os.path.join(suite.tools, "ipsec_mgr"), "--root", suite.root], terminal)


def store_key(screen, remote):
    screen.press("3")
    screen.wait("No keys yet")
    screen.press("a")
    screen.wait("Store a pre-shared key")
    seen = []
    for line in (remote, configuration.KEY, configuration.KEY, PASSWORD):
        screen.type(line)
        seen.append(screen.text())
        screen.press("Enter")
    screen.wait(f"Pre-shared key set for {remote}", "psk")
    expect(not any(secret in text for text in seen for secret in (configuration.KEY, PASSWORD)),
           f"a secret was on the screen: {seen}")


def pick(screen, field, words, result):
    """Several from a list, by parts of their names."""
    screen.fill(field)
    screen.press("Enter")
    screen.wait("Chosen, the preferred one first")
    screen.type(words)
    screen.press("Enter")
    screen.wait(f"{result} added")
    screen.press("F2")
    screen.wait(f"*{field}")


def add_isakmp_policy(screen, remote):
    screen.press("2")
    screen.wait("[2 ISAKMP]")
    screen.press("a")
    screen.wait("ISAKMP policy new")
    screen.fill("name", "peer")
    screen.fill("remote", remote)
    pick(screen, "proposals", "aes128 sha256 modp2048", "AES128-SHA256-MODP2048")
    screen.press("F2")
    screen.wait("ISAKMP policy peer saved", "1*peer")


def add_policy(screen, local, remote):
    screen.press("1")
    screen.wait("[1 Policies]")
    screen.press("a")
    screen.wait("Policy new")
    screen.fill("name", "telnet_out")
    screen.fill("filter.local", local + "x")
    screen.wait("!filter.local")
    screen.fill("filter.local", local)
    screen.wait("*filter.local")
    for field, text in (("filter.remote", remote), ("filter.protocol", "tcp"), ("filter.remote_port", "23")):
        screen.fill(field, text)
    screen.fill("action")
    screen.press("Enter")
    screen.wait(">secure")
    screen.press("Enter")
    pick(screen, "transforms", "esp-aes128-hmac-sha256", "ESP-AES128-HMAC-SHA256")
    screen.wait("Valid: hashed, 4 exact fields")

    # Another size, there and back, in the middle of it.
    screen.resize(132, 40)
    screen.wait("(no perfect forward secrecy in Quick Mode)", "*transforms")
    screen.resize(30, 10)
    screen.wait("Too small")
    screen.resize(80, 24)
    screen.wait("*transforms", "F1:help")
    # Which policy would a packet get, by what is not saved yet?
    screen.press("F3")
    screen.wait("Policy: telnet_out (hashed, place 1): secure", "ISAKMP policy: peer")
    screen.press("Escape")
    screen.wait("Policy new (not saved)")
    screen.press("F2")
    screen.wait("Policy telnet_out saved", "1*telnet_out")


def believe_a_ca(screen, directory):
    """A CA from a file, on the screen of certificates; and what is not one."""
    key, file = os.path.join(directory, "root.key"), os.path.join(directory, "root.pem")
    command.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Screen Root", "-days", "40",
                 "-keyout", key, "-out", file])
    screen.press("7")
    screen.wait("[Certificates]", "No certificates yet")
    screen.press("v")
    screen.wait("[CAs]", "No CAs yet")
    screen.press("a")
    screen.wait("Add a CA")
    screen.type(key)
    screen.press("Enter")
    screen.wait("It was not done")
    screen.press("Escape")
    screen.press("a")
    screen.wait("Add a CA")
    screen.type(file)
    screen.press("Enter")
    screen.wait("CA added", "CN=Screen Root")
    screen.press("v")
    screen.wait("[CRLs]", "No CRLs yet")


def apply(screen):
    screen.press("F9")
    screen.wait("Apply 2 changes?", "+ telnet_out", "+ isakmp_policies peer")
    screen.press("a")
    screen.wait("Policies loaded")


def run(lab):
    lab.wire.protect("tcp port 23")
    lab.wire.expect_clear("tcp port 80")
    server = lab.suite(lab.b, configuration.telnet_server(lab.b, lab.a, 4), configuration.KEY, lab.a)
    server.start()
    client = lab.suite(lab.a)
    file = os.path.join(client.root, "etc/ipsec9000/ipsec.json")
    with open(file, "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
        out.write(EMPTY)
    client.start()
    lab.note("both run, A without a policy")

    screen = open_screen(lab, client, "vt220")
    try:
        screen.wait("What is in the file is in force", "F1:help")
        store_key(screen, lab.b.address(4))
        add_isakmp_policy(screen, lab.b.address(4))
        add_policy(screen, lab.a.address(4), lab.b.address(4))
        lab.note("key, ISAKMP policy and policy typed")
        believe_a_ca(screen, client.root)
        apply(screen)
        with open(file, encoding="ascii") as text:
            expect(text.read().startswith('// of this host\n{\n  "version": 1, // the format\n'), "comments are lost")

        traffic.transfer(lab.a, lab.b, 4, traffic.TELNET)
        traffic.http_server(lab.b, 4)
        traffic.http_get(lab.a, lab.b, 4)
        client.wait_for_sas(2)
        lab.note("secured traffic, and some in clear")
        screen.press("4")
        screen.wait(" ESP ", " ISAKMP ", "telnet_out", "[")
        screen.press("q")
        screen.wait("status 0", "the end")
        expect("-echo" not in screen.text() and "-icanon" not in screen.text(),
               f"the terminal was not given back:\n{screen.text()}")
    finally:
        screen.close()
    end_by_signal(lab, client)


def end_by_signal(lab, client):
    """In the middle of an edit: the terminal is given back, and what was typed is told."""
    screen = open_screen(lab, client, "screen-256color")
    try:
        screen.wait("[1 Policies]", "telnet_out")
        screen.press("Enter")
        screen.wait("Policy telnet_out")
        screen.fill("filter.remote_port", "24")
        screen.wait("(not saved)")
        os.kill(screen.process(), signal.SIGTERM)
        text = screen.wait("not saved: ipsec_mgr policy set telnet_out filter.remote_port=24", "status 1", "the end")
        expect("-echo" not in text and "-icanon" not in text, f"the terminal was not given back:\n{text}")
    finally:
        screen.close()
