"""What the kernel itself says about a node's IPsec, past all daemons."""

import os
import socket
import struct

from harness.command import expect, run

LAST = (1 << 32) - 1  # the priority of a policy that counts where there is no other


def expect_clean(node):
    """No policy, no SA, default actions "accept": as if our suite had never been there."""
    for what in ("policy", "state"):
        text = node.run(["ip", "xfrm", what]).stdout
        expect(not text.strip(), f"{node.name}: `ip xfrm {what}` should be empty and says:\n{text}")
    defaults = node.run(["ip", "xfrm", "policy", "getdefault"]).stdout
    expect("block" not in defaults, f"{node.name}: the kernel's default is still to block:\n{defaults}")


def flush_policies(node):
    """The same for the policies."""
    node.run(["ip", "xfrm", "policy", "flush"])


def flush_sas(node):
    """Takes all SAs away behind the daemons' back."""
    node.run(["ip", "xfrm", "state", "flush"])


def keep_clear_tcp_in(node):
    """For the host of a foreign peer, whose policies come and go with its SAs: TCP leaves it by a policy of the peer or
    not at all. Without this the host's own kernel sends in clear whatever a connection still has to say while no SA is
    there, and the check of the wire could not tell whose fault that is. (A server of harness/traffic.py that heard
    nothing for 20 s hangs up: its FIN left in clear when a dead strongSwan was started again just before that.)"""
    for everything in ("0.0.0.0/0", "::/0"):
        node.run(["ip", "xfrm", "policy", "update", "src", everything, "dst", everything, "proto", "tcp", "dir", "out",
                  "action", "block", "priority", str(LAST)])


def forget_peer(node):
    """Takes the SAs and policies of a peer that was killed away, but not what keep_clear_tcp_in() has put there."""
    node.run(["ip", "xfrm", "state", "flush"])
    node.run(["ip", "xfrm", "policy", "deleteall", "action", "allow"])


def enable_audit():
    """Switches the kernel's audit on, as auditd does at boot."""
    audit_set, enabled, netlink_audit = 1001, 1, 9
    status = struct.pack("=10I", enabled, 1, *[0] * 8)  # struct audit_status: mask, enabled, ...
    message = struct.pack("=IHHII", 16 + len(status), audit_set, 5, 1, 0) + status  # NLM_F_REQUEST | NLM_F_ACK
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, netlink_audit) as audit:
        audit.settimeout(5)
        audit.send(message)
        answer = audit.recv(8192)
    kind, = struct.unpack("=H", answer[4:6])
    error, = struct.unpack("=i", answer[16:20])
    expect(kind == 2 and error == 0, f"the kernel's audit cannot be switched on: error {error}")


def mount_control_groups():
    """As systemd does at boot; in there the kernel tells what programs ask to send."""
    with open("/proc/self/mounts", encoding="ascii") as mounts:
        if any(line.split()[2] == "cgroup2" for line in mounts):
            return
    os.makedirs("/run/cgroup", exist_ok=True)
    run(["mount", "-t", "cgroup2", "cgroup2", "/run/cgroup"])
