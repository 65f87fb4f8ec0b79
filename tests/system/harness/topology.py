"""Hosts as network namespaces, and the wires between them.

The one layout so far, two_hosts():

    A a0 ---- wa [bridge in W] wb ---- b0 B      A: 10.1.0.1/24, fd00:1::1/64    B: 10.1.0.2/24, fd00:1::2/64

W is transparent, and its port wa is the place to capture: on a host's own interface one would also see what IPsec
has just decapsulated. Further layouts (address translation, a gateway) are further functions that return a Network.
"""

import contextlib
import ctypes
import os
import socket

from harness.command import Failure, run

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _enter_namespace(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Node:
    """A network namespace. The name is also that of the namespace for `ip netns`."""

    def __init__(self, name, addresses=None):
        self.name = name
        self.addresses = addresses or {}  # 4 or 6 -> address

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
    if os.environ.get("IN_KERNEL") != "1":
        raise Failure("not in a private kernel: start the cases by tests/system/run")
    a = Node("A", {4: "10.1.0.1", 6: "fd00:1::1"})
    b = Node("B", {4: "10.1.0.2", 6: "fd00:1::2"})
    w = Node("W")
    _batch(["netns add A", "netns add B", "netns add W",
            "link add a0 netns A type veth peer name wa netns W",
            "link add b0 netns B type veth peer name wb netns W"])
    # A link-local address on W's ports would have to be probed first and would delay the first packets by 2 s.
    w.set_kernel_option("net/ipv6/conf/all/disable_ipv6", 1)
    w.set_kernel_option("net/ipv6/conf/default/disable_ipv6", 1)
    _batch(["link add bridge type bridge mcast_snooping 0", "link set dev wa master bridge",
            "link set dev wb master bridge", "link set dev wa up", "link set dev wb up", "link set dev bridge up"], w)
    for host, device in ((a, "a0"), (b, "b0")):
        host.set_kernel_option("net/ipv6/conf/default/accept_dad", 0)
        host.set_kernel_option(f"net/ipv6/conf/{device}/accept_dad", 0)
        _batch(["link set dev lo up", f"address add {host.address(4)}/24 dev {device}",
                f"address add {host.address(6)}/64 dev {device} nodad", f"link set dev {device} up"], host)
    return Network([a, b, w], capture_at=(w, "wa"))
