"""kafka-python, a client of its own: it infers the broker's version from ApiVersions, and reads older message versions."""

import unittest

from broker import Broker
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewPartitions, NewTopic
from kafka.errors import TopicAlreadyExistsError


class KafkaPython(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("message.max.bytes=2000000")
        cls.broker.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__()

    def produce(self, topic, messages, **settings):
        producer = KafkaProducer(bootstrap_servers=self.broker.address, **settings)
        futures = [producer.send(topic, value=value, key=key) for key, value in messages]
        producer.flush(30)
        offsets = [future.get(30).offset for future in futures]
        producer.close()
        return offsets

    def consumer(self, topic):
        consumer = KafkaConsumer(bootstrap_servers=self.broker.address, consumer_timeout_ms=10_000, max_partition_fetch_bytes=4_000_000)
        consumer.assign([TopicPartition(topic, 0)])
        consumer.seek_to_beginning()
        return consumer

    def consume(self, topic, count):
        consumer = self.consumer(topic)
        records = [record for record, _ in zip(consumer, range(count))]
        consumer.close()
        return records

    def test_codecs_keys_and_order(self):
        for codec in (None, "gzip"):  # the others need modules that Debian's package does not depend on
            with self.subTest(codec=codec):
                topic = f"codec-{codec}"
                messages = [(f"k{i}".encode(), f"value {i}".encode()) for i in range(200)]
                self.assertEqual(self.produce(topic, messages, compression_type=codec, acks="all"), list(range(200)))
                self.assertEqual([(r.key, r.value) for r in self.consume(topic, 200)], messages)

    def test_a_message_of_a_megabyte(self):
        payload = b"z" * 1_000_000
        self.produce("large", [(None, payload)], max_request_size=2_000_000)
        self.assertEqual(self.consume("large", 1)[0].value, payload)

    def test_offsets_by_position_and_time(self):
        self.produce("offsets", [(None, str(i).encode()) for i in range(5)])
        partition = TopicPartition("offsets", 0)
        consumer = self.consumer("offsets")
        self.assertEqual(consumer.beginning_offsets([partition]), {partition: 0})
        self.assertEqual(consumer.end_offsets([partition]), {partition: 5})
        third = list(zip(consumer, range(3)))[2][0]
        found = consumer.offsets_for_times({partition: third.timestamp})[partition]
        self.assertLessEqual(found.offset, 2)
        self.assertGreaterEqual(found.timestamp, third.timestamp)
        consumer.seek(partition, 3)
        self.assertEqual([r.value for r, _ in zip(consumer, range(2))], [b"3", b"4"])
        consumer.close()

    def test_admin(self):
        admin = KafkaAdminClient(bootstrap_servers=self.broker.address)
        admin.create_topics([NewTopic("managed", 2, 1)])
        with self.assertRaises(TopicAlreadyExistsError):
            admin.create_topics([NewTopic("managed", 2, 1)])
        admin.create_partitions({"managed": NewPartitions(3)})
        self.assertEqual(len(admin.describe_topics(["managed"])[0]["partitions"]), 3)
        self.assertIn("managed", admin.list_topics())
        admin.delete_topics(["managed"])
        self.assertNotIn("managed", admin.list_topics())
        admin.close()


if __name__ == "__main__":
    unittest.main()
