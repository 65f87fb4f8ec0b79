"""A peer that refuses at once: the kernel may ask again soon, though not in a flood, and gets its SAs when all is well."""

from harness import configuration
from harness.command import expect, wait_for
from harness.datagrams import Stream

TIME_LIMIT = 90
PORT = 7008
REFUSED = 6  # seconds; the kernel of itself would ask a second time after 30


def server_document(lab, **options):
    policy = configuration.secure("stream_in", lab.b, lab.a, 4, protocol="udp", local_port=PORT, **options)
    return configuration.document([policy], [configuration.isakmp(lab.a, 4)])


def run(lab):
    lab.wire.protect(f"udp port {PORT}")
    policy = configuration.secure("stream_out", lab.a, lab.b, 4, protocol="udp", remote_port=PORT)
    client = lab.suite(lab.a, configuration.document([policy], [configuration.isakmp(lab.b, 4)]),
                       configuration.KEY, lab.b)
    tunnel = {"local": lab.b.address(4), "remote": lab.a.address(4)}
    server = lab.suite(lab.b, server_document(lab, tunnel=tunnel), configuration.KEY, lab.a)
    client.start()
    server.start()

    stream = Stream(lab.a, lab.b, 4, PORT)
    wait_for("the first refusal", client.failures)
    lab.pause(REFUSED, "packets meet the refusal")
    acquires = client.acquires()
    lab.note(f"{acquires} questions of the kernel in {REFUSED} s")
    expect(3 <= acquires <= 8, f"{acquires} questions of the kernel in {REFUSED} s of constant traffic")
    for suite in (client, server):
        failure = suite.failures()[-1]
        said = {field: failure[field] for field in ("phase", "differs", "offered", "wanted")}
        expect(said == {"phase": "quick", "differs": "mode", "offered": "transport", "wanted": "tunnel"},
               f"{suite.node.name}: transport against tunnel should be named: {failure}")
    expect(not stream.answered, "datagrams got through without a policy in common")

    server.configure(server_document(lab))
    server.reload()
    wait_for("a datagram gets through", lambda: stream.answered, timeout=12)
    stream.stop()
    client.wait_for_sas(2)
    lab.note("the policies agree now, and so do the hosts")
