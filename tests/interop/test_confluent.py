"""confluent-kafka (librdkafka's Python binding): producing with reports, consuming by assignment, the admin client."""

import unittest

from broker import Broker
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition, OFFSET_BEGINNING
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic


class Confluent(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("message.max.bytes=2000000")
        cls.broker.__enter__()
        cls.admin = AdminClient({"bootstrap.servers": cls.broker.address})

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__()

    def create(self, name, partitions=1, config=None):
        for future in self.admin.create_topics([NewTopic(name, partitions, 1, config=config or {})]).values():
            future.result(30)

    def produce(self, topic, messages, **settings):
        reports = []
        producer = Producer({"bootstrap.servers": self.broker.address, **settings})
        for key, value in messages:
            producer.produce(topic, value, key, on_delivery=lambda error, message: reports.append((error, message)))
        self.assertEqual(producer.flush(30), 0)
        return reports

    def consume(self, topic, count, partition=0, offset=OFFSET_BEGINNING, **settings):
        consumer = Consumer({"bootstrap.servers": self.broker.address, "group.id": "unused", "enable.auto.commit": False, **settings})
        consumer.assign([TopicPartition(topic, partition, offset)])
        messages = []
        while len(messages) < count:
            batch = consumer.consume(count - len(messages), 30)
            self.assertTrue(batch, f"only {len(messages)} of {count} messages came")
            for message in batch:
                self.assertIsNone(message.error())
                messages.append(message)
        consumer.close()
        return messages

    def test_every_codec_with_keys_and_delivery_reports(self):
        for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
            with self.subTest(codec=codec):
                topic = f"codec-{codec}"
                self.create(topic)
                messages = [(f"key {i}".encode(), f"value {i}".encode() * 20) for i in range(300)]
                reports = self.produce(topic, messages, **{"compression.type": codec, "linger.ms": 50})
                self.assertEqual([message.offset() for error, message in reports if error is None], list(range(300)))
                self.assertEqual([(m.key(), m.value()) for m in self.consume(topic, 300)], messages)

    def test_a_message_of_a_megabyte(self):
        payload = bytes(range(256)) * 4000
        self.create("large", config={"max.message.bytes": "2000000"})
        self.produce("large", [(None, payload)], **{"message.max.bytes": 2000000})
        self.assertEqual(self.consume("large", 1)[0].value(), payload)

    def test_consume_from_an_offset_and_know_the_watermarks(self):
        self.create("offsets")
        self.produce("offsets", [(None, str(i).encode()) for i in range(20)])
        self.assertEqual([m.value() for m in self.consume("offsets", 3, offset=17)], [b"17", b"18", b"19"])
        consumer = Consumer({"bootstrap.servers": self.broker.address, "group.id": "unused"})
        self.assertEqual(consumer.get_watermark_offsets(TopicPartition("offsets", 0), 30), (0, 20))
        consumer.close()

    def test_admin_topics(self):
        self.create("managed", partitions=2)
        with self.assertRaisesRegex(KafkaException, "TOPIC_ALREADY_EXISTS"):
            self.create("managed")
        self.admin.create_partitions([NewPartitions("managed", 5)])["managed"].result(30)
        self.assertEqual(sorted(self.admin.list_topics(timeout=30).topics["managed"].partitions), [0, 1, 2, 3, 4])
        self.admin.delete_topics(["managed"])["managed"].result(30)
        self.assertNotIn("managed", self.admin.list_topics(timeout=30).topics)
        with self.assertRaisesRegex(KafkaException, "INVALID_REPLICATION_FACTOR"):
            self.admin.create_topics([NewTopic("replicated", 1, 3)])["replicated"].result(30)
        with self.assertRaisesRegex(KafkaException, "INVALID_CONFIG"):
            self.create("misconfigured", config={"retention.msec": "5"})

    def test_admin_configuration(self):
        self.create("configured", config={"retention.ms": "5000"})
        resource = ConfigResource(ConfigResource.Type.TOPIC, "configured")
        config = self.admin.describe_configs([resource])[resource].result(30)
        self.assertEqual((config["retention.ms"].value, config["retention.ms"].is_default), ("5000", False))
        self.assertEqual((config["flush.messages"].value, config["flush.messages"].is_default), ("1", True))
        resource.set_config("retention.ms", "7000")
        self.admin.alter_configs([resource])[resource].result(30)
        config = self.admin.describe_configs([resource])[resource].result(30)
        self.assertEqual(config["retention.ms"].value, "7000")

    def test_idempotent_producer(self):
        self.create("once", partitions=1)
        messages = [(None, b"%d" % i) for i in range(3000)]
        reports = self.produce("once", messages, **{"enable.idempotence": True, "linger.ms": 1, "batch.num.messages": 50})
        self.assertEqual([error for error, _ in reports], [None] * 3000)
        self.assertEqual([message.offset() for _, message in reports], list(range(3000)))
        self.assertEqual([message.value() for message in self.consume("once", 3000)], [value for _, value in messages])


if __name__ == "__main__":
    unittest.main()
