"""libreswan, both roles, IPv4 and IPv6: ESP CBC and GCM, AH, PFS, a tunnel; a megabyte each way in each."""

from harness import matrix

TIME_LIMIT = 150
MESSAGES = ("Main Mode", "Quick Mode")


def run(lab):
    matrix.run(lab, lab.libreswan, {4: "AES128-SHA256-MODP2048", 6: "AES256-SHA384-ECP384"},
               {4: "AES256-SHA512-MODP3072", 6: "3DES-SHA1-MODP1536"})
