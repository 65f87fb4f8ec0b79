"""A steady stream of UDP datagrams and their echoes. Unlike TCP it shows every single loss."""

import contextlib
import socket
import struct
import threading
import time


class Stream:
    """Client sends numbered datagrams to the server's port at a fixed pace, the server echoes them."""

    def __init__(self, client, server, family, port, interval=0.05, size=4):
        """A datagram each `interval` seconds, with `size` bytes in it."""
        self._padding = bytes(size - 4)
        self._echo = server.socket(family, socket.SOCK_DGRAM)
        self._echo.bind((server.address(family), port))
        self._socket = client.socket(family, socket.SOCK_DGRAM)
        self._socket.connect((server.address(family), port))
        for one in (self._socket, self._echo):
            one.settimeout(0.2)
        self._interval = interval
        self._ending = threading.Event()  # nothing more is sent
        self._ended = threading.Event()
        self._answered = set()
        self.sent = 0
        self._threads = [threading.Thread(target=work, daemon=True)
                         for work in (self._send_all, self._echo_all, self._receive_all)]
        for thread in self._threads:
            thread.start()

    @property
    def answered(self):
        return len(self._answered)

    def first_answered(self):
        return min(self._answered)

    def lost(self, since):
        """The numbers of the datagrams from `since` on that got no answer. Call it after stop()."""
        return [number for number in range(since, self.sent) if number not in self._answered]

    def stop(self):
        self._ending.set()
        self._threads[0].join()
        time.sleep(1)  # for the last answers
        self._ended.set()
        for thread in self._threads[1:]:
            thread.join()
        self._socket.close()
        self._echo.close()

    def _send_all(self):
        due = time.monotonic()
        while not self._ending.is_set():
            # Counted as sent even if the kernel refuses it: to the user that is a loss as well.
            with contextlib.suppress(OSError):
                self._socket.send(struct.pack("!I", self.sent) + self._padding)
            self.sent += 1
            # A machine that stood still does not make up for it: a burst would use up SAs faster than ever agreed.
            due = max(due + self._interval, time.monotonic())
            time.sleep(max(0, due - time.monotonic()))

    def _echo_all(self):
        self._until_ended(lambda: self._echo.sendto(*self._echo.recvfrom(2048)))

    def _receive_all(self):
        self._until_ended(lambda: self._answered.add(struct.unpack_from("!I", self._socket.recv(2048))[0]))

    def _until_ended(self, step):
        while not self._ended.is_set():
            with contextlib.suppress(OSError):  # a time-out, or an ICMP error, which the count of losses will show
                step()
