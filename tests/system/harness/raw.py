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
        packets = _between(wire, source, destination, 50)
        return cls._parse(packets[-1]) if packets else None

    @classmethod
    def _parse(cls, payload):
        return cls(*struct.unpack("!II", payload[:8]), payload[8:])

    @classmethod
    def inside_ah(cls, wire, source, destination, number):
        """What is in the AH packet of that number (from 0), of those from one host to the other, once it is captured."""
        packets = wait_for(f"AH packets from {source.name} to {destination.name} in the capture",
                           lambda: (found := _between(wire, source, destination, 51)) and len(found) > number and found)
        ah = packets[number]
        if ah[0] != 50:
            raise Failure("there is no ESP in the AH packet")
        return cls._parse(ah[4 * (ah[1] + 2):])

    def numbered(self, sequence):
        return EspPacket(self.spi, sequence, self.rest)

    def send(self, source, destination):
        self.raw(source, destination, struct.pack("!II", self.spi, self.sequence) + self.rest)

    @staticmethod
    def raw(source, destination, payload):
        """Any bytes as ESP."""
        with source.inside(), socket.socket(socket.AF_INET, socket.SOCK_RAW, 50) as sender:
            sender.sendto(payload, (destination.address(4), 0))


def ah_packets(wire, source, destination):
    """The number of those captured so far."""
    return len(_between(wire, source, destination, 51))


def _between(wire, source, destination, protocol):
    """The payloads of IPv4 packets, in the order of the capture."""
    ends = socket.inet_aton(source.address(4)) + socket.inet_aton(destination.address(4))
    return [packet[34:14 + struct.unpack("!H", packet[16:18])[0]] for packet in _whole_packets(wire.file)
            if packet[12:14] == b"\x08\x00" and packet[23] == protocol and packet[26:34] == ends]


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
