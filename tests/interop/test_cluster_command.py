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

    def test_up_starts_what_is_down_and_never_ends_what_runs(self):
        self.run_command("up", "--brokers", "3")
        pids = [self.node(number)["pid"] for number in (1, 2, 3)]
        self.run_command("kill", "3")
        self.run_command("pause", "1")
        self.assertIn("node 1 is paused; `faultline cluster resume 1` lets it go on", self.run_command("up", status=FAILED))
        self.run_command("resume", "1")
        # One that cannot start is no reason to end the others.
        data = os.path.join(self.folder, "node-3", "data")
        shutil.move(data, data + "-away")
        with open(data, "w"):
            pass
        self.assertIn("node-3/data", self.run_command("up", status=FAILED))
        self.assertEqual([self.node(number)["state"] for number in (1, 2, 3)], ["running", "running", "stopped"])
        os.remove(data)
        shutil.move(data + "-away", data)
        self.run_command("up")
        self.assertEqual([self.node(number)["pid"] for number in (1, 2)], pids[:2])
        self.assertEqual(self.node(3)["state"], "running")

    def test_a_node_that_was_killed_serves_again_when_restart_says_so(self):
        # The other two take it for alive until its session ends.
        self.run_command("up", "--brokers", "3")
        self.run_command("kill", "2")
        self.run_command("restart", "2")
        with open(os.path.join(self.folder, "node-2", "log")) as file:
            self.assertEqual(file.read().count(" ready on "), 2)

    def test_a_cluster_that_is_stopped_as_a_whole_and_the_last_without_a_majority_do_not_wait_in_vain(self):
        # `down` kills what has not stopped after 30 s, and says so with its status.
        self.run_command("up", "--brokers", "3", "--config", "controlled.shutdown.max.wait.ms=100000")
        self.assertEqual(sorted(self.run_command("down").splitlines()), [f"node {number} stopped" for number in (1, 2, 3)])
        self.run_command("up")
        self.run_command("kill", "1")
        self.run_command("kill", "2")
        self.assertEqual(self.run_command("down"), "node 3 stopped\n")

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

    def test_three_brokers_share_the_leaderships_and_one_leads_the_quorum(self):
        addresses = self.run_command("up", "--brokers", "3").strip()
        self.assertEqual(len(addresses.split(",")), 3)
        subprocess.run([FAULTLINE, "topic", "create", "t", "--partitions", "6", "-b", addresses], check=True, capture_output=True,
                       timeout=60)
        status = json.loads(self.run_command("status", "--json"))
        self.assertEqual([node["leads"] for node in status["nodes"]], [2, 2, 2])
        self.assertEqual([node["replicas"] for node in status["nodes"]], [6, 6, 6])
        self.assertIn(status["quorum_leader"], (1, 2, 3))
        self.assertEqual([node["roles"] for node in status["nodes"]], ["broker,controller"] * 3)
        described = subprocess.run([FAULTLINE, "quorum", "describe", "--json", "-b", addresses], check=True, capture_output=True,
                                   text=True, timeout=60)
        quorum = json.loads(described.stdout)
        self.assertEqual(quorum["leader"], status["quorum_leader"])
        self.assertEqual(sorted(voter["node"] for voter in quorum["voters"]), [1, 2, 3])

    def test_a_cluster_of_three_serves_without_one_of_them(self):
        addresses = self.run_command("up", "--brokers", "3", "--config", "broker.session.timeout.ms=1500", "--config",
                                     "broker.heartbeat.interval.ms=300").strip()
        subprocess.run([FAULTLINE, "topic", "create", "t", "-b", addresses], check=True, capture_output=True, timeout=60)
        subprocess.run([FAULTLINE, "produce", "t", "-b", addresses], input="before\n", text=True, check=True, timeout=60)
        leader = max(json.loads(self.run_command("status", "--json"))["nodes"], key=lambda node: node["leads"])["node"]
        self.run_command("kill", str(leader))
        subprocess.run([FAULTLINE, "produce", "t", "-b", addresses, "--timeout", "30000"], input="after\n", text=True, check=True,
                       timeout=60)
        self.run_command("restart", str(leader))
        read = subprocess.run([FAULTLINE, "consume", "t", "-b", addresses, "--from", "earliest", "-e"], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(read.stdout, "before\nafter\n")

    def test_controllers_of_their_own_vote_and_brokers_do_not(self):
        self.run_command("up", "--brokers", "1", "--controllers", "1")
        status = json.loads(self.run_command("status", "--json"))
        self.assertEqual([node["roles"] for node in status["nodes"]], ["broker", "controller"])
        self.assertEqual(status["quorum_leader"], 2)

    def test_a_broker_joins_votes_and_leaves(self):
        self.run_command("up", "--brokers", "1")
        self.assertRegex(self.run_command("add", "--voter"), r"^node 2 serves on 127\.0\.0\.1:\d+\n$")
        self.assertEqual(self.node(2)["roles"], "broker,controller")
        self.assertIn("no part of the cluster", self.run_command("remove", "2"))
        self.assertEqual([node["node"] for node in json.loads(self.run_command("status", "--json"))["nodes"]], [1])
        self.assertRegex(self.run_command("add"), r"^node 3 serves on ")  # a number is not used twice

    def test_a_node_with_replicas_stays_unless_they_are_given_up(self):
        self.run_command("up", "--brokers", "2")
        addresses = json.loads(self.run_command("status", "--json"))["bootstrap"]
        subprocess.run([FAULTLINE, "topic", "create", "t", "-b", addresses], check=True, capture_output=True, timeout=60)
        self.assertIn("holds 1 replicas", self.run_command("remove", "2", status=FAILED))
        self.assertEqual(self.node(2)["state"], "running")

    def test_what_makes_no_sense_ends_with_status_2(self):
        self.assertIn("there is no cluster", self.run_command("status", status=USAGE))
        self.assertIn("num.partitions", self.run_command("up", "--brokers", "1", "--config", "num.partition=1", status=USAGE))
        self.assertIn("node.id", self.run_command("up", "--brokers", "1", "--config", "node.id=4", status=USAGE))
        self.assertFalse(os.path.exists(os.path.join(self.folder, "cluster.json")))
        self.up()
        self.assertIn("already", self.run_command("up", "--brokers", "1", status=USAGE))
        self.assertIn("there is no node 7", self.run_command("kill", "7", status=USAGE))
        self.assertIn("only node", self.run_command("remove", "1", status=USAGE))


class Format(unittest.TestCase):
    VOTERS = "1@127.0.0.1:9093:AAAAAAAAAAEAAAAAAAAAAQ,2@127.0.0.1:9094:AAAAAAAAAAIAAAAAAAAAAg"

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="faultline-format-")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def run_format(self, *arguments, status=0):
        line = [FAULTLINE, "format", "--data", os.path.join(self.folder, "data"), "--cluster-id", "c", *arguments]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, f"{line}\n{done.stdout}\n{done.stderr}")
        return done.stdout if status == 0 else done.stderr

    def meta(self):
        with open(os.path.join(self.folder, "data", "meta.properties")) as file:
            return file.read()

    def test_a_voter_takes_the_directory_that_the_voters_name(self):
        self.assertIn("directory AAAAAAAAAAIAAAAAAAAAAg, a voter", self.run_format("--node-id", "2", "--initial-voters", self.VOTERS))
        self.assertIn("directory.id=AAAAAAAAAAIAAAAAAAAAAg\n", self.meta())
        self.assertIn("cluster.id=c\nnode.id=2\n", self.meta())

    def test_who_is_not_among_the_voters_is_an_observer(self):
        self.assertIn(", an observer", self.run_format("--node-id", "3", "--initial-voters", self.VOTERS))

    def test_a_directory_is_formatted_once(self):
        self.run_format("--node-id", "3")
        before = self.meta()
        self.assertIn("formatted already", self.run_format("--node-id", "4", status=FAILED))
        self.assertEqual(self.meta(), before)

    def test_a_broker_says_that_its_formatted_directory_has_lost_the_quorum(self):
        self.run_format("--node-id", "3")
        data = os.path.join(self.folder, "data")
        shutil.rmtree(os.path.join(data, "quorum"))
        line = [FAULTLINE, "broker", "--data", data, "--set", "node.id=3", "--listen", "127.0.0.1:0"]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("is formatted, but what its node has voted", done.stderr)

    def test_what_makes_no_sense_formats_nothing(self):
        for arguments in (("--node-id", "1", "--initial-voters", "1@here"), ("--node-id", "1", "--directory-id", "x"),
                          ("--node-id", "1", "--initial-voters", self.VOTERS, "--directory-id", "AAAAAAAAAAIAAAAAAAAAAg"), ()):
            self.run_format(*arguments, status=USAGE)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "data", "meta.properties")))


if __name__ == "__main__":
    unittest.main()
