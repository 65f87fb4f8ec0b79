"""The servers of a CA, as a case needs them on one host: HTTP (good, silent, boundless), LDAP, OCSP, and CMP."""

import http.server
import os
import socket
import ssl
import subprocess
import threading

from harness.command import run, wait_for

SECRET = "what the CA told the administrator"


def _serve(node, port, handler):
    """An HTTP server of the node, in a thread."""
    listening = node.socket(4, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((node.address(4), port))
    listening.listen(16)
    server = http.server.ThreadingHTTPServer(listening.getsockname(), handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Web:
    """Serves `files` (path: name of a file of DER); /boundless is a list of 100 MB, /silent never answers."""

    def __init__(self, node, port, files):
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                if self.path == "/silent":
                    threading.Event().wait(40)
                elif self.path == "/boundless":
                    self._begin(100 << 20)
                    self.wfile.write(b"\x30\x84\x06\x3f\xff\xfa")
                    for _ in range(100):
                        self.wfile.write(bytes(1 << 20))
                else:
                    with open(files[self.path], "rb") as file:
                        body = file.read()
                    self._begin(len(body))
                    self.wfile.write(body)

            def _begin(self, length):
                self.send_response(200)
                self.send_header("Content-Type", "application/pkix-crl")
                self.send_header("Content-Length", str(length))
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self._server = _serve(node, port, Handler)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Process:
    """A program that runs inside the node until close()."""

    def __init__(self, node, port, arguments):
        with node.inside():
            self._process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                             stderr=subprocess.DEVNULL)
        wait_for(f"{arguments[0]} at port {port}", lambda: _listens(node, port), timeout=10)

    def close(self):
        self._process.kill()
        self._process.wait(10)


def _listens(node, port):
    # Not by a connection: the responder of the openssl program waits for ever for what such a one has to ask.
    return bool(node.run(["ss", "-ltnH", f"sport = :{port}"]).stdout.strip())


def responder(node, port, authority):
    return Process(node, port, ["openssl", "ocsp", "-port", str(port), "-index", f"{authority.directory}/index.txt",
                                "-CA", authority.certificate, "-rsigner", authority.certificate, "-rkey",
                                authority.key, "-nmin", "60"])


def directory_service(node, port, place, crl, certificates):
    """slapd with the certificates (common name: file of DER) in the entries of O=Example, CN=..., and in that of Root
    the CRL. `place`: a directory for its files."""
    os.makedirs(f"{place}/data")
    with open(f"{place}/slapd.conf", "w", encoding="utf-8") as file:
        file.write(f"include /etc/ldap/schema/core.schema\npidfile {place}/pid\ndatabase ldif\n"
                   f"suffix \"o=Example\"\ndirectory {place}/data\n")
    with open(f"{place}/entries.ldif", "w", encoding="utf-8") as file:
        file.write("dn: o=Example\nobjectClass: organization\no: Example\n")
        for name, certificate in certificates.items():
            file.write(f"\ndn: cn={name},o=Example\nobjectClass: cRLDistributionPoint\nobjectClass: pkiCA\n"
                       f"cn: {name}\ncACertificate;binary:< file://{certificate}\n")
            if name == "Root":
                file.write(f"certificateRevocationList;binary:< file://{crl}\n")
    run(["/usr/sbin/slapadd", "-f", f"{place}/slapd.conf", "-l", f"{place}/entries.ldif"], timeout=20)
    return Process(node, port, ["/usr/sbin/slapd", "-d", "0", "-f", f"{place}/slapd.conf", "-h",
                                f"ldap://{node.address(4)}:{port}/"])


class Manager:
    """A CA's manager: issues by CMP, for whatever key is asked for, what is next in `templates` (Issued: its names and
    dates). The protocol is that of `openssl cmp`, which answers with a certificate it was started with: it is started
    for each request, with one that is made for the request's key."""

    def __init__(self, node, port, authority, templates, place):
        os.makedirs(place)
        self._node, self._port, self._authority, self._templates, self._place = node, port, authority, templates, place
        self._signer = authority.issue("manager")
        self._openssl, self._serial = None, None
        self.issued = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                answer = outer.answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/pkixcmp")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments):
                pass

        self._server = _serve(node, port, Handler)

    def answer(self, request):
        body = _children(_children(request)[0][1])[1]
        if body[0] in (0xA0, 0xA7):  # ir, kur: what begins an exchange
            self._start(_public_key(body[1]), with_secret=body[0] == 0xA0)
        with self._node.socket(4, socket.SOCK_STREAM) as there:
            there.settimeout(10)
            there.connect((self._node.address(4), self._port + 1))
            there.sendall(b"POST /pkix/ HTTP/1.0\r\nContent-Type: application/pkixcmp\r\nContent-Length: "
                          + str(len(request)).encode() + b"\r\n\r\n" + request)
            answer = b""
            while part := there.recv(65536):
                answer += part
                head, separator, content = answer.partition(b"\r\n\r\n")
                if separator and len(content) >= _content_length(head):
                    return content
        return b""

    def _start(self, key, with_secret):
        template = self._templates.pop(0)
        stem = f"{self._place}/{len(self.issued)}"
        self._certify(template, key, f"{stem}.pem")
        self.issued.append(f"{stem}.pem")
        if self._openssl:
            self._openssl.close()
        secret = ["-srv_ref", "gate", "-srv_secret", f"pass:{SECRET}"] if with_secret else []
        self._openssl = Process(self._node, self._port + 1, [
            "openssl", "cmp", "-port", str(self._port + 1), *secret, "-srv_cert", self._signer.certificate, "-srv_key",
            self._signer.key, "-srv_trusted", self._authority.certificate, "-rsp_cert", f"{stem}.pem", "-rsp_capubs",
            self._authority.certificate])

    def _certify(self, template, key, path):
        """The template's certificate for another key of the same kind: the openssl program would ask for a signature
        by that key first."""
        with open(template.certificate, encoding="ascii") as file:
            der = ssl.PEM_cert_to_DER_cert(file.read())
        old = subprocess.run(["openssl", "pkey", "-in", template.key, "-pubout", "-outform", "DER"], check=True,
                             capture_output=True, timeout=20).stdout
        content = _children(_children(der)[0][1])
        signed = _element(*content[0]).replace(old, key)
        serial = _element(*_children(content[0][1])[1])
        self._serial = self._serial or serial  # `openssl cmp` renews only what has the number of what it gives
        signed = signed.replace(serial, self._serial, 1)
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self._authority.key], input=signed,
                                   check=True, capture_output=True, timeout=20).stdout
        whole = _element(0x30, signed + _element(*content[1]) + _element(0x03, b"\0" + signature))
        with open(path, "w", encoding="ascii") as file:
            file.write(ssl.DER_cert_to_PEM_cert(whole))

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        if self._openssl:
            self._openssl.close()


def _content_length(head):
    for line in head.decode("latin-1").lower().split("\r\n"):
        if line.startswith("content-length:"):
            return int(line.split(":")[1])
    return 1 << 30


def _children(der):
    """The elements of DER one after the other: (tag, content)."""
    found, at = [], 0
    while at + 2 <= len(der):
        tag, length, start = der[at], der[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length, start = int.from_bytes(der[start:start + count], "big"), start + count
        found.append((tag, der[start:start + length]))
        at = start + length
    return found


def _element(tag, content):
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([len(content)]) if len(content) < 128 else bytes([0x80 | len(length)]) + length) + content


def _public_key(der):
    """The first publicKey of a CertTemplate (RFC 4211) in it, as SubjectPublicKeyInfo."""
    for tag, content in _children(der):
        if tag == 0xA6 and content[:1] == b"\x30":
            return _element(0x30, content)
        if tag & 0x20:
            key = _public_key(content)
            if key:
                return key
    return None
