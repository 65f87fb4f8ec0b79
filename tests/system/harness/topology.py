"""Hosts as network namespaces, and the wires between them.

two_hosts():

    A a0 ---- wa [bridge in W] wb ---- b0 B      A: 10.1.0.1/24, fd00:1::1/64    B: 10.1.0.2/24, fd00:1::2/64

W is transparent, and its port wa is the place to capture: on a host's own interface one would also see what IPsec
has just decapsulated. With LAYOUT = "gateways" a case gets two_gateways() in its place:

    A a0 -- ga G g0 ---- wa [bridge in W] wb ---- h0 H hb -- b0 B      G and H forward between their nets and the wire

and with LAYOUT = "nat" behind_nat():

    A a0 ---- n0 N n1 ---- wa [bridge in W] wb ---- b0 B     A: 10.1.0.1/24, fd00:1::1/64, B: 10.2.0.2/24, fd00:2::2/64

where N is a masquerading router: on the wire, and to B, A is 10.2.0.254 and fd00:2::fe.

Further layouts are further functions that return a Network.
"""

import contextlib
import ctypes
import os
import socket

from harness.command import Failure, run

CLONE_NEWNET = 0x40000000
IPTABLES = ("iptables-legacy", "ip6tables-legacy")
_libc = ctypes.CDLL(None, use_errno=True)


def _enter_namespace(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Node:
    """A network namespace. The name is also that of the namespace for `ip netns`."""

    def __init__(self, name, addresses=None, outside=None):
        self.name = name
        self.addresses = addresses or {}  # 4 or 6 -> address
        self._outside = outside or {}  # the same, where translation makes it another one

    def seen_as(self, family):
        """The address that the other hosts, and the wire, see."""
        return self._outside.get(family, self.addresses[family])

    def address(self, family):
        return self.addresses[family]

    @contextlib.contextmanager
    def inside(self):
        """Within this block the calling thread is in the namespace: what it opens or starts there, stays there.

        Cheaper than `ip netns exec`, which is one more process, and good for sockets as well.
        """
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            _enter_namespace(there)
            yield self
        finally:
            _enter_namespace(home)
            os.close(there)
            os.close(home)

    def run(self, arguments, **options):
        with self.inside():
            return run(arguments, **options)

    def socket(self, family, kind):
        """A socket of this node; family is 4 or 6."""
        with self.inside():
            return socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, kind)

    def set_kernel_option(self, name, value):
        """As sysctl: set_kernel_option("net/core/xfrm_acq_expires", 3)."""
        with self.inside(), open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
            file.write(str(value))


class Network:
    """The nodes of one layout. `capture_at` is the node and interface where the wire is to be listened to."""

    def __init__(self, nodes, capture_at):
        self.nodes = {node.name: node for node in nodes}
        self.capture_at = capture_at

    def __getitem__(self, name):
        return self.nodes[name]


def _batch(commands, node=None):
    """Many ip commands by one process."""
    run(["ip"] + (["-n", node.name] if node else []) + ["-batch", "-"], given="\n".join(commands) + "\n")


def two_hosts():
    a = Node("A", {4: "10.1.0.1", 6: "fd00:1::1"})
    b = Node("B", {4: "10.1.0.2", 6: "fd00:1::2"})
    w = Node("W")
    _make([a, b, w], ["link add a0 netns A type veth peer name wa netns W",
                      "link add b0 netns B type veth peer name wb netns W"])
    _bridge(w)
    for host, device in ((a, "a0"), (b, "b0")):
        _set_up(host, {device: host.addresses})
    return Network([a, b, w], capture_at=(w, "wa"))


def two_gateways():
    g = Node("G", {4: "192.0.2.1", 6: "fd00:99::1"})
    h = Node("H", {4: "192.0.2.2", 6: "fd00:99::2"})
    a = Node("A", {4: "10.1.0.1", 6: "fd00:1::1"})
    b = Node("B", {4: "10.2.0.1", 6: "fd00:2::1"})
    w = Node("W")
    _make([g, h, a, b, w], ["link add g0 netns G type veth peer name wa netns W",
                            "link add h0 netns H type veth peer name wb netns W",
                            "link add a0 netns A type veth peer name ga netns G",
                            "link add b0 netns B type veth peer name hb netns H"])
    _bridge(w)
    inside = {"ga": {4: "10.1.0.254", 6: "fd00:1::fe"}, "hb": {4: "10.2.0.254", 6: "fd00:2::fe"}}
    _set_up(g, {"g0": g.addresses, "ga": inside["ga"]}, {f: (net, h.address(f)) for f, net in NET_OF_B.items()})
    _set_up(h, {"h0": h.addresses, "hb": inside["hb"]}, {f: (net, g.address(f)) for f, net in NET_OF_A.items()})
    _set_up(a, {"a0": a.addresses}, {f: ("default", gateway) for f, gateway in inside["ga"].items()})
    _set_up(b, {"b0": b.addresses}, {f: ("default", gateway) for f, gateway in inside["hb"].items()})
    for gateway in (g, h):
        gateway.set_kernel_option("net/ipv4/ip_forward", 1)
        gateway.set_kernel_option("net/ipv6/conf/all/forwarding", 1)
    return Network([g, h, a, b, w], capture_at=(w, "wa"))


def behind_nat():
    outside = {4: "10.2.0.254", 6: "fd00:2::fe"}
    inside = {4: "10.1.0.254", 6: "fd00:1::fe"}
    a = Node("A", {4: "10.1.0.1", 6: "fd00:1::1"}, outside)
    b = Node("B", {4: "10.2.0.2", 6: "fd00:2::2"})
    n = Node("N")
    w = Node("W")
    _make([a, b, n, w], ["link add a0 netns A type veth peer name n0 netns N",
                         "link add n1 netns N type veth peer name wa netns W",
                         "link add b0 netns B type veth peer name wb netns W"])
    _bridge(w)
    _set_up(a, {"a0": a.addresses}, {f: ("default", gateway) for f, gateway in inside.items()})
    _set_up(b, {"b0": b.addresses}, {f: ("default", gateway) for f, gateway in outside.items()})
    _set_up(n, {"n0": inside, "n1": outside})
    n.set_kernel_option("net/ipv4/ip_forward", 1)
    n.set_kernel_option("net/ipv6/conf/all/forwarding", 1)
    for tables in IPTABLES:
        n.run([tables, "-t", "nat", "-A", "POSTROUTING", "-o", "n1", "-j", "MASQUERADE"])
    return Network([a, b, n, w], capture_at=(w, "wa"))


def translate_anew(network, first_port):
    """N forgets its translations, and from now on gives UDP's the ports from that one on."""
    n = network["N"]
    for tables in IPTABLES:
        n.run([tables, "-t", "nat", "-I", "POSTROUTING", "-o", "n1", "-p", "udp", "-j", "MASQUERADE",
               "--to-ports", f"{first_port}-{first_port + 99}"])
    # The kernel drops what it has masqueraded through an interface that goes down. So do IPv6 addresses.
    n.set_kernel_option("net/ipv6/conf/n1/keep_addr_on_down", 1)
    _batch(["link set dev n1 down", "link set dev n1 up"], n)


NET_OF_A = {4: "10.1.0.0/24", 6: "fd00:1::/64"}
NET_OF_B = {4: "10.2.0.0/24", 6: "fd00:2::/64"}
LAYOUTS = {"hosts": two_hosts, "gateways": two_gateways, "nat": behind_nat}


def _make(nodes, links):
    if os.environ.get("IN_KERNEL") != "1":
        raise Failure("not in a private kernel: start the cases by tests/system/run")
    _batch([f"netns add {node.name}" for node in nodes] + links)


def _bridge(w):
    # A link-local address on W's ports would have to be probed first and would delay the first packets by 2 s.
    w.set_kernel_option("net/ipv6/conf/all/disable_ipv6", 1)
    w.set_kernel_option("net/ipv6/conf/default/disable_ipv6", 1)
    _batch(["link add bridge type bridge mcast_snooping 0", "link set dev wa master bridge",
            "link set dev wb master bridge", "link set dev wa up", "link set dev wb up", "link set dev bridge up"], w)


def _set_up(host, devices, routes=None):
    """`devices`: name -> its addresses; `routes`: family -> (destination, gateway)."""
    commands = ["link set dev lo up"]
    host.set_kernel_option("net/ipv6/conf/default/accept_dad", 0)
    for device, addresses in devices.items():
        host.set_kernel_option(f"net/ipv6/conf/{device}/accept_dad", 0)
        commands += [f"address add {addresses[4]}/24 dev {device}", f"address add {addresses[6]}/64 dev {device} nodad",
                     f"link set dev {device} up"]
    _batch(commands, host)
    for family, (destination, gateway) in (routes or {}).items():
        host.run(["ip", f"-{family}", "route", "add", destination, "via", gateway])
