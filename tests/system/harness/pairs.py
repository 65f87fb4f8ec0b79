"""The usual pairs of hosts, set up and running: ours with ours, and ours with strongSwan on B."""

from harness import configuration, traffic
from harness.command import expect


def ours_with_ours(lab, family, client_key=configuration.KEY, server_key=configuration.KEY, **policy_options):
    """TCP port 23 from A to B secured. Gives (client's suite, server's suite), both started."""
    client = lab.suite(lab.a, configuration.telnet_client(lab.a, lab.b, family, **policy_options),
                       client_key, lab.b, family)
    server = lab.suite(lab.b, configuration.telnet_server(lab.b, lab.a, family, **policy_options),
                       server_key, lab.a, family)
    client.start()
    server.start()
    lab.note("our suite runs on A and B")
    return client, server


def our_client_with_strongswan(lab, family, peer_options=None, **policy_options):
    """TCP port 23 from A (ours) to B (strongSwan) secured. Gives (suite, peer), both started."""
    suite = lab.suite(lab.a, configuration.telnet_client(lab.a, lab.b, family, **policy_options), configuration.KEY,
                      lab.b, family)
    peer = lab.strongswan(lab.b)
    peer.configure_transport(lab.a, family, configuration.KEY, local_port=traffic.TELNET, **(peer_options or {}))
    peer.start()
    suite.start()
    lab.note("our suite runs on A, strongSwan on B")
    return suite, peer


def our_server_with_strongswan(lab, family):
    """TCP port 23 from B (strongSwan) to A (ours) secured. Gives (suite, peer), both started."""
    suite = lab.suite(lab.a, configuration.telnet_server(lab.a, lab.b, family), configuration.KEY, lab.b, family)
    peer = lab.strongswan(lab.b)
    peer.configure_transport(lab.a, family, configuration.KEY, remote_port=traffic.TELNET)
    suite.start()
    peer.start()
    lab.note("our suite runs on A, strongSwan on B")
    return suite, peer


def expect_reports(suite, policy, role):
    """-mad and -sad of a suite with one peer: one ISAKMP SA, a pair of IPSec SAs, both as configured."""
    mad = suite.mad()
    expect(len(mad) == 1, f"{suite.node.name}: -mad should show one ISAKMP SA: {mad}")
    wanted = {"role": role, "state": "established", "group": "MODP2048", "encryption": "AES128-CBC", "hash": "SHA256",
              "authentication_method": "psk"}
    _expect_fields(suite, "-mad", mad[0], wanted)
    sad = suite.wait_for_sas(2)
    for sa in sad:
        _expect_fields(suite, "-sad", sa, {"protocol": "esp", "state": "mature", "mode": "transport", "policy": policy,
                                           "encryption": "AES128-CBC", "authentication": "HMAC-SHA256"})
    expect({sa["direction"] for sa in sad} == {"in", "out"}, f"{suite.node.name}: not one SA for each direction: {sad}")


def _expect_fields(suite, view, entry, wanted):
    wrong = {name: entry.get(name) for name, value in wanted.items() if entry.get(name) != value}
    expect(not wrong, f"{suite.node.name}: {view} shows {wrong}, wanted {({name: wanted[name] for name in wrong})}")


def ours_talks_to_ours(lab, family):
    """The whole of a case: bulk data between two of ours, both reports, and the rest of the traffic left alone."""
    lab.wire.protect("tcp port 23")
    lab.wire.expect_clear("tcp port 80")
    client, server = ours_with_ours(lab, family)
    seconds = traffic.transfer(lab.a, lab.b, family, traffic.TELNET)
    lab.note(f"10 MB there and back in {seconds:.1f} s")
    expect_reports(client, "telnet_out", "initiator")
    expect_reports(server, "telnet_in", "responder")
    spis = [{sa["spi"] for sa in suite.sad()} for suite in (client, server)]
    expect(spis[0] == spis[1], f"the two hosts show different SPIs: {spis}")
    traffic.http_server(lab.b, family)
    traffic.http_get(lab.a, lab.b, family)


def ours_initiates(lab, family):
    """The whole of a case: our first packet makes us negotiate with strongSwan, then bulk data."""
    lab.wire.protect("tcp port 23")
    suite, peer = our_client_with_strongswan(lab, family)
    seconds = traffic.transfer(lab.a, lab.b, family, traffic.TELNET)
    lab.note(f"10 MB there and back in {seconds:.1f} s")
    expect_reports(suite, "telnet_out", "initiator")
    _expect_peer(peer)


def strongswan_initiates(lab, family):
    """The whole of a case: strongSwan negotiates with us, then bulk data."""
    lab.wire.protect("tcp port 23")
    suite, peer = our_server_with_strongswan(lab, family)
    peer.initiate()
    seconds = traffic.transfer(lab.b, lab.a, family, traffic.TELNET)
    lab.note(f"10 MB there and back in {seconds:.1f} s")
    expect_reports(suite, "telnet_in", "responder")
    _expect_peer(peer)


def _expect_peer(peer):
    sas = peer.list_sas()
    states = [sa["state"] for sa in sas.values()]
    children = [child["state"] for sa in sas.values() for child in sa["child-sas"].values()]
    expect(states == ["ESTABLISHED"] and children == ["INSTALLED"],
           f"strongSwan shows IKE SAs {states} with IPsec SAs {children}; {peer.log_end()}")
