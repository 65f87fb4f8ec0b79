"""Started with the system: the first packet of the first network service is protected; each obstacle is named."""

import json
import os
import re

from harness import configuration, traffic
from harness.booted_host import ETC, STATE, BootedHost, write
from harness.command import expect, wait_for
from harness.suite import DAEMONS

TIME_LIMIT = 280
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
    # Under the units' restrictions as well. (This kernel has no nftables, so it takes iptables to watch tunnels.)
    sources = {name: status["kernel_events"][name] for name in ("packets", "tunnels", "sends", "sockets", "counters")}
    expect(set(sources.values()) == {"on"}, f"secpolicyd's unit keeps it from hearing of dropped packets: {sources}")
    lab.note("the first service's connection is protected")


def is_confined(lab, host):
    """Each unit as it is installed is "OK" or better in the judgement of the systemd that runs it."""
    for unit in (*DAEMONS, "ipsec9000-boot"):
        judged = host.machine.inside("systemd-analyze", "security", "--no-pager", "--threshold=49", f"{unit}.service").stdout
        exposure, word = re.search(r"Overall exposure level for \S+: ([0-9.]+) (\w+)", judged).groups()
        expect(word in ("OK", "SAFE", "PERFECT"), f"systemd rates {unit}.service {word}: {exposure}")
        lab.note(f"{unit}.service: exposure {exposure}, {word}")


def traces(lab, host):
    """The file is made and the packets are seen under the restrictions of secpolicyd's unit."""
    host.tool("ipsec_admin", "-traceon", "tcp")
    with traffic.connect(lab.a, lab.b, 4, traffic.TELNET) as connection:
        traffic.echo(connection)
    told = json.loads(host.tool("ipsec_admin", "-traceoff", "--json").stdout)
    expect(told["source"] in ("nftables", "iptables") and told["packets"] > 0, f"the trace: {told}")
    expect(os.path.getsize(told["file"]) > 1000, f"the file of the trace: {told}")
    lab.note(f"traced {told['packets']} packets by {told['source']}")


def comes_back(lab, host):
    """systemd starts a daemon again that died, and it needs nobody."""
    for daemon in DAEMONS:
        host.machine.systemctl("kill", "--signal=KILL", f"{daemon}.service")
    wait_for("all three are back", lambda: host.states() == ["active"] * 3 and host.machine.inside(
        "/usr/sbin/ipsec_admin", "-status", status=None).status == 0, timeout=20, pause=0.5)
    with traffic.connect(lab.a, lab.b, 4, traffic.TELNET) as connection:
        traffic.echo(connection)
    lab.note("killed daemons were started again, and the traffic goes on")


def names_what_is_wrong_with_the_key(lab, host):
    """The key by which this machine opens the key store: sealed by another machine, then gone."""
    secret, credential = "/var/lib/systemd/credential.secret", f"{STATE}/machine.cred"
    # Connections outlive the power here, and would go on without policies.
    wait_for("no connection is left", lambda: not lab.a.run(["ss", "-Htn", "state", "connected", "exclude", "time-wait"])
             .stdout.strip(), timeout=20)
    host.machine.power_off()
    os.rename(secret, f"{secret}-kept")
    host.machine.node.run(["systemd-creds", "setup"])  # as another machine's is
    host.boot()
    demands_obstacle(host, "credential-refused", "systemd cannot unseal this machine's key", "Not running")
    expect(host.machine.systemctl("is-failed", "ikpmd.service", status=None).stdout.strip() == "failed",
           "systemd goes on starting an ikpmd whose key it cannot unseal")
    refused = host.tool("ipsec_admin", "-start", status=None)
    expect(refused.status != 0 and "ipsec_mgr bootup on makes a new key" in refused.stderr,
           f"-start does not say how ikpmd can be started: {refused.stderr}")
    expect("proto esp" in host.policies(), "the policies are not in the kernel")
    host.tool("ipsec_mgr", "bootup", "on")
    host.start()
    expect(host.status(0)["boot"]["obstacle"] is None, "a new key was made, and -status still objects")
    os.unlink(credential)
    host.machine.systemctl("restart", "ikpmd.service")
    demands_obstacle(host, "machine-key-missing", "is missing: give the password with ipsec_admin -start", "Running")
    host.start()
    host.tool("ipsec_mgr", "bootup", "on")
    expect(host.status(0)["problems"] == [], "the key store is open, a new key was made, and -status still objects")


def demands_obstacle(host, name, words, ikpmd):
    status = host.status(0 if ikpmd == "Running" else 3)
    told = json.dumps(status["problems"])
    expect(status["boot"]["obstacle"] == name and words in told, f"-status does not name {name}: {status['boot']}, {told}")
    shown = host.tool("ipsec_admin", "-status", status=None).stdout
    expect(f"ikpmd program: {ikpmd}" in shown and words in shown, f"-status does not say {words!r} to a person:\n{shown}")


def run(lab):
    host = BootedHost(lab)
    host.machine.unit("first.service", FIRST_SERVICE, wanted=False)
    client = configuration.telnet_client(lab.a, lab.b, 4)
    ends = {"local": lab.a.address(4), "remote": lab.b.address(4)}
    client["policies"].append(configuration.secure("tunnelled", lab.a, lab.b, 4, remote_port=9, tunnel=ends))
    write(f"{ETC}/ipsec.json", "// kept\n" + json.dumps(client, indent=2))
    lab.suite(lab.b, configuration.telnet_server(lab.b, lab.a, 4), configuration.KEY, lab.a).start()
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    set_up(lab, host)
    is_protected_from_the_first_packet(lab, host)
    is_confined(lab, host)
    traces(lab, host)
    comes_back(lab, host)
    names_what_is_wrong_with_the_key(lab, host)
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
