"""kill -9 under a producer with acks=all: after a restart every acknowledged message is there, in order."""

import random
import time
import unittest

from broker import Broker, kcat
from confluent_kafka import Producer

ROUNDS = 5


class Kill(unittest.TestCase):
    def test_every_acknowledged_message_survives_kill_9(self):
        acknowledged = []

        def report(error, message):
            if error is None:
                acknowledged.append((message.offset(), message.value()))

        draw = random.Random(3)
        with Broker() as broker:
            producer = Producer({"bootstrap.servers": broker.address, "acks": "all", "linger.ms": 1, "message.timeout.ms": 60_000,
                                 "reconnect.backoff.max.ms": 200, "retry.backoff.ms": 50})
            sent = 0
            for _ in range(ROUNDS):
                until = time.monotonic() + draw.uniform(0.3, 1.0)
                while time.monotonic() < until:
                    producer.produce("survivors", f"{sent}".encode(), on_delivery=report)
                    sent += 1
                    producer.poll(0)
                    if sent % 100 == 0:
                        time.sleep(0.005)
                broker.kill()
                broker.start()
            self.assertEqual(producer.flush(60), 0)
            self.check(broker, acknowledged)

    def test_kcat_through_a_kill(self):
        with Broker() as broker:
            lines = b"".join(b"%d\n" % i for i in range(200_000))
            # kcat reports an error for what was not acknowledged, and exits with a failure only then.
            kcat(broker, "-P", "-t", "bulk", "-X", "acks=all", stdin=lines)
            broker.kill()
            broker.start()
            self.assertEqual(kcat(broker, "-C", "-t", "bulk", "-o", "beginning", "-e", "-q"), lines)

    def check(self, broker, acknowledged):
        self.assertGreater(len(acknowledged), 1000)
        text = kcat(broker, "-C", "-t", "survivors", "-o", "beginning", "-e", "-q", "-f", "%o %s\\n").decode()
        stored = dict(line.split() for line in text.splitlines())
        lost = [entry for entry in acknowledged if stored.get(str(entry[0])) != entry[1].decode()]
        self.assertEqual(lost, [])
        self.assertEqual(sorted(map(int, stored)), list(range(len(stored))))


if __name__ == "__main__":
    unittest.main()
