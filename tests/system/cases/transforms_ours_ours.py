"""Every kind of transform between two of ours: negotiated, in the kernel, and traffic goes through. All with 64-bit
sequence numbers and a wide replay window, as two of ours agree on."""

import re

from harness import configuration, traffic
from harness.command import expect

TIME_LIMIT = 200
DECODED = ("ah and esp",)  # the nested SAs
# name, encryption and authentication as -sad shows them, number of SAs
TRANSFORMS = (
    ("ESP-AES256-HMAC-SHA512", "AES256-CBC", "HMAC-SHA512", 2),
    ("ESP-AES192-HMAC-SHA1", "AES192-CBC", "HMAC-SHA1", 2),
    ("ESP-AES256-GCM16", "AES256-GCM16", "None", 2),
    ("ESP-AES128-GCM8", "AES128-GCM8", "None", 2),
    ("ESP-AES256-GCM12", "AES256-GCM12", "None", 2),
    ("ESP-CHACHA20-POLY1305", "CHACHA20-POLY1305", "None", 2),
    ("ESP-AES128CTR-HMAC-SHA384", "AES128-CTR", "HMAC-SHA384", 2),
    ("ESP-3DES-HMAC-SHA1", "3DES-CBC", "HMAC-SHA1", 2),
    ("ESP-DES-HMAC-MD5", "DES-CBC", "HMAC-MD5", 2),
    ("ESP-AES256-XCBC", "AES256-CBC", "AES-XCBC", 2),
    ("ESP-NULL-HMAC-SHA256", "NULL", "HMAC-SHA256", 2),
    ("AH-SHA256", "None", "HMAC-SHA256", 2),
    ("AH-XCBC", "None", "AES-XCBC", 2),
    ("AH-SHA256+ESP-AES128", "AES128-CBC", "None", 4),
)
FIRST_PORT = 2300
REPLAY_WINDOW = 256


def expect_extended_sequence(node):
    """The kernel's own word about every SA there."""
    states = node.run(["ip", "xfrm", "state"]).stdout.split("\nsrc ")
    wrong = [state for state in states if "esn" not in re.findall(r"flag (.*)", state + "flag \n")[0].split()
             or f"replay_window {REPLAY_WINDOW}," not in state]
    expect(not wrong, f"{node.name}: SAs without 64-bit sequence numbers or with another window: {wrong}")


def documents(lab):
    """A policy a transform, told apart by their ports; legacy ones are allowed."""
    for node, peer, port in ((lab.a, lab.b, "remote_port"), (lab.b, lab.a, "local_port")):
        policies = [configuration.secure(f"t{i}", node, peer, 4, transforms=[name], **{port: FIRST_PORT + i})
                    for i, (name, *_) in enumerate(TRANSFORMS)]
        document = configuration.document(policies, [configuration.isakmp(peer, 4)])
        document["allow_legacy"] = True
        yield node, peer, document


def run(lab):
    suites = [lab.suite(node, document, configuration.KEY, peer) for node, peer, document in documents(lab)]
    for suite in suites:
        suite.start()
    for i, (name, encryption, authentication, count) in enumerate(TRANSFORMS):
        # NULL does not hide and AH neither: what must not be there is the bare TCP packet.
        lab.wire.protect(f"tcp port {FIRST_PORT + i}", esp=False)
        traffic.echo_server(lab.b, 4, FIRST_PORT + i)
        traffic.talk(lab.a, lab.b, 4, FIRST_PORT + i)
        for suite in suites:
            sas = [sa for sa in suite.sad() if sa["policy"] == f"t{i}"]
            expect(len(sas) == count, f"{name}: {suite.node.name} has {len(sas)} SAs, not {count}: {sas}")
            inner = [sa for sa in sas if sa["protocol"] == "esp"] or sas
            shown = {(sa["encryption"], sa["authentication"]) for sa in inner}
            expect(shown == {(encryption, authentication)}, f"{name}: -sad shows {shown}")
        lab.note(f"{name}: traffic goes through")
    for node in (lab.a, lab.b):
        expect_extended_sequence(node)
    lab.note("all with 64-bit sequence numbers")
