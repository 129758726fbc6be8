"""A client that means harm, on raw sockets: the broker answers or closes, stays up, and its memory stays bounded."""

import random
import socket
import struct
import unittest

from broker import Broker, kcat, wait_until

MEBIBYTE = 1024 * 1024


def frame(body):
    return struct.pack(">i", len(body)) + body


def header(key, version, correlation=1):
    return struct.pack(">hhih", key, version, correlation, -1)


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("request.receive.timeout.ms=1000", "connections.max.idle.ms=3000", "max.connections=200")
        cls.broker.__enter__()
        kcat(cls.broker, "-P", "-t", "witness", stdin=b"still here\n")

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__()

    def tearDown(self):
        self.assertTrue(self.broker.alive())
        self.assertEqual(kcat(self.broker, "-C", "-t", "witness", "-o", "beginning", "-e", "-q"), b"still here\n")

    def connect(self):
        peer = socket.create_connection(("127.0.0.1", self.broker.port), timeout=20)
        self.addCleanup(peer.close)
        return peer

    def is_closed_by_broker(self, peer):
        try:
            while peer.recv(65536):
                pass
            return True
        except ConnectionError:
            return True

    def send_and_expect_close(self, data, then_end=False):
        """Sends, and says so if that was all; the broker may hang up at any moment."""
        peer = self.connect()
        try:
            peer.sendall(data)
            if then_end:
                peer.shutdown(socket.SHUT_WR)
        except OSError:
            return
        self.assertTrue(self.is_closed_by_broker(peer))

    def test_garbage(self):
        draw = random.Random(1)
        for _ in range(50):
            self.send_and_expect_close(draw.randbytes(draw.randint(1, 5000)), then_end=True)

    def test_lengths_that_cannot_be(self):
        for length in (2**31 - 1, 101 * MEBIBYTE, -1, -(2**31)):
            with self.subTest(length=length):
                self.send_and_expect_close(struct.pack(">i", length) + b"x" * 100)

    def test_unknown_keys_and_versions(self):
        for key, version in ((999, 0), (-1, 0), (3, 99), (0, 2), (1, 3), (3, -1), (22, 0)):
            with self.subTest(key=key, version=version):
                self.send_and_expect_close(frame(header(key, version)))

    def test_an_unknown_version_of_api_versions_is_answered(self):
        peer = self.connect()
        peer.sendall(frame(header(18, 99, 7) + b"\x00"))
        size, correlation, error = struct.unpack(">iih", peer.recv(10, socket.MSG_WAITALL))
        self.assertEqual((correlation, error), (7, 35))
        self.assertEqual(len(peer.recv(size - 6, socket.MSG_WAITALL)), size - 6)

    def test_every_cut_of_a_request(self):
        metadata = frame(header(3, 1) + struct.pack(">i", 1) + struct.pack(">h", 7) + b"witness")
        for length in range(len(metadata)):
            self.send_and_expect_close(metadata[:length], then_end=True)
        # The same bytes with a length that says that they are all.
        for length in range(len(metadata) - 4):
            self.send_and_expect_close(frame(metadata[4 : 4 + length]))

    def test_changed_bytes_in_a_request(self):
        metadata = frame(header(3, 9) + b"\x00\x02\x08witness\x00\x01\x00\x00\x00")
        draw = random.Random(2)
        for _ in range(300):
            changed = bytearray(metadata)
            for _ in range(draw.randint(1, 4)):
                changed[draw.randrange(4, len(changed))] = draw.randrange(256)
            self.send_and_expect_close(bytes(changed), then_end=True)

    def test_huge_counts_in_a_small_request(self):
        for count in (2**31 - 1, 2**30, 100_000_000):
            self.send_and_expect_close(frame(header(3, 1) + struct.pack(">i", count)))

    def test_a_slow_writer_is_cut_off(self):
        peer = self.connect()
        peer.sendall(struct.pack(">i", 1000) + b"x")
        self.assertTrue(self.is_closed_by_broker(peer))

    def test_an_idle_connection_is_closed(self):
        self.assertTrue(self.is_closed_by_broker(self.connect()))

    def test_many_large_requests_that_never_end_cost_no_memory(self):
        before = self.broker.resident_bytes()
        peers = [self.connect() for _ in range(100)]
        for peer in peers:
            peer.sendall(struct.pack(">i", 99 * MEBIBYTE) + header(0, 9) + b"x" * 20_000)
        self.assertLess(self.broker.resident_bytes() - before, 50 * MEBIBYTE)
        for peer in peers:
            peer.close()

    def test_a_reader_that_never_reads_costs_no_memory(self):
        kcat(self.broker, "-P", "-t", "bulk", "-D", ";", stdin=b";".join(b"b" * 900_000 for _ in range(40)))
        before = self.broker.resident_bytes()
        name = b"bulk"
        fetch = (
            header(1, 4)
            + struct.pack(">iiiib", -1, 100, 1, 50 * MEBIBYTE, 0)
            + struct.pack(">ih", 1, len(name))
            + name
            + struct.pack(">iiqi", 1, 0, 0, 50 * MEBIBYTE)
        )
        peers = [self.connect() for _ in range(50)]
        for peer in peers:
            peer.sendall(frame(fetch) * 5)
        # 250 answers of 36 MB were asked for: 9 GB.
        wait_until(self.broker.alive, "the broker")
        kcat(self.broker, "-L")
        self.assertLess(self.broker.resident_bytes() - before, 600 * MEBIBYTE)
        for peer in peers:
            peer.close()

    def test_too_many_connections_leave_room_for_none_and_then_for_all(self):
        peers = [self.connect() for _ in range(220)]
        closed = 0
        for peer in peers[-15:]:
            closed += self.is_closed_by_broker(peer)
        self.assertEqual(closed, 15)
        for peer in peers:
            peer.close()
        wait_until(lambda: self.answers(), "room for a connection")

    def answers(self):
        try:
            peer = socket.create_connection(("127.0.0.1", self.broker.port), timeout=5)
            with peer:
                peer.sendall(frame(header(18, 0)))
                return len(peer.recv(4, socket.MSG_WAITALL)) == 4
        except OSError:
            return False


if __name__ == "__main__":
    unittest.main()
