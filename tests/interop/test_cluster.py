"""Three processes, three kinds of producers with acks=all, and leaders that are killed and stopped under them: every acknowledged
message is read back, once, in order, and the log checker finds nothing."""

import os
import random
import subprocess
import threading
import time
import unittest

from cluster import FAULTLINE, Cluster
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from history import History

SECONDS = int(os.environ.get("FAULTLINE_CLUSTER_SECONDS", "60"))
TOPIC = "survivors"
PARTITIONS = 3  # one for each kind of producer

# Shorter than Kafka's defaults, so that a minute holds many failovers.
SETTINGS = ("broker.session.timeout.ms=1500", "broker.heartbeat.interval.ms=300", "controller.quorum.fetch.timeout.ms=500",
            "replica.lag.time.max.ms=1500", "leader.imbalance.check.interval.seconds=5")


class ConfluentProducer(threading.Thread):
    """librdkafka, idempotent, to partition 0: each message is an operation of the history."""

    def __init__(self, address, history, lock, stop):
        super().__init__()
        self.producer = Producer({"bootstrap.servers": address, "acks": "all", "enable.idempotence": True, "linger.ms": 2,
                                  "message.timeout.ms": 120_000, "reconnect.backoff.max.ms": 200, "retry.backoff.ms": 50})
        self.history, self.lock, self.stop = history, lock, stop
        self.acknowledged = 0
        self.left = None

    def run(self):
        number = 0
        while not self.stop.is_set():
            self.send(number)
            number += 1
            self.producer.poll(0)
            time.sleep(0.002)
        self.left = self.producer.flush(120)

    def send(self, number):
        with self.lock:
            operation = self.history.invoke(0, "send", value=[["survivors-0", None, number]])

        def report(error, message):
            with self.lock:
                if error is None:
                    self.acknowledged += 1
                    self.history.complete(operation, 0, "ok", "send", value=[["survivors-0", message.offset(), number]])
                else:
                    self.history.complete(operation, 0, "info", "send", error=str(error))

        self.producer.produce(TOPIC, f"{number}".encode(), partition=0, on_delivery=report)


class CommandProducer(threading.Thread):
    """A command that writes each line of its stdin as a message; it succeeds when all are acknowledged. One run, one operation."""

    LINES = 200

    def __init__(self, command, partition, process, history, lock, stop):
        super().__init__()
        self.command, self.partition, self.process = command, partition, process
        self.history, self.lock, self.stop = history, lock, stop
        self.acknowledged = 0
        self.first = 0

    def run(self):
        while not self.stop.is_set():
            numbers = range(self.first, self.first + self.LINES)
            self.first += self.LINES
            records = [[f"survivors-{self.partition}", None, number] for number in numbers]
            with self.lock:
                operation = self.history.invoke(self.process, "send", value=records)
            lines = "".join(f"{number}\n" for number in numbers)
            done = subprocess.run(self.command, input=lines, capture_output=True, text=True, timeout=180)
            with self.lock:
                self.history.complete(operation, self.process, "ok" if done.returncode == 0 else "info", "send")
            self.acknowledged += self.LINES if done.returncode == 0 else 0


class ClusterUnderFire(unittest.TestCase):
    def test_acknowledged_messages_survive_killed_and_stopped_leaders(self):
        with Cluster(3, *SETTINGS) as cluster:
            address = cluster.address
            admin = AdminClient({"bootstrap.servers": address})
            topic = NewTopic(TOPIC, num_partitions=PARTITIONS, replication_factor=3, config={"min.insync.replicas": "2"})
            admin.create_topics([topic])[TOPIC].result(30)
            history = History(os.path.join(cluster.directory, "history.jsonl"))
            lock, stop = threading.Lock(), threading.Event()
            kcat = ["kcat", "-P", "-q", "-b", address, "-t", TOPIC, "-p", "1", "-X", "acks=all", "-X", "enable.idempotence=true",
                    "-X", "message.timeout.ms=120000", "-X", "reconnect.backoff.max.ms=200"]
            ours = [FAULTLINE, "produce", "-b", address, "-p", "2", "--timeout", "120000", TOPIC]
            producers = [ConfluentProducer(address, history, lock, stop), CommandProducer(kcat, 1, 1, history, lock, stop),
                         CommandProducer(ours, 2, 2, history, lock, stop)]
            for producer in producers:
                producer.start()
            faults = self.strike_leaders(cluster, admin, time.monotonic() + SECONDS)
            stop.set()
            for producer in producers:
                producer.join()
            self.assertGreater(faults, SECONDS // 10)
            self.assertEqual(producers[0].left, 0)
            for producer in producers:
                self.assertGreater(producer.acknowledged, 200)
            for partition in range(PARTITIONS):
                values = self.read_back(address, partition, history)
                self.assertGreaterEqual(len(values), 200)
                self.assertEqual(len(set(values)), len(values), "an idempotent producer's message is there twice")
            verdict, output = history.check()
            self.assertEqual(verdict, 0, output)

    def strike_leaders(self, cluster, admin, until):
        """Kills or stops the leader of one partition after the other. Returns how often."""
        draw = random.Random(11)
        faults = 0
        while time.monotonic() < until:
            leader = admin.list_topics(TOPIC, timeout=30).topics[TOPIC].partitions[faults % PARTITIONS].leader
            if leader < 0:
                time.sleep(0.2)
                continue
            if draw.random() < 0.5:
                cluster.run("kill", str(leader))
                time.sleep(draw.uniform(1, 3))
                cluster.run("restart", str(leader))
            else:
                cluster.run("pause", str(leader))
                time.sleep(draw.uniform(2, 4))
                cluster.run("resume", str(leader))
            faults += 1
            time.sleep(draw.uniform(1, 2))
        return faults

    def read_back(self, address, partition, history):
        """The whole partition, as one final poll of the history."""
        consumer = Consumer({"bootstrap.servers": address, "group.id": "unused", "enable.auto.commit": False})
        name = f"{TOPIC}-{partition}"
        process = 10 + partition
        operation = history.invoke(process, "poll", final=True)
        _, end = consumer.get_watermark_offsets(TopicPartition(TOPIC, partition), timeout=60)
        consumer.assign([TopicPartition(TOPIC, partition, 0)])
        records = []
        deadline = time.monotonic() + 60
        while (not records or records[-1][1] + 1 < end) and time.monotonic() < deadline:
            message = consumer.poll(1)
            if message is not None and message.error() is None:
                records.append([name, message.offset(), int(message.value())])
        consumer.close()
        history.complete(operation, process, "ok", "poll", value=records, end=[name, end])
        return [value for _, _, value in records]


if __name__ == "__main__":
    unittest.main()
