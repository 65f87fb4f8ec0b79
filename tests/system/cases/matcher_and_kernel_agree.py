"""Random policies, real packets: what gets through, in clear or in ESP, is what ipsec_policy says of each packet."""

import contextlib
import random
import selectors
import socket
import time

from harness import configuration
from harness.command import expect

TIME_LIMIT = 150
SEED = 9000
POLICIES = 14
SOURCES = (40001, 40002, 41000)
PORTS = (7001, 7002, 7015, 7016, 7063, 7064, 7100, 7200)
ROUNDS = 12  # the first packets of a secured flow are lost while its SAs are negotiated


def random_policies(dice, host, peer):
    """Overlapping ones: single ports and ranges, hosts, prefixes and any, both families, all three actions."""
    made = []
    for number in range(POLICIES):
        family = dice.choice((4, 4, 6))
        prefix = "/24" if family == 4 else "/64"
        filter_ = {"protocol": "udp"}
        for end, node in (("local", host), ("remote", peer)):
            address = node.address(family)
            network = (address.rsplit(".", 1)[0] + ".0" if family == 4 else address.rsplit(":", 1)[0] + ":") + prefix
            filter_[end] = dice.choice((address, address, network, "any"))
        filter_["local_port"] = dice.choice(("any", "any", dice.choice(SOURCES), "40000-40999"))
        first, last = sorted(dice.sample(PORTS, 2))
        filter_["remote_port"] = dice.choice((first, last, f"{first}-{last}", "any" if dice.random() < 0.2 else first))
        policy = {"name": f"p{number}", "filter": filter_, "action": ("secure", "pass", "discard")[number % 3]}
        if policy["action"] == "secure":
            policy["transforms"] = [configuration.ESP]
        made.append(policy)
    return made


def mirrored(policies):
    exchanged = {"local": "remote", "remote": "local", "local_port": "remote_port", "remote_port": "local_port"}
    return [{**policy, "filter": {exchanged.get(key, key): value for key, value in policy["filter"].items()}}
            for policy in policies]


class Exchange:
    """Sends each flow's datagram again and again; B's sockets echo it. Knows the flows that were answered."""

    def __init__(self, client, server):
        self._server = server
        self._ports = selectors.DefaultSelector()
        self._sources = {}
        for family in (4, 6):
            for port in PORTS:
                self._ports.register(self._bound(server, family, port), selectors.EVENT_READ)
            for port in SOURCES:
                self._sources[family, port] = self._bound(client, family, port)
        self.answered = set()

    @staticmethod
    def _bound(node, family, port):
        made = node.socket(family, socket.SOCK_DGRAM)
        made.setblocking(False)
        made.bind((node.address(family), port))
        return made

    def round(self, flows):
        for family, source, port in flows:
            with contextlib.suppress(OSError):  # EPERM: discarded here
                self._sources[family, source].sendto(b"x", (self._server.address(family), port))
        time.sleep(0.1)
        for key, _ in self._ports.select(0):
            with contextlib.suppress(OSError):
                while True:
                    key.fileobj.sendto(*key.fileobj.recvfrom(64))
        time.sleep(0.1)
        for (family, source), one in self._sources.items():
            with contextlib.suppress(OSError):
                while True:
                    self.answered.add((family, source, one.recvfrom(64)[1][1]))


def packets_of(flows):
    """The same as a filter of tcpdump, both ways."""
    return "udp and (" + " or ".join(
        f"({'ip' if family == 4 else 'ip6'} and ((src port {source} and dst port {port}) or "
        f"(src port {port} and dst port {source})))" for family, source, port in flows) + ")"


def run(lab):
    policies = random_policies(random.Random(SEED), lab.a, lab.b)
    isakmp = [[configuration.isakmp(node, family, name=f"peer{family}") for family in (4, 6)]
              for node in (lab.b, lab.a)]
    suites = [lab.suite(lab.a, configuration.document(policies, isakmp[0]), configuration.KEY, lab.b),
              lab.suite(lab.b, configuration.document(mirrored(policies), isakmp[1]), configuration.KEY, lab.a)]
    for suite, peer in zip(suites, (lab.b, lab.a)):
        suite.set_key(peer.address(6), configuration.KEY)
        suite.start()

    wanted = {"secure": [], "pass": [], "discard": []}
    for family in (4, 6):
        for source in SOURCES:
            for port in PORTS:
                answer = suites[0].policy(lab.a.address(family), source, lab.b.address(family), port, "out", "udp")
                expect(answer["kernel_agrees"] is True, f"the kernel's table does not agree: {answer}")
                wanted[answer["policy"]["action"]].append((family, source, port))
    lab.note("the matcher: " + ", ".join(f"{action} {len(flows)}" for action, flows in wanted.items()))
    expect(all(len(flows) >= 5 for flows in wanted.values()), f"too few of a kind to prove much: {wanted}")
    lab.wire.protect(packets_of(wanted["secure"]))
    lab.wire.protect(packets_of(wanted["discard"]), esp=False)
    for flow in wanted["pass"]:
        lab.wire.expect_clear(packets_of([flow]))

    exchange = Exchange(lab.a, lab.b)
    every = [flow for flows in wanted.values() for flow in flows]
    through = set(wanted["secure"] + wanted["pass"])
    for number in range(ROUNDS):
        exchange.round(every)
        if number >= 2 and exchange.answered >= through:
            break
        time.sleep(0.5)
    expect(exchange.answered == through,
           f"lost: {sorted(through - exchange.answered)}; came through: {sorted(exchange.answered - through)}")
    lab.note(f"{len(through)} flows got through, {len(wanted['discard'])} did not, as the matcher said")
