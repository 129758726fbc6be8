"""`faultline topic | produce | consume` against a real broker: what they print, and how they end."""

import signal
import subprocess
import time
import unittest

from broker import FAULTLINE, Broker, kcat, wait_until

FAILED, USAGE = 1, 2


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("auto.create.topics.enable=false")
        cls.broker.start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__()

    def run_command(self, *arguments, stdin="", status=0):
        command, *rest = arguments
        where = ["-b", self.broker.address]
        line = [FAULTLINE, command, rest[0], *where, *rest[1:]] if command == "topic" else [FAULTLINE, command, *where, *rest]
        done = subprocess.run(line, input=stdin, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, f"{line}\n{done.stdout}\n{done.stderr}")
        return done.stdout if status == 0 else done.stderr

    def test_a_topic_is_created_listed_described_altered_and_deleted(self):
        self.assertEqual(self.run_command("topic", "create", "life", "--partitions", "3", "--config", "retention.ms=60000"),
                         "created life\n")
        self.assertIn("life\t3\n", self.run_command("topic", "list"))
        described = self.run_command("topic", "describe", "life")
        self.assertRegex(described, r"^topic life id \S{22} partitions 3\n")
        self.assertIn("  partition 2 leader 1 epoch 0 replicas 1 isr 1 offsets 0..0\n", described)
        self.assertIn("  retention.ms=60000 *\n", described)
        self.run_command("topic", "alter", "life", "--partitions", "5", "--config", "segment.bytes=4096", "--remove-config",
                         "retention.ms")
        described = self.run_command("topic", "describe", "life")
        self.assertIn(" partitions 5\n", described)
        self.assertIn("  segment.bytes=4096 *\n", described)
        self.assertIn("  retention.ms=604800000\n", described)
        self.assertEqual(self.run_command("topic", "delete", "life"), "deleted life\n")
        self.assertNotIn("life\t", self.run_command("topic", "list"))

    def test_what_was_produced_is_consumed_with_keys_and_offsets(self):
        self.run_command("topic", "create", "words", "--partitions", "1")
        lines = "".join(f"key{i}:value {i}\n" for i in range(500))
        self.assertEqual(self.run_command("produce", "words", "-K", ":", "-z", "lz4", stdin=lines), "")
        printed = self.run_command("consume", "words", "--from", "earliest", "-e", "-f", "%p %o %k:%v\\n")
        self.assertEqual(printed, "".join(f"0 {i} key{i}:value {i}\n" for i in range(500)))
        self.assertEqual(self.run_command("consume", "words", "--from", "498", "-e"), "value 498\nvalue 499\n")
        self.assertEqual(self.run_command("consume", "words", "--from", "10", "-c", "2"), "value 10\nvalue 11\n")
        self.assertEqual(self.run_command("consume", "words", "--from", "latest", "-e"), "")
        self.assertEqual(self.run_command("consume", "words", "--from", "time:0", "-c", "1"), "value 0\n")

    def test_what_is_in_the_way_is_said_with_what_to_do(self):
        twice = subprocess.run([FAULTLINE, "broker", "--data", self.broker.data, "--listen", "127.0.0.1:0"],
                               capture_output=True, text=True, timeout=60)
        self.assertEqual(twice.returncode, USAGE, twice.stderr)
        self.assertIn("another process uses the data directory " + self.broker.data, twice.stderr)
        nobody = subprocess.run([FAULTLINE, "topic", "list", "-b", "127.0.0.1:1", "--timeout", "2000"],
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(nobody.returncode, FAILED, nobody.stderr)
        self.assertRegex(nobody.stderr, "Connection refused; -b says where brokers are")
        self.assertEqual(subprocess.run([FAULTLINE, "config", "get", "broker", "default", "-b", self.broker.address],
                                        capture_output=True, text=True, timeout=60).stderr, "nothing is set there\n")

    def test_produce_says_where_each_record_went(self):
        self.run_command("topic", "create", "placed", "--partitions", "2")
        self.assertEqual(self.run_command("produce", "placed", "-p", "1", "-v", stdin="a\nb\n"), "1 0\n1 1\n")
        self.assertEqual(self.run_command("consume", "placed", "-p", "0", "--from", "earliest", "-e"), "")
        self.assertEqual(self.run_command("consume", "placed", "-p", "1", "--from", "earliest", "-e"), "a\nb\n")

    def test_every_codec_and_acknowledgement_is_read_by_us_and_by_kcat(self):
        self.run_command("topic", "create", "codecs", "--partitions", "1")
        expected = []
        for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
            for acks in ("0", "1", "all"):
                expected.append(f"{codec} {acks}\n")
                self.run_command("produce", "codecs", "-z", codec, "--acks", acks, stdin=expected[-1])
                # Without an acknowledgement the command may end before the record is there.
                end = str(len(expected))
                wait_until(lambda: f"offsets 0..{end}\n" in self.run_command("topic", "describe", "codecs"), f"offset {end}")
        self.assertEqual(self.run_command("consume", "codecs", "--from", "earliest", "-e"), "".join(expected))
        self.assertEqual(kcat(self.broker, "-C", "-t", "codecs", "-e", "-q").decode(), "".join(expected))

    def test_consume_follows_a_topic_until_it_is_interrupted(self):
        self.run_command("topic", "create", "tail")
        # From the start: where the end is, the follower may learn only when the first record is there already.
        follower = subprocess.Popen([FAULTLINE, "consume", "-b", self.broker.address, "--from", "earliest", "tail"],
                                    stdout=subprocess.PIPE, text=True)
        try:
            for i in range(3):
                self.run_command("produce", "tail", stdin=f"{i}\n")
                self.assertEqual(follower.stdout.readline(), f"{i}\n")
            follower.send_signal(signal.SIGINT)
            self.assertEqual(follower.communicate(timeout=30), ("", None))
            self.assertEqual(follower.returncode, 0)
        finally:
            follower.kill()

    def test_what_cannot_be_done_is_said_on_stderr_with_status_1(self):
        self.run_command("topic", "create", "there")
        self.assertIn("TOPIC_ALREADY_EXISTS", self.run_command("topic", "create", "there", status=FAILED))
        self.assertIn("INVALID_CONFIG", self.run_command("topic", "create", "bad", "--config", "retention.ms=long", status=FAILED))
        for command in (("topic", "describe"), ("topic", "delete"), ("consume",)):
            self.assertIn("UNKNOWN_TOPIC_OR_PARTITION", self.run_command(*command, "missing", "--timeout", "1000", status=FAILED))
        self.assertIn("OFFSET_OUT_OF_RANGE", self.run_command("consume", "there", "--from", "17", status=FAILED))

    def test_what_makes_no_sense_ends_with_status_2_before_anything_is_sent(self):
        for command in (("topic", "alter", "there"), ("topic", "create"), ("topic", "create", "t", "--config", "nonsense"),
                        ("produce", "t", "-z", "rar"), ("produce", "t", "--acks", "2"), ("consume", "t", "--from", "yesterday"),
                        ("consume", "t", "-f", "%x"), ("produce", "t", "--bogus")):
            self.run_command(*command, status=USAGE)
        self.assertNotIn("t\t", self.run_command("topic", "list").replace("there\t", ""))

    def test_without_a_broker_commands_give_up_after_their_timeout(self):
        begin = time.monotonic()
        done = subprocess.run([FAULTLINE, "topic", "list", "-b", "127.0.0.1:1", "--timeout", "1000"], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, FAILED)
        self.assertTrue(done.stderr.startswith("faultline topic: "), done.stderr)
        self.assertLess(time.monotonic() - begin, 30)


if __name__ == "__main__":
    unittest.main()
