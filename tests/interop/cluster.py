"""A cluster of `faultline broker` processes on loopback, run by `faultline cluster`, for the interop tests."""

import json
import os
import shutil
import subprocess
import tempfile

FAULTLINE = os.environ["FAULTLINE"]
COMMAND_SECONDS = 60


class Cluster:
    """Up when entered, down when left."""

    def __init__(self, brokers, *settings):
        self.brokers = brokers
        self.settings = settings
        self.directory = tempfile.mkdtemp(prefix="faultline-cluster-")

    def __enter__(self):
        options = [option for setting in self.settings for option in ("--config", setting)]
        try:
            self.run("up", "--brokers", str(self.brokers), *options)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run([FAULTLINE, "cluster", "down", "--dir", self.directory], capture_output=True, timeout=COMMAND_SECONDS)
        shutil.rmtree(self.directory, ignore_errors=True)

    def run(self, action, *arguments):
        """One `faultline cluster` command; returns its stdout."""
        done = subprocess.run([FAULTLINE, "cluster", action, "--dir", self.directory, *arguments], capture_output=True, text=True,
                              timeout=COMMAND_SECONDS)
        if done.returncode != 0:
            raise AssertionError(f"cluster {action} {arguments} failed: {done.stdout}{done.stderr}")
        return done.stdout

    @property
    def status(self):
        return json.loads(self.run("status", "--json"))

    @property
    def address(self):
        return self.status["bootstrap"]
