"""Policy configurations of our suite for the cases. Plain dictionaries; DESIGN and ipsec.json's schema explain them."""

ESP = "ESP-AES128-HMAC-SHA256/28800/0"
KEY = "a key that only the system tests use"


def secure(name, host, peer, family, protocol="tcp", local_port=None, remote_port=None, transforms=(ESP,),
           **more):
    """A `secure` policy for a flow between two hosts; `more`: further keys of a policy, such as pfs="MODP2048"."""
    remote = peer.address(family) if "tunnel" in more else peer.seen_as(family)
    return {"name": name, "filter": _filter(host, remote, family, protocol, local_port, remote_port),
            "action": "secure", "transforms": list(transforms), **more}


def plain(name, action, host, peer, family, protocol="tcp", local_port=None, remote_port=None):
    """A `pass` or `discard` policy."""
    return {"name": name, "filter": _filter(host, peer.seen_as(family), family, protocol, local_port, remote_port),
            "action": action}


def isakmp(peer, family, name="peer", proposals=("AES128-SHA256-MODP2048",)):
    policy = {"name": name, "remote": peer.seen_as(family), "authentication": "psk", "proposals": list(proposals)}
    if peer.seen_as(family) != peer.address(family):
        policy["remote_id"] = peer.address(family)
    return policy


def document(policies, isakmp_policies, default="pass"):
    return {"version": 1, "policies": policies, "default_policy": {"action": default},
            "isakmp_policies": isakmp_policies}


def telnet_client(host, peer, family, **options):
    """The usual document of a host that connects to its peer's TCP port 23."""
    return document([secure("telnet_out", host, peer, family, remote_port=23, **options)], [isakmp(peer, family)])


def telnet_server(host, peer, family, **options):
    """Its counterpart."""
    return document([secure("telnet_in", host, peer, family, local_port=23, **options)], [isakmp(peer, family)])


def _filter(host, remote, family, protocol, local_port, remote_port):
    result = {"local": host.address(family), "remote": remote, "protocol": protocol}
    if local_port is not None:
        result["local_port"] = local_port
    if remote_port is not None:
        result["remote_port"] = remote_port
    return result
