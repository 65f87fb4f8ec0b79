"""What the kernel itself says about a node's IPsec, past all daemons."""

from harness.command import expect


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
