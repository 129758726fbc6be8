"""`faultline config | leaders | reassign | quorum` and the rest of `topic` against a real broker: what they print, and how they end."""

import json
import os
import subprocess
import tempfile
import unittest

from broker import FAULTLINE, Broker

FAILED, USAGE = 1, 2


class AdminCommands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("auto.create.topics.enable=false")
        cls.broker.start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__()

    def run_command(self, command, verb, *arguments, status=0):
        line = [FAULTLINE, command, verb, "-b", self.broker.address, *arguments]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, f"{line}\n{done.stdout}\n{done.stderr}")
        return done.stderr if status == USAGE or (status == FAILED and not done.stdout) else done.stdout

    def test_a_topic_grows_and_never_shrinks(self):
        self.run_command("topic", "create", "growing", "--partitions", "1")
        self.assertEqual(self.run_command("topic", "grow", "growing", "4"), "growing has 4 partitions\n")
        self.assertIn(" partitions 4\n", self.run_command("topic", "describe", "growing"))
        self.assertIn("INVALID_PARTITIONS", self.run_command("topic", "grow", "growing", "2", status=FAILED))
        self.run_command("topic", "grow", "growing", "0", status=USAGE)

    def test_machines_read_of_topics_what_people_do(self):
        self.run_command("topic", "create", "machine", "--partitions", "2", "--config", "retention.ms=60000")
        listed = json.loads(self.run_command("topic", "list", "--json"))
        self.assertIn(("machine", 2), [(topic["topic"], topic["partitions"]) for topic in listed])
        topic = json.loads(self.run_command("topic", "describe", "machine", "--json"))
        self.assertEqual(topic["overrides"], {"retention.ms": "60000"})
        self.assertEqual([partition["partition"] for partition in topic["partitions"]], [0, 1])
        self.assertEqual(topic["partitions"][1]["replicas"], [1])
        self.assertEqual((topic["partitions"][0]["start"], topic["partitions"][0]["end"]), (0, 0))

    def test_a_topic_is_configured_and_goes_back_to_the_defaults(self):
        self.run_command("topic", "create", "tuned")
        self.assertEqual(self.run_command("config", "set", "topic", "tuned", "retention.ms=1000", "segment.bytes=4096"),
                         "changed topic tuned\n")
        self.assertEqual(self.run_command("config", "get", "topic", "tuned", "retention.ms"), "retention.ms=1000 *\n")
        self.run_command("config", "unset", "topic", "tuned", "retention.ms")
        entries = {entry["name"]: entry for entry in json.loads(self.run_command("config", "get", "topic", "tuned", "--json"))}
        self.assertEqual(entries["retention.ms"]["value"], "604800000")
        self.assertTrue(entries["retention.ms"]["default"])
        self.assertEqual(entries["segment.bytes"]["value"], "4096")
        self.assertFalse(entries["segment.bytes"]["default"])

    def test_the_configuration_of_a_broker_is_told(self):
        self.assertIn("auto.create.topics.enable=false *\n", self.run_command("config", "get", "broker", "1"))
        self.assertEqual(self.run_command("config", "get", "broker", "1", "num.partitions"), "num.partitions=1\n")

    def test_a_wrong_setting_is_refused_by_the_broker_and_changes_nothing(self):
        self.run_command("topic", "create", "refusing")
        refused = self.run_command("config", "set", "topic", "refusing", "retention.ms=5", "segment.bytes=many", status=FAILED)
        self.assertIn("INVALID_CONFIG", refused)
        self.assertEqual(self.run_command("config", "get", "topic", "refusing", "retention.ms"), "retention.ms=604800000\n")

    def test_a_preferred_leader_that_leads_already_needs_no_election(self):
        self.run_command("topic", "create", "led", "--partitions", "2")
        printed = self.run_command("leaders", "elect", "led")
        self.assertRegex(printed, r"^TOPIC +PARTITION +OUTCOME\nled +0 +not needed\nled +1 +not needed\n$")
        self.assertEqual(self.run_command("leaders", "elect", "--preferred"), "no partition needs an election\n")
        self.assertEqual(json.loads(self.run_command("leaders", "elect", "led:1", "--json")),
                         [{"topic": "led", "partition": 1, "ok": True, "outcome": "not needed"}])
        self.assertIn("UNKNOWN_TOPIC_OR_PARTITION", self.run_command("leaders", "elect", "led:7", status=FAILED))

    def test_an_unclean_election_is_never_held_for_everything(self):
        self.assertIn("--unclean may lose records", self.run_command("leaders", "elect", "--unclean", status=USAGE))
        self.run_command("leaders", "elect", "--unclean", "--preferred", "led", status=USAGE)

    def test_replicas_move_by_names_or_by_the_file_of_kafkas_tool(self):
        self.run_command("topic", "create", "moving", "--partitions", "2")
        self.assertRegex(self.run_command("reassign", "start", "moving:0=1"), r"moving +0 +begun\n$")
        self.assertRegex(self.run_command("reassign", "start", "moving:0=1,2", status=FAILED), "INVALID_REPLICA_ASSIGNMENT")
        self.assertEqual(self.run_command("reassign", "status"), "nothing is being moved\n")
        self.assertEqual(json.loads(self.run_command("reassign", "status", "--json")), [])
        self.assertEqual(self.run_command("reassign", "cancel"), "nothing is being moved\n")
        self.assertRegex(self.run_command("reassign", "cancel", "moving:1", status=FAILED), "NO_REASSIGNMENT_IN_PROGRESS")
        with tempfile.TemporaryDirectory() as folder:
            plan = os.path.join(folder, "plan.json")
            with open(plan, "w") as file:
                json.dump({"version": 1, "partitions": [{"topic": "moving", "partition": 1, "replicas": [1]}]}, file)
            self.assertRegex(self.run_command("reassign", "start", "--plan", plan), r"moving +1 +begun\n$")
            for text in ("[]", "{", '{"partitions": [{"topic": "moving"}]}', '{"partitions": 3}'):
                with open(plan, "w") as file:
                    file.write(text)
                self.assertIn(plan, self.run_command("reassign", "start", "--plan", plan, status=USAGE))

    def test_what_makes_no_sense_ends_with_status_2(self):
        for command in (("reassign", "start"), ("reassign", "start", "t:0"), ("reassign", "start", "t:x=1"), ("reassign", "start", "t:0=a"),
                        ("reassign", "start", "--plan", "/nowhere"), ("config", "set", "topic", "t"), ("config", "set", "topic", "t", "x"),
                        ("config", "get", "rack", "t"), ("config", "get", "broker", "one"), ("leaders", "elect", ":1"),
                        ("quorum", "add", "4"), ("quorum", "add", "4", "--listener", "nowhere"), ("quorum", "remove")):
            self.run_command(*command, status=USAGE)


if __name__ == "__main__":
    unittest.main()
