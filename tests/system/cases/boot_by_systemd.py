"""Started with the system: the first packet of the first network service is protected; each obstacle is named."""

import json
import os

from harness import configuration, traffic
from harness.booted_host import ETC, STATE, BootedHost, write
from harness.command import expect, wait_for
from harness.suite import DAEMONS

TIME_LIMIT = 150
OWN_KERNEL = True

# Ordered after the network only. It connects at once, and goes on until it gets through.
FIRST_SERVICE = """
[Unit]
After=network.target
[Service]
ExecStart=/bin/bash -c 'exec 3<>/dev/tcp/10.1.0.2/23 && echo hello >&3 && read -t 20 line <&3 && echo $line >/run/answer'
Restart=on-failure
"""


def boots_without(lab, host, words, policies_hold):
    """Boots, and demands that nothing runs, that -status says why, and that the policies are there or not."""
    host.machine.power_off()
    host.boot()
    status = host.status(3)
    expect(host.states() == ["inactive"] * 3, f"the daemons run although {words!r}: {host.states()}")
    told = json.dumps(status["problems"]) + json.dumps(status["boot"])
    expect(words in told, f"-status does not say {words!r}: {told}")
    secured = "proto esp" in host.policies()
    expect(secured == policies_hold, f"{words!r}: policies in the kernel: {secured}, wanted: {policies_hold}")
    lab.note(f"  {words!r}: named by -status; policies hold: {secured}")


def set_up(lab, host):
    """The steps of an administrator, from nothing to a host that starts IPSec with the system."""
    host.boot()
    host.enable("10.1.0.2")
    with open(f"{ETC}/ipsec.json", encoding="utf-8") as file:
        expect(file.read().startswith("// kept\n"), "ipsec_mgr bootup lost a comment of ipsec.json")
    boots_without(lab, host, "never-started", policies_hold=False)
    host.start()
    expect(host.states() == ["active"] * 3, f"-start has not started the units: {host.states()}")
    lab.note("-start has started the units")


def is_protected_from_the_first_packet(lab, host):
    host.machine.power_off()
    host.machine.want("first.service")
    lab.wire.protect("tcp port 23")
    host.boot()
    expect(host.states() == ["active"] * 3, f"the daemons do not run after the boot: {host.states()}")
    wait_for("the first service's answer", lambda: host.machine.inside("cat", "/run/answer", status=None).stdout.strip() == "hello",
             timeout=20, pause=0.5)
    status = host.status(0)
    expect(status["problems"] == [] and status["boot"] == {"enabled": True, "obstacle": None}, f"-status: {status}")
    # Under the units' restrictions as well.
    sources = {name: status["kernel_events"][name] for name in ("packets", "sends", "counters")}
    expect(set(sources.values()) == {"on"}, f"secpolicyd's unit keeps it from hearing of dropped packets: {sources}")
    lab.note("the first service's connection is protected")


def comes_back(lab, host):
    """systemd starts a daemon again that died, and it needs nobody."""
    for daemon in DAEMONS:
        host.machine.systemctl("kill", "--signal=KILL", f"{daemon}.service")
    wait_for("all three are back", lambda: host.states() == ["active"] * 3 and host.machine.inside(
        "/usr/sbin/ipsec_admin", "-status", status=None).status == 0, timeout=20, pause=0.5)
    with traffic.connect(lab.a, lab.b, 4, traffic.TELNET) as connection:
        traffic.echo(connection)
    lab.note("killed daemons were started again, and the traffic goes on")


def run(lab):
    host = BootedHost(lab)
    host.machine.unit("first.service", FIRST_SERVICE, wanted=False)
    client = configuration.telnet_client(lab.a, lab.b, 4)
    write(f"{ETC}/ipsec.json", "// kept\n" + json.dumps(client, indent=2))
    lab.suite(lab.b, configuration.telnet_server(lab.b, lab.a, 4), configuration.KEY, lab.a).start()
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    set_up(lab, host)
    is_protected_from_the_first_packet(lab, host)
    comes_back(lab, host)
    # From here on telnet must not get through at all, or nobody sends it.
    host.tool("ipsec_mgr", "bootup", "off")
    host.machine.forget("first.service")
    boots_without(lab, host, '"enabled": false', policies_hold=False)
    host.tool("ipsec_mgr", "bootup", "on")
    host.machine.want("first.service")
    os.rename(f"{STATE}/keystore.json", f"{STATE}/kept")
    boots_without(lab, host, "no IPSec password has been set", policies_hold=True)
    os.rename(f"{STATE}/kept", f"{STATE}/keystore.json")
    write(f"{ETC}/ipsec.json", "{ nonsense")
    boots_without(lab, host, "the policy configuration is not valid", policies_hold=True)
    host.machine.power_off()
