"""Real traffic between two nodes: servers run as threads, and everything ends within a stated time."""

import contextlib
import hashlib
import random
import socket
import threading
import time

from harness.command import Failure, patience

# The packets that ask for SAs are dropped by the kernel, so a SYN comes through with its first or second repetition
# (after 1 and 3 s); the negotiation itself is much shorter.
CONNECT_SECONDS = patience(15)
TRANSFER_SECONDS = patience(20)  # for each piece
TELNET, HTTP, ECHO = 23, 80, 7
MEGABYTE = 1 << 20


class Server:
    """Accepts TCP connections on a node's port and hands each to `serve` in a thread of its own."""

    def __init__(self, node, family, port, serve):
        self._listener = node.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((node.address(family), port))
        self._listener.listen(16)
        self._serve = serve
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection):
        # A broken connection is for the client to report, or not, as the case wants.
        with connection, contextlib.suppress(OSError):
            connection.settimeout(TRANSFER_SECONDS)
            self._serve(connection)

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()


def connect(client, server, family, port, timeout=CONNECT_SECONDS):
    """A TCP connection, or OSError after `timeout` seconds."""
    connection = client.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect((server.address(family), port))
    except OSError:
        connection.close()
        raise
    connection.settimeout(TRANSFER_SECONDS)
    return connection


def echo_server(node, family, port):
    def serve(connection):
        while data := connection.recv(65536):
            connection.sendall(data)
    return Server(node, family, port, serve)


def echo(connection, text=b"are you there?\r\n"):
    connection.sendall(text)
    answer = _receive(connection, len(text), hashlib.sha256())
    if answer != hashlib.sha256(text).hexdigest():
        raise Failure("the echo differs from what was sent")


def finish(connection):
    """Ends it at both ends: else a FIN that is still to be sent meets a peer that was stopped, and goes in clear."""
    connection.shutdown(socket.SHUT_WR)
    if connection.recv(1):
        raise Failure("there is more to receive than was sent")


@contextlib.contextmanager
def echoes(connection, pause=0.5):
    """As long as it lasts, lines go to and fro; it ends with Failure if one did not."""
    ending, trouble = threading.Event(), []

    def exchange():
        try:
            while not ending.wait(pause):
                echo(connection)
        except (OSError, Failure) as error:
            trouble.append(error)

    thread = threading.Thread(target=exchange, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
    if trouble:
        raise Failure(f"the connection broke: {trouble[0]}")


def talk(client, server, family, port, timeout=CONNECT_SECONDS):
    """Connects to an echo server there and exchanges a line."""
    try:
        with connect(client, server, family, port, timeout) as connection:
            echo(connection)
            finish(connection)
    except OSError as error:
        raise Failure(f"no conversation from {client.name} to {server.address(family)} port {port}: {error}") from None


def expect_blocked(client, server, family, port, timeout=5):
    """The flow must not get through."""
    with contextlib.suppress(OSError):
        with connect(client, server, family, port, timeout):
            raise Failure(f"{client.name} got a connection to {server.address(family)} port {port}, "
                          "which must stay blocked")


def http_server(node, family):
    def serve(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")
    return Server(node, family, HTTP, serve)


def http_get(client, server, family):
    try:
        with connect(client, server, family, HTTP) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = connection.recv(4096)
    except OSError as error:
        raise Failure(f"no web page from {server.address(family)} for {client.name}: {error}") from None
    if not answer.startswith(b"HTTP/1.0 200 "):
        raise Failure(f"not the web page that was asked for: {answer!r}")


def transfer(client, server, family, port, megabytes=10):
    """Sends that many megabytes to the server and as many, others, back; both ends compare SHA-256.

    Brings its own server. Returns the seconds it took."""
    verdict = {}

    def serve(connection):
        verdict["server"] = _receive(connection, megabytes * MEGABYTE, hashlib.sha256())
        _send(connection, megabytes, seed=2)

    own = Server(server, family, port, serve)
    started = time.monotonic()
    try:
        with connect(client, server, family, port) as connection:
            sent = _send(connection, megabytes, seed=1)
            received = _receive(connection, megabytes * MEGABYTE, hashlib.sha256())
            finish(connection)
    except OSError as error:
        raise Failure(f"{megabytes} MB from {client.name} to {server.address(family)} port {port} and back: {error} "
                      f"after {time.monotonic() - started:.1f} s") from None
    finally:
        own.close()
    if verdict.get("server") != sent:
        raise Failure(f"{server.name} received other data than {client.name} sent")
    if received != _digest(megabytes, seed=2):
        raise Failure(f"{client.name} received other data than {server.name} sent")
    return time.monotonic() - started


def _blocks(megabytes, seed):
    source = random.Random(seed)
    return (source.randbytes(MEGABYTE) for _ in range(megabytes))


def _digest(megabytes, seed):
    digest = hashlib.sha256()
    for block in _blocks(megabytes, seed):
        digest.update(block)
    return digest.hexdigest()


def _send(connection, megabytes, seed):
    digest = hashlib.sha256()
    for block in _blocks(megabytes, seed):
        digest.update(block)
        connection.sendall(block)
    return digest.hexdigest()


def _receive(connection, size, digest):
    while size:
        data = connection.recv(min(size, 1 << 18))
        if not data:
            raise OSError(f"the connection ended {size} bytes too early")
        digest.update(data)
        size -= len(data)
    return digest.hexdigest()
