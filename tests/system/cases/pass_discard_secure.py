"""One host, three policies side by side: telnet in ESP, HTTP in clear, echo nowhere; ipsec_policy says the same."""

from harness import configuration, traffic
from harness.command import expect


def run(lab):
    lab.wire.protect("tcp port 23")
    lab.wire.protect("tcp port 7", esp=False)
    lab.wire.expect_clear("tcp port 80")
    client, server = lab.a, lab.b
    policies = [configuration.secure("telnet", client, server, 4, remote_port=traffic.TELNET),
                configuration.plain("web", "pass", client, server, 4, remote_port=traffic.HTTP),
                configuration.plain("echo", "discard", client, server, 4, remote_port=traffic.ECHO)]
    # The default is to discard, so that "web" passes because of its policy.
    suite = lab.suite(client, configuration.document(policies, [configuration.isakmp(server, 4)], default="discard"),
                      configuration.KEY, server)
    peer = lab.suite(server, configuration.telnet_server(server, client, 4), configuration.KEY, client)
    suite.start()
    peer.start()

    traffic.echo_server(server, 4, traffic.TELNET)
    traffic.echo_server(server, 4, traffic.ECHO)
    traffic.http_server(server, 4)
    traffic.talk(client, server, 4, traffic.TELNET)
    traffic.http_get(client, server, 4)
    traffic.expect_blocked(client, server, 4, traffic.ECHO)
    lab.note("telnet and HTTP got through, echo did not")

    for port, name, action in ((traffic.TELNET, "telnet", "secure"), (traffic.HTTP, "web", "pass"),
                               (traffic.ECHO, "echo", "discard")):
        answer = suite.policy(client.address(4), 40000, server.address(4), port, "out")
        chosen = (answer["policy"]["name"], answer["policy"]["action"])
        expect(chosen == (name, action), f"ipsec_policy for port {port} says {chosen}, not {(name, action)}")
        expect(answer["kernel_agrees"] is True, f"ipsec_policy for port {port}: the kernel does not agree: {answer}")
