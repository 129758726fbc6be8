"""Writes what Kafka clients did and were told as a history that `faultline check` judges (docs/formats/history.md)."""

import json
import os
import subprocess
import time

FAULTLINE = os.environ["FAULTLINE"]


class History:
    def __init__(self, path):
        self.path = path
        self.file = open(path, "w")
        self.began = time.monotonic_ns()
        self.operations = 0
        self.write({"format": "faultline-history", "version": 1})

    def write(self, line):
        self.file.write(json.dumps(line, separators=(",", ":")) + "\n")

    def event(self, operation, process, kind, f, **fields):
        self.write({"time": time.monotonic_ns() - self.began, "op": operation, "process": process, "type": kind, "f": f, **fields})

    def invoke(self, process, f, **fields):
        """Returns the operation's number, for complete()."""
        self.operations += 1
        self.event(self.operations, process, "invoke", f, **fields)
        return self.operations

    def complete(self, operation, process, kind, f, **fields):
        self.event(operation, process, kind, f, **fields)

    def check(self):
        """What `faultline check` says, as (exit status, output)."""
        self.file.flush()
        done = subprocess.run([FAULTLINE, "check", "--log", self.path], capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr
