"""One host, three policies side by side: telnet in ESP, HTTP in clear, echo nowhere; the tools say the same of them."""

from harness import configuration, schema, traffic
from harness.command import expect, wait_for

TIME_LIMIT = 120
BYPASSED = "10.9.9.9"
ADDED, NET = "10.66.0.1", "10.66.0.0/16"
TIME = 37


def run(lab):
    lab.wire.protect("tcp port 23")
    lab.wire.protect("tcp port 7", esp=False)
    lab.wire.expect_clear("tcp port 80")
    client, server = lab.a, lab.b
    policies = [configuration.secure("telnet", client, server, 4, remote_port=traffic.TELNET),
                configuration.plain("web", "pass", client, server, 4, remote_port=traffic.HTTP),
                configuration.plain("echo", "discard", client, server, 4, remote_port=traffic.ECHO)]
    # The default is to discard, so that "web" passes because of its policy.
    document = configuration.document(policies, [configuration.isakmp(server, 4)], default="discard")
    suite = lab.suite(client, {**document, "bypass": [BYPASSED]}, configuration.KEY, server)
    peer = lab.suite(server, configuration.telnet_server(server, client, 4), configuration.KEY, client)
    suite.start()
    peer.start()

    traffic.echo_server(server, 4, traffic.TELNET)
    traffic.echo_server(server, 4, traffic.ECHO)
    traffic.http_server(server, 4)
    track_connections(client)
    telnet = traffic.connect(client, server, 4, traffic.TELNET)
    traffic.echo(telnet)
    traffic.http_get(client, server, 4)
    traffic.expect_blocked(client, server, 4, traffic.ECHO)
    lab.note("telnet and HTTP got through, echo did not")

    with telnet:
        check_cache(suite, client, server, telnet.getsockname()[1])
    for place, (port, name, action) in enumerate(
            ((traffic.TELNET, "telnet", "secure"), (traffic.HTTP, "web", "pass"), (traffic.ECHO, "echo", "discard")), 1):
        check_policy(suite, client, server, port, {"name": name, "action": action, "kind": "hashed", "place": place})
    check_lists(suite, client)
    greet = {"name": "greet", "action": "discard",
             "filter": {"remote": server.address(4), "protocol": "tcp", "remote_port": TIME}}
    net = {"name": "net", "action": "pass", "filter": {"local": NET, "protocol": "tcp"}}
    suite.configure({**document, "policies": [*policies, greet, net], "bypass": [BYPASSED]})
    suite.reload()
    check_active_rules(suite, client, server)


def track_connections(node):
    """From here on: the kernel does it where a rule asks for it."""
    node.run(["iptables-legacy", "-A", "OUTPUT", "-m", "conntrack", "--ctstate", "NEW", "-j", "ACCEPT"])


def check_policy(suite, client, server, port, wanted):
    """ipsec_policy: the policy with kind and place, its ISAKMP policy, the SAs in use, why, and that the kernel agrees."""
    packet = (client.address(4), 40000, server.address(4), port, "out")
    answer, explained = suite.policy(*packet), suite.policy(*packet, "tcp", "-why")
    chosen = {key: answer["policy"][key] for key in wanted}
    expect(chosen == wanted, f"ipsec_policy for port {port} says {chosen}, not {wanted}")
    expect(answer["kernel_agrees"] is True, f"ipsec_policy for port {port}: the kernel does not agree: {answer}")
    expect(explained["kernel_agrees"] is True and explained["policy"] == answer["policy"], f"-why says {explained}")
    secured = wanted["action"] == "secure"
    expect((answer["isakmp_policy"] or {}).get("name") == ("peer" if secured else None), f"the ISAKMP policy: {answer}")
    expect(len(answer["sas"]) == (2 if secured else 0), f"SAs in use for port {port}: {answer['sas']}")
    reasons = {each["name"]: (each["chosen"], each["reason"]) for each in explained["candidates"]}
    named = [name for name, (chosen, _) in reasons.items() if chosen]
    expect(named == [wanted["name"]], f"-why for port {port} says {reasons}")
    lost = "web" if port == traffic.ECHO else "echo"
    if lost in reasons:  # those behind the chosen one need not be named
        expect(not reasons[lost][0] and "remote port" in reasons[lost][1], f"-why for port {port} says {reasons}")


def check_cache(suite, client, server, telnet_port):
    """-cache: a secured flow with its SAs, a passed one (connection tracking remembers it) and a discarded one."""
    def flows():
        found = {}
        for each in suite.report("-cache")["cache"]:
            if each["kind"] != "entry" and each["direction"] == "out" and each["destination"] == server.address(4):
                found.setdefault(each["destination_port"], []).append(each)
        return found if traffic.ECHO in found else None

    # What was dropped is looked at once a second.
    found = wait_for("the refused connection in -cache", flows, timeout=10, pause=0.5)
    secured = [each for each in found[traffic.TELNET] if each["source_port"] == telnet_port]
    expect(len(secured) == 1 and secured[0]["action"] == "secure" and len(secured[0]["sas"]) == 1
           and secured[0]["cookie"] == 2 and secured[0]["seen_by"] == "socket", f"-cache of telnet: {secured}")
    passed = [each for each in found[traffic.HTTP] if each["seen_by"] == "connection tracking"]
    expect(passed and all(each["action"] == "pass" and each["policy"] == "web" and each["protocol"] == "tcp"
                          and each["source"] == client.address(4) and each["source_port"] >= 1024 for each in passed),
           f"-cache of HTTP: {found[traffic.HTTP]}")
    dropped = found[traffic.ECHO]
    expect(len(dropped) == 1 and dropped[0]["kind"] == "discard" and dropped[0]["policy"] == "echo"
           and dropped[0]["action"] == "discard" and dropped[0]["count"] >= 1 and dropped[0]["idle"] < 60,
           f"-cache of echo: {dropped}")


def check_lists(suite, client):
    """-policy active and configured, -ip, -bypass."""
    client.run(["ip", "address", "add", BYPASSED, "dev", "lo"])
    told = suite.report("-policy", "configured", "-ip", "-bypass")
    schema.expect_valid(told, schema.of_reports(), "ipsec_report -policy configured -ip -bypass --json")
    configured = [(each["name"], each["action"]) for each in told["policy"]]
    expect(configured == [("telnet", "secure"), ("web", "pass"), ("echo", "discard"), ("default", "discard")],
           f"-policy configured: {configured}")
    addresses = {each["address"]: each["ipsec"] for each in told["ip"]}
    expect(addresses.get(client.address(4)) == "enabled" and addresses.get(BYPASSED) == "bypassed", f"-ip: {addresses}")
    expect([each["address"] for each in told["bypass"]] == [BYPASSED], f"-bypass: {told['bypass']}")
    client.run(["ip", "address", "del", BYPASSED, "dev", "lo"])
    told = suite.report("-policy", "active", "-ip")
    active = [(each["name"], each["direction"]) for each in told["policy"]]
    names = ("telnet", "web", "echo", "default")
    expect(active == [(name, direction) for direction in ("out", "in") for name in names], f"-policy active: {active}")
    expect(BYPASSED not in {each["address"] for each in told["ip"]}, "-ip still has an address that is gone")


def check_active_rules(suite, client, server):
    """A policy for any local address: an active rule for each that there is, as they come and go, and its packets at once."""
    def rules(name="greet"):
        return [(each["source"], each["interface"], each["state"])
                for each in suite.report("-policy", "active")["policy"]
                if each["name"] == name and each["direction"] == "out"]

    def added():
        return [address for address, interface, state in rules() if (interface, state) == ("other", "down")]

    own = [rule for rule in rules() if rule[0] == client.address(4)]
    expect(len(own) == 1 and own[0][2] == "up", f"the rules of a policy for any local address: {rules()}")
    expect(all(rule[0] != "any" and rule[1] != "lo" for rule in rules()), f"rules that are for no address: {rules()}")
    client.run(["ip", "link", "add", "other", "type", "dummy"])
    client.run(["ip", "address", "add", f"{ADDED}/24", "dev", "other"])
    wait_for("the rule of a new address", lambda: added() == [ADDED], timeout=1, pause=0.1)
    expect(len(rules("net")) == 1 and rules("net")[0] == (ADDED, "other", "down"), f"rules of a prefix: {rules('net')}")
    answer = suite.policy(ADDED, 40000, server.address(4), TIME, "out")
    expect(answer["local_address"] == {"interface": "other", "state": "down"}, f"of the new address: {answer}")
    expect(answer["policy"]["name"] == "greet" and answer["kernel_agrees"] is True, f"of the new address: {answer}")
    client.run(["ip", "address", "del", f"{ADDED}/24", "dev", "other"])
    wait_for("the rule to go with the address", lambda: not added(), timeout=1, pause=0.1)
    expect(rules("net") == [(NET, None, "absent")], f"rules of a prefix of which there is no address: {rules('net')}")
    answer = suite.policy(ADDED, 40000, server.address(4), TIME, "out")
    expect(answer["local_address"] == {"interface": None, "state": "absent"}, f"of the address that went: {answer}")
    client.run(["ip", "link", "del", "other"])
