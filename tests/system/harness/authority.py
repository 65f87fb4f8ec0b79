"""A certification authority of the tests, made by the openssl program: certificates good and bad, and its CRL."""

import os
import time

from harness.command import run


class Authority:
    """Everything lies below `directory`. `issuer`: another Authority, which certifies this one."""

    def __init__(self, directory, name="Root", issuer=None):
        self.directory = directory
        self.key = f"{directory}/ca.key"
        self._name = name
        self._issued = 0
        os.makedirs(directory)
        for file, text in (("index.txt", ""), ("serial", "1001\n"), ("crlnumber", "01\n"), ("ca.cnf", CONFIGURATION)):
            self._write(file, text.replace("@directory@", directory))
        self.certificate = f"{directory}/ca.pem"
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{directory}/ca.key")
        if issuer is None:
            self._openssl("req", "-x509", "-new", "-key", f"{directory}/ca.key", "-sha256", "-days", "300", "-subj",
                          f"/O=Example/CN={name}", "-config", f"{directory}/ca.cnf", "-extensions", "authority", "-out",
                          self.certificate)
        else:
            self._openssl("req", "-new", "-key", f"{directory}/ca.key", "-subj", f"/O=Example/CN={name}", "-config",
                          f"{directory}/ca.cnf", "-out", f"{directory}/ca.csr")
            issuer.sign(f"{directory}/ca.csr", self.certificate, section="authority")

    def issue(self, name, alternative_names="", key="P-256", start=-3600, end=86400 * 30, extensions=()):
        """A certificate with its key; `start` and `end` in seconds from now, `extensions` as openssl's configuration
        has them. Gives an Issued."""
        self._issued += 1
        stem = f"{self.directory}/{self._issued}-{name}"
        kind = (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if key == "RSA" else
                ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{key}"])
        self._openssl("genpkey", *kind, "-out", f"{stem}.key")
        self._openssl("req", "-new", "-key", f"{stem}.key", "-subj", f"/O=Example/CN={name}", "-config",
                      f"{self.directory}/ca.cnf", "-out", f"{stem}.csr")
        self.sign(f"{stem}.csr", f"{stem}.pem", "host", alternative_names, start, end, extensions)
        return Issued(stem, self.certificate)

    def sign(self, request, certificate, section, alternative_names="", start=-3600, end=86400 * 30,
             extensions=()):
        text = CONFIGURATION.replace("@directory@", self.directory)
        for line in extensions:
            text = text.replace("[ host ]\n", f"[ host ]\n{line}\n")
        if alternative_names:
            text = text.replace("[ host ]\n", f"[ host ]\nsubjectAltName = {alternative_names}\n")
        self._write("sign.cnf", text)
        self._openssl("ca", "-batch", "-notext", "-config", f"{self.directory}/sign.cnf", "-extensions", section,
                      "-startdate", _date(start), "-enddate", _date(end), "-in", request, "-out", certificate)

    def revoke(self, issued):
        self._openssl("ca", "-batch", "-config", f"{self.directory}/ca.cnf", "-revoke", issued.certificate)

    def crl(self):
        """Its CRL as it is now: the file's name."""
        path = f"{self.directory}/crl.pem"
        self._openssl("ca", "-batch", "-gencrl", "-crldays", "1", "-config", f"{self.directory}/ca.cnf", "-out", path)
        return path

    def fingerprint(self):
        """SHA-256 of its certificate, as the openssl program writes it."""
        shown = run(["openssl", "x509", "-in", self.certificate, "-noout", "-fingerprint", "-sha256"], timeout=30)
        return shown.stdout.strip().partition("=")[2]

    def _write(self, name, text):
        with open(f"{self.directory}/{name}", "w", encoding="utf-8") as file:
            file.write(text)

    def _openssl(self, *arguments):
        run(["openssl", *arguments], timeout=30)


class Issued:
    """A certificate in `certificate`, its key in `key`, both PEM, and both with the CA's in `bundle()` (PKCS#12)."""

    def __init__(self, stem, authority):
        self._stem = stem
        self.authority = authority
        self.certificate = f"{stem}.pem"
        self.key = f"{stem}.key"

    def pem(self):
        with open(self.certificate, "rb") as file:
            return file.read()

    def bundle(self, name):
        path = f"{self._stem}.p12"
        run(["openssl", "pkcs12", "-export", "-inkey", self.key, "-in", self.certificate, "-certfile", self.authority,
             "-name", name, "-passout", "pass:", "-out", path], timeout=30)
        return path


def _date(seconds):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))


CONFIGURATION = """\
[ ca ]
default_ca = authority_files
[ authority_files ]
database = @directory@/index.txt
new_certs_dir = @directory@
serial = @directory@/serial
crlnumber = @directory@/crlnumber
certificate = @directory@/ca.pem
private_key = @directory@/ca.key
default_md = sha256
policy = anything
unique_subject = no
[ anything ]
organizationName = optional
commonName = supplied
[ req ]
distinguished_name = name
[ name ]
[ authority ]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ host ]
basicConstraints = CA:FALSE
keyUsage = digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
