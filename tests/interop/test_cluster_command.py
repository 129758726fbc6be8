"""`faultline cluster`: what it starts, what it does to it, and that nothing is left when it is down."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from broker import FAULTLINE

FAILED, USAGE = 1, 2


class Cluster(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="faultline-cluster-")

    def tearDown(self):
        if os.path.exists(os.path.join(self.folder, "cluster.json")):
            self.run_command("down", status=None)
            # Whatever went wrong in a test, no broker of it stays behind.
            for node in self.state()["nodes"]:
                self.assertFalse(self.is_ours(node), f"node {node['id']} still runs")
        shutil.rmtree(self.folder)

    def run_command(self, verb, *arguments, status=0):
        line = [FAULTLINE, "cluster", verb, "--dir", self.folder, *arguments]
        done = subprocess.run(line, capture_output=True, text=True, timeout=120)
        if status is not None:
            self.assertEqual(done.returncode, status, f"{line}\n{done.stdout}\n{done.stderr}")
        return done.stdout if done.returncode == 0 else done.stderr

    def state(self):
        with open(os.path.join(self.folder, "cluster.json")) as file:
            return json.load(file)

    def is_ours(self, node):
        """Whether the process runs and serves this cluster."""
        try:
            with open(f"/proc/{node['pid']}/cmdline") as file:
                return self.folder in file.read()
        except (FileNotFoundError, ProcessLookupError):
            return False

    def node(self, number=1):
        (node,) = [node for node in json.loads(self.run_command("status", "--json"))["nodes"] if node["node"] == number]
        return node

    def topics(self, address):
        done = subprocess.run([FAULTLINE, "topic", "list", "-b", address], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def up(self, *arguments):
        address = self.run_command("up", "--brokers", "1", *arguments).strip()
        self.assertRegex(address, r"^127\.0\.0\.1:\d+$")
        return address

    def test_a_cluster_comes_up_serves_and_goes_down_without_a_trace(self):
        address = self.up("--config", "num.partitions=3")
        subprocess.run([FAULTLINE, "topic", "create", "t", "-b", address], check=True, capture_output=True, timeout=60)
        self.assertEqual(self.topics(address), "t\t3\n")
        node = self.node()
        self.assertEqual((node["state"], node["address"], node["leads"], node["replicas"]), ("running", address, 3, 3))
        self.assertRegex(self.run_command("status"), r"^NODE +ROLES +PID +STATE +ADDRESS.*\n1 .* running +" + address)
        self.assertEqual(self.run_command("down"), "node 1 stopped\n")
        self.assertEqual(self.node()["state"], "stopped")
        self.assertFalse(self.is_ours(self.state()["nodes"][0]))

    def test_a_cluster_that_was_stopped_comes_back_with_its_records_and_addresses(self):
        address = self.up()
        subprocess.run([FAULTLINE, "topic", "create", "t", "-b", address], check=True, capture_output=True, timeout=60)
        subprocess.run([FAULTLINE, "produce", "t", "-b", address], input="kept\n", text=True, check=True, timeout=60)
        self.run_command("down")
        self.assertEqual(self.run_command("up").strip(), address)
        read = subprocess.run([FAULTLINE, "consume", "t", "-b", address, "--from", "earliest", "-e"], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(read.stdout, "kept\n")

    def test_a_killed_node_is_gone_and_restart_brings_it_back(self):
        address = self.up()
        before = self.node()["pid"]
        self.assertEqual(self.run_command("kill", "1"), "node 1 killed\n")
        self.assertEqual(self.node()["state"], "stopped")
        self.assertIn("node 1: it does not run", self.run_command("kill", "1", status=FAILED))
        self.assertEqual(self.run_command("restart", "1"), "node 1 serves\n")
        self.assertNotEqual(self.node()["pid"], before)
        self.assertEqual(self.topics(address), "")

    def test_a_node_that_died_by_itself_is_called_so(self):
        self.up()
        os.kill(self.node()["pid"], signal.SIGKILL)
        while self.node()["state"] == "running":
            pass
        self.assertEqual(self.node()["state"], "died")

    def test_a_paused_node_answers_nobody_until_it_is_resumed_and_can_be_stopped_all_the_same(self):
        address = self.up()
        self.assertEqual(self.run_command("pause", "1"), "node 1 paused\n")
        self.assertEqual(self.node()["state"], "paused")
        self.assertIn("no broker runs", self.run_command("status"))
        self.assertEqual(self.run_command("resume", "1"), "node 1 resumed\n")
        self.assertEqual(self.topics(address), "")
        self.run_command("pause", "1")
        self.assertEqual(self.run_command("down"), "node 1 stopped\n")

    def test_a_number_that_another_process_has_by_now_is_not_taken_for_the_node(self):
        self.up()
        self.run_command("down")
        state = self.state()
        with subprocess.Popen(["sleep", "60"]) as other:
            try:
                # As after a crash of the node, and a new process that was given its number.
                state["nodes"][0].update(pid=other.pid, meant_to_run=True)
                with open(os.path.join(self.folder, "cluster.json"), "w") as file:
                    json.dump(state, file)
                self.assertEqual(self.node()["state"], "died")
                self.run_command("kill", "1", status=FAILED)
                self.run_command("down")
                self.assertIsNone(other.poll())
            finally:
                other.kill()

    def test_a_cluster_that_cannot_start_says_why_and_leaves_nothing_running(self):
        address = self.up()
        self.run_command("down")
        shutil.rmtree(os.path.join(self.folder, "node-1", "data"))
        with open(os.path.join(self.folder, "node-1", "data"), "w"):
            pass  # a file, where the data directory should be
        self.assertIn("node-1/data", self.run_command("up", status=FAILED))
        self.assertEqual(self.node()["pid"], None)
        self.assertNotEqual(address, "")

    def test_a_node_that_ends_at_its_start_is_reported_with_what_it_printed_last(self):
        self.up()
        self.run_command("down")
        with open(os.path.join(self.folder, "node-1", "data", "meta.properties"), "w") as file:
            file.write("version=7\n")
        said = self.run_command("up", status=FAILED)
        self.assertIn("node 1 has ended", said)
        self.assertIn("expected version=1", said)
        self.assertEqual(self.node()["pid"], None)

    def test_what_makes_no_sense_ends_with_status_2(self):
        self.assertIn("there is no cluster", self.run_command("status", status=USAGE))
        self.assertIn("num.partitions", self.run_command("up", "--brokers", "1", "--config", "num.partition=1", status=USAGE))
        self.assertIn("node.id", self.run_command("up", "--brokers", "1", "--config", "node.id=4", status=USAGE))
        self.assertFalse(os.path.exists(os.path.join(self.folder, "cluster.json")))
        self.up()
        self.assertIn("already", self.run_command("up", "--brokers", "1", status=USAGE))
        self.assertIn("there is no node 7", self.run_command("kill", "7", status=USAGE))
        self.assertIn("only node", self.run_command("remove", "1", status=USAGE))


if __name__ == "__main__":
    unittest.main()
