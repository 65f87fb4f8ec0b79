"""Packets made by hand: ESP as it was on the wire, once more or changed."""

import socket
import struct

from harness.command import Failure, wait_for


class EspPacket:
    def __init__(self, spi, sequence, rest):
        self.spi = spi
        self.sequence = sequence
        self.rest = rest

    @classmethod
    def captured(cls, wire, source, destination):
        """An ESP packet from one host to the other that the capture has whole."""
        return wait_for(f"an ESP packet from {source.name} to {destination.name} in the capture",
                        lambda: cls._find(wire, source, destination))

    @classmethod
    def _find(cls, wire, source, destination):
        ends = socket.inet_aton(source.address(4)) + socket.inet_aton(destination.address(4))
        found = None
        for packet in _whole_packets(wire.file):
            if packet[12:14] == b"\x08\x00" and packet[23] == 50 and packet[26:34] == ends:
                length, = struct.unpack("!H", packet[16:18])
                found = cls(*struct.unpack("!II", packet[34:42]), packet[42:14 + length])
        return found

    def numbered(self, sequence):
        return EspPacket(self.spi, sequence, self.rest)

    def send(self, source, destination):
        self.raw(source, destination, struct.pack("!II", self.spi, self.sequence) + self.rest)

    @staticmethod
    def raw(source, destination, payload):
        """Any bytes as ESP."""
        with source.inside(), socket.socket(socket.AF_INET, socket.SOCK_RAW, 50) as sender:
            sender.sendto(payload, (destination.address(4), 0))


def _whole_packets(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] != b"\xd4\xc3\xb2\xa1":
        raise Failure(f"{path} is no capture in this machine's byte order")
    at = 24
    while at + 16 <= len(data):
        captured, length = struct.unpack("<II", data[at + 8:at + 16])
        if captured == length and at + 16 + captured <= len(data):
            yield data[at + 16:at + 16 + captured]
        at += 16 + captured
