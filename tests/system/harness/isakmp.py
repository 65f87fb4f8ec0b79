"""The ISAKMP messages of a case, decoded by tshark: a second opinion about everything that our daemon sends.

tshark decrypts too, with the keys that strongSwan writes into its log. libreswan keeps them in NSS and logs none at any
level, so something that is preloaded listens there (pluto_keys.c). Our own daemon shows its keys to nobody:
tests/unit/ike/tshark_test.cpp has what two of ours say decrypted. The verdict is made by tests/system/run, outside:
User Mode Linux takes a minute for what tshark does in half a second.
"""

import glob
import ipaddress
import json
import os
import re
import struct

from harness.command import run

CAPTURE, FACTS = "isakmp.pcap", "isakmp.json"
FIELDS = ("frame.number", "ip.src", "ipv6.src", "isakmp.ispi", "isakmp.exchangetype", "isakmp.messageid",
          "isakmp.flag_e", "isakmp.typepayload", "isakmp.notify.msgtype", "_ws.malformed", "_ws.expert.severity", "_ws.expert.message")
EXCHANGES = {2: "Main Mode", 4: "Aggressive Mode", 5: "Informational", 32: "Quick Mode"}
DELETE, FRAGMENT = 12, 132  # payloads
PROBES = {36136: "R-U-THERE", 36137: "R-U-THERE-ACK"}  # notifications
WARNING = 0x600000  # tshark's severities: chat, note, warning, error
ISAKMP_HEADER, FILE_HEADER, RECORD_HEADER = 28, 24, 16  # bytes; the latter two are of pcap
NON_ESP_MARKER = b"\0\0\0\0"  # before a message on port 4500 (RFC 3948, 2.2)

# With the logs' level for IKE at 4, and their level for finding SAs at 2, charon's thread first says which SA it deals
# with and then the key.
_CHARON_SA = re.compile(r"^(\d+)\[MGR\] checkout IKEv1 SA by message with SPIs ([0-9a-f]{16})_i")
_CHARON_KEY = re.compile(r"^(\d+)\[IKE\] encryption key Ka => \d+ bytes")
_CHARON_BYTES = re.compile(r"^(\d+)\[IKE\] +\d+: ((?:[0-9A-F]{2} )+)")


def keys_of_charon(log):
    """{initiator's cookie: encryption key}, both in hex."""
    cookies, reading, keys = {}, None, {}
    for line in log.splitlines():
        if found := _CHARON_SA.match(line):
            cookies[found[1]] = found[2]
        elif found := _CHARON_KEY.match(line):
            reading = found[1]
            keys[cookies[reading]] = ""
        elif (found := _CHARON_BYTES.match(line)) and found[1] == reading:
            keys[cookies[reading]] += found[2].replace(" ", "").lower()
        elif line.startswith(f"{reading}["):
            reading = None
    return keys


class Decoded:
    """What tshark says of one message."""

    def __init__(self, line):
        fields = dict(zip(FIELDS, line.split("\t")))
        self.source = fields["ip.src"] or fields["ipv6.src"]
        self.cookie = fields["isakmp.ispi"].split(",")[0]
        # With the last fragment of a message comes the whole of it, which has a header of its own.
        self.encrypted = fields["isakmp.flag_e"].split(",")[-1] in ("1", "True")
        payloads, notifications = (fields[name].split(",") for name in ("isakmp.typepayload", "isakmp.notify.msgtype"))
        self.readable = any(payload and _number(payload) != FRAGMENT for payload in payloads)
        self.kinds = {EXCHANGES.get(_number(fields["isakmp.exchangetype"].split(",")[0]), "other")}
        self.kinds |= {"Delete"} if DELETE in map(_number, payloads) else set()
        self.kinds |= {PROBES[number] for number in map(_number, notifications) if number in PROBES}
        self.name = (f"frame {fields['frame.number']} from {self.source}, exchange {fields['isakmp.exchangetype']}, "
                     f"message id {fields['isakmp.messageid']}")
        severities = [int(value) for value in fields["_ws.expert.severity"].split(",") if value]
        self.complaint = ""
        if fields["_ws.malformed"]:
            self.complaint = "malformed"
        elif any(value >= WARNING for value in severities):
            self.complaint = fields["_ws.expert.message"] or "an expert warning"


def _number(text):
    return int(text, 0) if text else None


def save_facts(directory, ours, keys):
    """For verdict(): the addresses whose messages are to be judged, and the keys that are known."""
    with open(os.path.join(directory, FACTS), "w", encoding="utf-8") as file:
        json.dump({"ours": ours, "keys": keys}, file)


def verdict(directory, control=False, wanted=()):
    """After a case: what is wrong with the messages of ours, a sentence each, and what was looked at. `directory` has
    the capture and the facts. `control`: proves as well that with wrong keys there would be objections. `wanted`: kinds
    of messages (Decoded.kinds) of which at least one must have been decrypted."""
    with open(os.path.join(directory, FACTS), encoding="utf-8") as file:
        facts = json.load(file)
    ours, keys = facts["ours"], facts["keys"]
    if not ours:
        return [], "no ISAKMP messages to judge"
    judged = _decode(directory, ours, keys)
    found = _objections(judged, keys)
    if control:
        wrong = {cookie: "00" * (len(key) // 2) for cookie, key in keys.items()}
        if not _objections(_decode(directory, ours, wrong), wrong):
            found.append("tshark has nothing to say about messages that were decrypted with wrong keys")
    decrypted = [message for message in judged if message.encrypted and message.readable]
    kinds = sorted(set().union(*(message.kinds for message in decrypted)))
    found += [f"no message of ours was decrypted that is: {kind}" for kind in wanted if kind not in kinds]
    return found, (f"tshark on {len(judged)} ISAKMP messages, {len(decrypted)} of them decrypted"
                   f"{' (' + ', '.join(kinds) + ')' if kinds else ''}: {len(found)} objections")


def trace_verdict(directory):
    """What tshark has to object to the traces of ours in there, a sentence each: any warning, any file that it cannot
    read, a trace in which it finds no comments or no IKE; and what was looked at."""
    found, looked_at = [], []
    for path in sorted(glob.glob(os.path.join(directory, "trace-*.pcapng"))):
        name = os.path.basename(path)
        finished = run(["tshark", "-r", path, "-T", "fields", "-e", "frame.comment", "-e", "isakmp.exchangetype",
                        "-e", "isakmp.flag_e", "-e", "_ws.malformed", "-e", "_ws.expert.severity", "-e",
                        "_ws.expert.message"], timeout=60)
        if finished.stderr.replace('Running as user "root" and group "root". This could be dangerous.', "").strip():
            found.append(f"tshark on {name}: {finished.stderr.strip()}")
        frames = [line.split("\t") for line in finished.stdout.splitlines()]
        for number, (comment, _, encrypted, malformed, severities, message) in enumerate(frames, start=1):
            if malformed or any(int(value) >= WARNING for value in severities.split(",") if value):
                found.append(f"tshark on {name}, frame {number} ({comment}): {message or 'malformed'}")
            if not comment or "1" in encrypted.split(",") or "True" in encrypted.split(","):
                found.append(f"{name}, frame {number}: no comment, or encrypted ({comment})")
        if not any(exchange for _, exchange, *_ in frames):
            found.append(f"tshark finds no IKE among the {len(frames)} frames of {name}")
        looked_at.append(f"{len(frames)} frames of {name}")
    return found, looked_at


def _decode(directory, ours, keys):
    """Runs tshark. Gives a Decoded for each message from the addresses `ours`."""
    ordered = os.path.join(directory, "isakmp-ordered.pcap")
    _order(os.path.join(directory, CAPTURE), ordered)
    tables = [argument for cookie, key in keys.items()
              for argument in ("-o", f"uat:ikev1_decryption_table:{cookie},{key}")]
    fields = [argument for name in FIELDS for argument in ("-e", name)]
    finished = run(["tshark", "-r", ordered, "-Y", "isakmp", *tables, "-T", "fields", *fields], timeout=60)
    decoded = [Decoded(line) for line in finished.stdout.splitlines() if line.strip()]
    return [message for message in decoded if message.source in ours]


def _objections(judged, keys):
    """A message whose key is known must be readable; without a known key, as between two of ours, nothing is said about
    what is encrypted."""
    found = [f"tshark on {message.name}: {message.complaint}" for message in judged if message.complaint]
    encrypted = [message for message in judged if message.encrypted and not message.complaint]
    found += [f"tshark on {message.name}: cannot be decrypted" for message in encrypted
              if message.cookie in keys and not message.readable]
    if keys and encrypted and not any(message.readable for message in encrypted):
        found.append(f"the check is blind: of {len(encrypted)} encrypted messages none belongs to a known key")
    return found


def messages(capture):
    """The ISAKMP messages of a capture in the order they were sent: (address of the sender, bytes) each."""
    return [(_source(frame), _message(frame)) for _, frame in _frames(capture)]


def _order(capture, ordered):
    """Copies a capture for tshark's sake, whose chain of initialization vectors does not survive a repetition or two
    exchanges at a time: each message once, exchange by exchange."""
    places, seen, chosen = {}, set(), []
    for record, frame in _frames(capture):
        message = _message(frame)
        if message in seen:
            continue
        seen.add(message)
        cookie, message_id = message[:8], message[20:24]
        sa = places.setdefault(cookie, len(places))
        # Phase 1, with message id 0, before all that it protects.
        exchange = places.setdefault((cookie, message_id), len(places)) if any(message_id) else 0
        chosen.append((sa, exchange, len(chosen), record + frame))
    with open(capture, "rb") as source, open(ordered, "wb") as file:
        file.write(source.read(FILE_HEADER) + b"".join(packet for *_, packet in sorted(chosen)))


def _frames(capture):
    """(record header, Ethernet frame) for each packet of a pcap file."""
    with open(capture, "rb") as file:
        content = file.read()
    at = FILE_HEADER
    while at + RECORD_HEADER <= len(content):
        end = at + RECORD_HEADER + struct.unpack_from("<I", content, at + 8)[0]
        yield content[at:at + RECORD_HEADER], content[at + RECORD_HEADER:end]
        at = end


def _is_ipv4(frame):
    return frame[12:14] == b"\x08\x00"


def _source(frame):
    address = frame[26:30] if _is_ipv4(frame) else frame[22:38]
    return str(ipaddress.ip_address(address))


def _message(frame):
    """The ISAKMP message in an Ethernet frame."""
    udp = 14 + ((frame[14] & 0x0f) * 4 if _is_ipv4(frame) else 40)
    length = struct.unpack_from("!H", frame, udp + 4)[0]
    message = frame[udp + 8:udp + length]
    return message[4:] if message.startswith(NON_ESP_MARKER) and len(message) >= 4 + ISAKMP_HEADER else message
