"""One `faultline broker` process on a free loopback port, for the interop tests."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

FAULTLINE = os.environ["FAULTLINE"]
READY_SECONDS = 30


class Broker:
    """Starts when entered, stops when left; restart() keeps the port and the data."""

    def __init__(self, *settings, listen="127.0.0.1:0"):
        self.settings = settings
        self.listen = listen
        self.data = tempfile.mkdtemp(prefix="faultline-interop-")
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.data, ignore_errors=True)

    @property
    def address(self):
        return self.listen

    @property
    def port(self):
        return int(self.listen.rsplit(":", 1)[1])

    def start(self):
        command = [FAULTLINE, "broker", "--data", self.data, "--listen", self.listen]
        for setting in self.settings:
            command += ["--set", setting]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        match = re.search(r" ready on (\S+:\d+)", line)
        if match is None:
            self.process.kill()
            _, errors = self.process.communicate()
            raise AssertionError(f"the broker did not start: {line!r} {errors!r}")
        self.listen = match.group(1)

    def stop(self):
        """SIGTERM: a graceful end. Returns the exit status and what it wrote to stderr."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=READY_SECONDS)
        status = self.process.returncode
        self.process = None
        return status, errors

    def kill(self):
        self.process.kill()
        self.process.communicate()
        self.process = None

    def alive(self):
        return self.process.poll() is None

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")


def kcat(broker, *arguments, stdin=None, timeout=60):
    """Runs kcat against the broker; returns its stdout."""
    done = subprocess.run(["kcat", "-b", broker.address, *arguments], input=stdin, capture_output=True, timeout=timeout)
    if done.returncode != 0:
        raise AssertionError(f"kcat {arguments} failed: {done.stderr.decode(errors='replace')}")
    return done.stdout


def wait_until(condition, what, seconds=READY_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.02)
