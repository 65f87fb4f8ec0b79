"""A flow that a foreign peer is to secure. Algorithms are named as our configuration names them; strongswan.py and
libreswan.py each know how their peer spells them."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Flow:
    """`local_port` is that of the peer's host, `remote_port` that of ours; a port that is None is any."""

    name: str
    transform: str = "ESP-AES128-HMAC-SHA256"  # without lifetimes
    pfs: str | None = None  # a group
    tunnel: bool = False  # from host to host
    family: int = 4
    protocol: str = "tcp"
    local_port: int | None = None
    remote_port: int | None = None
