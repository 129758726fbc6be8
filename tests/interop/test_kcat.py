"""kcat (librdkafka): produce, consume, list, keys, codecs, large messages, lookups by time."""

import json
import tempfile
import unittest

from broker import Broker, kcat


class Kcat(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("num.partitions=1", "message.max.bytes=2000000")
        cls.broker.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__()

    def produce(self, topic, lines, *options):
        kcat(self.broker, "-P", "-t", topic, *options, stdin="".join(f"{line}\n" for line in lines).encode())

    def consume(self, topic, *options, offset="beginning"):
        return kcat(self.broker, "-C", "-t", topic, "-o", offset, "-e", "-q", *options).decode().splitlines()

    def test_what_is_produced_is_consumed_in_order(self):
        lines = [f"message {i}" for i in range(1000)]
        self.produce("ordered", lines)
        self.assertEqual(self.consume("ordered"), lines)

    def test_consume_from_an_offset_and_from_the_tail(self):
        self.produce("offsets", [str(i) for i in range(10)])
        self.assertEqual(self.consume("offsets", offset="7"), ["7", "8", "9"])
        self.assertEqual(self.consume("offsets", offset="-2"), ["8", "9"])
        self.assertEqual(self.consume("offsets", offset="end"), [])

    def test_keys_headers_and_tombstones(self):
        self.produce("keys", ["k1=v1", "k2="], "-K", "=", "-H", "colour=blue", "-Z")
        self.assertEqual(self.consume("keys", "-f", "%k|%s|%S|%h\\n"), ["k1|v1|2|colour=blue", "k2||-1|colour=blue"])

    def test_every_codec(self):
        for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
            with self.subTest(codec=codec):
                lines = [f"{codec} {i} " + "x" * 100 for i in range(500)]
                self.produce(f"codec-{codec}", lines, "-z", codec)
                self.assertEqual(self.consume(f"codec-{codec}"), lines)

    def test_a_message_of_a_megabyte(self):
        payload = bytes(i * 7 % 251 for i in range(1_000_000))
        with tempfile.NamedTemporaryFile() as file:
            file.write(payload)
            file.flush()
            kcat(self.broker, "-P", "-t", "large", "-X", "message.max.bytes=2000000", file.name)
        received = kcat(self.broker, "-C", "-t", "large", "-o", "beginning", "-e", "-q", "-D", "")
        self.assertEqual(received, payload)

    def test_a_message_that_is_too_large_is_refused_and_the_next_one_is_not(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"y" * 3_000_000)
            file.flush()
            with self.assertRaisesRegex(AssertionError, "(?i)too large"):
                kcat(self.broker, "-P", "-t", "too-large", "-X", "message.max.bytes=4000000", file.name)
        self.produce("too-large", ["small"])
        self.assertEqual(self.consume("too-large"), ["small"])

    def test_acks_of_every_kind(self):
        for acks in ("0", "1", "all"):
            with self.subTest(acks=acks):
                self.produce(f"acks-{acks}", ["a", "b"], "-X", f"acks={acks}")
                self.assertEqual(self.consume(f"acks-{acks}", "-c", "2"), ["a", "b"])

    def test_list_shows_brokers_topics_and_partitions(self):
        self.produce("listed", ["x"])
        listing = json.loads(kcat(self.broker, "-L", "-J"))
        self.assertEqual([b["name"] for b in listing["brokers"]], [self.broker.address])
        topic = next(t for t in listing["topics"] if t["topic"] == "listed")
        self.assertEqual(topic["partitions"], [{"partition": 0, "leader": 1, "replicas": [{"id": 1}], "isrs": [{"id": 1}]}])

    def test_lookup_by_time(self):
        self.produce("times", ["a", "b", "c"])
        stamps = [int(line.split()[0]) for line in self.consume("times", "-f", "%T %s\\n")]
        self.assertEqual(kcat(self.broker, "-Q", "-t", f"times:0:{stamps[0]}").decode().strip(), "times [0] offset 0")
        self.assertEqual(kcat(self.broker, "-Q", "-t", f"times:0:{stamps[-1] + 10_000}").decode().strip(), "times [0] offset -1")

    def test_a_graceful_stop_and_a_restart_keep_everything(self):
        with Broker() as broker:
            kcat(broker, "-P", "-t", "kept", stdin=b"one\ntwo\n")
            status, errors = broker.stop()
            self.assertEqual((status, errors), (0, ""))
            broker.start()
            self.assertEqual(kcat(broker, "-C", "-t", "kept", "-o", "beginning", "-e", "-q"), b"one\ntwo\n")


if __name__ == "__main__":
    unittest.main()
