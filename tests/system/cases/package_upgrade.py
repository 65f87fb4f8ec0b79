"""The package is upgraded on a host with connections, then removed: no SA goes, no byte in clear; nothing is left."""

import json
import os

from harness import configuration, traffic
from harness.booted_host import ETC, LOG, STATE, BootedHost, write
from harness.cases import PACKAGE_VARIABLE
from harness.command import expect
from harness.suite import DAEMONS

TIME_LIMIT = 240
OWN_KERNEL = True
NEEDS_PACKAGE = True


def processes(host):
    return {daemon: host.machine.systemctl("show", "--property=MainPID", "--value", f"{daemon}.service").stdout.strip()
            for daemon in DAEMONS}


def version(host):
    return host.machine.inside("dpkg-query", "--show", "--showformat=${Version}", "ipsec9000").stdout


def sas(host):
    """SPI to the packets it has counted."""
    shown = json.loads(host.tool("ipsec_report", "-sad", "--json").stdout)["sad"]
    return {sa["spi"]: sa["packets"] for sa in shown}


def upgrade(lab, host, connection):
    before = (version(host), processes(host), sas(host))
    expect(len(before[2]) == 2, f"not one pair of SAs before the upgrade: {before[2]}")
    with traffic.echoes(connection):
        host.machine.inside("dpkg", "--install", os.environ[PACKAGE_VARIABLE], timeout=120)
    after = (version(host), processes(host), sas(host))
    expect(after[0] != before[0], f"still version {before[0]}")
    same = [daemon for daemon in DAEMONS if after[1][daemon] == before[1][daemon]]
    expect(not same and host.states() == ["active"] * 3, f"not started anew by the upgrade: {same}; {host.states()}")
    expect(set(after[2]) == set(before[2]), f"other SAs after the upgrade: {before[2]} became {after[2]}")
    expect(all(after[2][spi] > before[2][spi] for spi in after[2]), f"the SAs do not go on counting: {before[2]}, {after[2]}")
    expect(host.status(0)["problems"] == [], "-status names problems after the upgrade")
    lab.note(f"{before[0]} became {after[0]}; the connection and its SAs go on")


def purge(lab, host):
    host.machine.inside("dpkg", "--purge", "ipsec9000", timeout=120)
    expect("proto esp" not in host.policies(), f"policies are left in the kernel:\n{host.policies()}")
    left = [path for path in (ETC, STATE, LOG, "/var/adm/ipsec", "/usr/sbin/ipsec_admin", "/usr/libexec/ipsec9000",
                              "/usr/lib/systemd/system/ikpmd.service") if os.path.lexists(path)]
    expect(not left, f"left behind: {left}")
    lab.note("purged, and nothing is left")


def run(lab):
    lab.wire.protect("tcp port 23")
    host = BootedHost(lab)
    write(f"{ETC}/ipsec.json", json.dumps(configuration.telnet_client(lab.a, lab.b, 4)))
    lab.suite(lab.b, configuration.telnet_server(lab.b, lab.a, 4), configuration.KEY, lab.a).start()
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    host.boot()
    host.enable("10.1.0.2")
    host.start()
    with traffic.connect(lab.a, lab.b, 4, traffic.TELNET) as connection:
        traffic.echo(connection)
        upgrade(lab, host, connection)
    purge(lab, host)
    host.machine.power_off()
