"""ike-scan: what a stranger gets to see. Main Mode answered as configured, all else refused, nothing amplified."""

import re

from harness import configuration, isakmp
from harness.command import expect

TIME_LIMIT = 90
ALLOWED = "7/128,4,1,14"  # AES-128, SHA-256, pre-shared key, MODP2048
DEAD_PEER_DETECTION = "afcad71368a1f1c96b8696fc77570100"  # a vendor id
LEGACY = "5,2,1,2"  # 3DES, SHA-1, pre-shared key, MODP1024
AGGRESSIVE = ["--aggressive", "--dhgroup=14", f"--trans={ALLOWED}", "--idtype=1", "--id=0x0a010002"]
SCAN = ["ike-scan", "--nodns", "--retry=1", "--timeout=1000", "--vidpatterns=/usr/share/ike-scan/ike-vendor-ids"]
# Each is Main Mode with one thing wrong; what ike-scan's manual offers for finding weak implementations.
MALFORMED = (["--headerlen=+1000"], ["--headerlen=-20"], ["--headerlen=0"], ["--headerver=255"], ["--mbz=255"],
             ["--nextpayload=255"], ["--nextpayload=0"], ["--exchange=99"], ["--exchange=32"], ["--hdrflags=255"],
             ["--hdrmsgid=4711"], ["--cookie=0000000000000000"], ["--doi=99"], ["--situation=99"], ["--protocol=99"],
             ["--transid=99"], ["--spisize=255"], ["--lifetime=0x00"], ["--vendor=" + "00" * 500], ["--ikev2"],
             ["--trans=(1=7,14=128,2=4,3=1,4=65535)"], ["--trans=(1=65535,2=65535,3=65535,4=14)"],
             ["--aggressive", "--noncelen=0"], ["--aggressive", "--dhgroup=14", "--noncelen=4000"])


def run(lab):
    document = configuration.telnet_server(lab.a, lab.b, 4)
    suite = lab.suite(lab.a, document, configuration.KEY, lab.b)
    suite.start()

    answer = scan(lab, f"--trans={ALLOWED}", f"--vendor={DEAD_PEER_DETECTION}", "--showbackoff=10")
    expect("Main Mode Handshake returned" in answer, f"no handshake: {answer}")
    for attribute in ("Enc=AES", "KeyLength=128", "Hash=SHA2-256", "Group=14:modp2048", "Auth=PSK"):
        expect(attribute in answer, f"{attribute}, which was offered, is not in the answer: {answer}")
    names = re.findall(r"VID=[0-9a-f]+(?: \(([^)]*)\))?", answer)
    expect(names and all(names), f"vendor ids that nobody knows: {answer}")
    lab.note(f"Main Mode: a handshake; vendor ids: {', '.join(names)}")
    # The repetitions are the initiator's business: a responder that repeats is a gift to whoever forges addresses.
    times = re.findall(r"^10\.1\.0\.1\s+(\d+)\s", answer, re.MULTILINE)
    expect(times == ["1"], f"not one answer within 10 s: {answer}")

    answer = scan(lab, f"--trans={LEGACY}")
    expect("NO-PROPOSAL-CHOSEN" in answer, f"3DES and MODP1024 should be refused: {answer}")
    answer = scan(lab, f"--trans={LEGACY}", f"--trans={ALLOWED}")
    expect("Hash=SHA2-256" in answer, f"the second transform should be chosen: {answer}")
    answer = scan(lab, *AGGRESSIVE)
    expect("Handshake returned" not in answer, f"Aggressive Mode, which no policy allows, is answered: {answer}")
    expect("INVALID-EXCHANGE-TYPE" in answer, f"nor is it said why not: {answer}")
    lab.note("legacy algorithms and Aggressive Mode are refused")

    for arguments in MALFORMED:
        transform = [] if any("trans" in one for one in arguments) else [f"--trans={ALLOWED}"]
        scan(lab, *transform, *arguments, timeout=200)
    answer = scan(lab, f"--trans={ALLOWED}")
    expect("Main Mode Handshake returned" in answer, f"after {len(MALFORMED)} malformed requests: {answer}")
    lab.note(f"{len(MALFORMED)} malformed requests: still well")
    expect(suite.status()["daemons"]["ikpmd"] == "running", f"ikpmd did not survive: {suite.status()}")
    expect_no_amplification(lab)
    aggressive(lab, suite, document)


def aggressive(lab, suite, document):
    """Where the policy allows it: the handshake, with the HASH by which a key can be guessed, and our warning of it."""
    document["isakmp_policies"][0]["exchange"] = "aggressive"
    suite.configure(document)
    warning = suite.manage("check").stderr.strip()
    expect("guess the key" in warning, f"no warning of offline guessing: {warning}")
    suite.reload()
    answer = scan(lab, *AGGRESSIVE)
    for what in ("Aggressive Mode Handshake returned", "Enc=AES", "KeyLength=128", "Hash=SHA2-256", "Auth=PSK",
                 "KeyExchange(256 bytes)", "Nonce(", f"ID(Type=ID_IPV4_ADDR, Value={lab.a.address(4)})", "Hash(32 bytes)"):
        expect(what in answer, f"{what} is not in the answer: {answer}")
    failures = len(suite.failures())
    expect("Handshake returned" not in scan(lab, *AGGRESSIVE[:-1], "--id=0x0a0900ff"), "a stranger's identity is answered")
    expect(len(suite.failures()) > failures, f"the stranger's identity is not recorded: {suite.failures()}")
    lab.note(f"Aggressive Mode, allowed: a handshake, and the warning: {warning}")


def scan(lab, *arguments, timeout=1000):
    options = [*SCAN, *arguments, f"--timeout={timeout}", lab.a.address(4)]
    return lab.b.run(options, timeout=30).stdout


def expect_no_amplification(lab):
    """None of the scanner's requests proves its address, so no answer may be longer than the request."""
    longest = {}
    answers = 0
    for source, message in isakmp.messages(lab.wire.isakmp_file):
        cookie = message[:8]
        if source == lab.b.address(4):
            longest[cookie] = max(longest.get(cookie, 0), len(message))
        else:
            answers += 1
            expect(len(message) <= longest.get(cookie, 0),
                   f"an answer of {len(message)} bytes to a request of {longest.get(cookie)}: {message.hex()}")
    expect(answers, "no answers on the wire")
    lab.note(f"{len(longest)} requests, {answers} answers, none longer than its request")
