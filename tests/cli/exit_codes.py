"""The exit status of `faultline run` says what happened, and a finding ends with the command that repeats it."""

import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile
import time

program, folder = sys.argv[1], pathlib.Path(sys.argv[2])

CALM = """
duration = "2s"
[[topic]]
name = "t"
[[producer]]
name = "writer"
"""


def run(*arguments):
    return subprocess.run([program, "run", *map(str, arguments)], capture_output=True, text=True)


def expect(what, ran, status):
    assert ran.returncode == status, f"{what}: status {ran.returncode}, not {status}\n{ran.stdout}\n{ran.stderr}"
    print(f"{what}: {status}")


def kill_worker_of(process, but=None):
    """Kills the process that works on the seed as soon as it has used some of the processor: it is in the middle of it then.
    Returns: its id."""
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while True:
        assert process.poll() is None, "it ended on its own"
        for child in children.read_text().split():
            try:
                ticks = pathlib.Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue  # the one that was killed before has been buried meanwhile
            if int(ticks[11]) >= 10 and int(child) != but:
                os.kill(int(child), signal.SIGKILL)
                return int(child)
        time.sleep(0.01)


with tempfile.TemporaryDirectory() as name:
    scratch = pathlib.Path(name)

    def file(text):
        path = scratch / "trial.toml"
        path.write_text(text)
        return path

    expect("valid", run(file(CALM), "--seeds", "1..3"), 0)
    expect("valid, twice", run(file(CALM), "--twice"), 0)
    expect("a file that is right", run(file(CALM), "--check-only"), 0)

    wrong = run(file(CALM + "kount = 2\n"))
    expect("an unknown key", wrong, 2)
    assert "trial.toml:7:9: producer[0]: unknown key 'kount'; did you mean 'count'?" in wrong.stderr, wrong.stderr
    expect("no such file", run(scratch / "none.toml"), 2)
    expect("seeds that are no range", run(file(CALM), "--seeds", "5..1"), 2)
    expect("an unknown option", run(file(CALM), "--bogus"), 2)
    expect("a folder for artifacts that cannot be made", run(file(CALM), "--out", scratch / "trial.toml" / "out"), 2)

    for words, message in ((["rnu"], "faultline: there is no subcommand 'rnu'; did you mean 'run'?"),
                           (["topic", "lsit"], "faultline topic: there is no subcommand 'lsit'; did you mean 'list'?"),
                           (["zebra"], "faultline: there is no subcommand 'zebra'\n"),
                           (["quorum"], "A subcommand is required"),
                           (["run"], "FILE is required")):
        mistyped = subprocess.run([program, *words], capture_output=True, text=True)
        expect(" ".join(words), mistyped, 2)
        assert message in mistyped.stderr, mistyped.stderr
    nowhere = subprocess.run([program, "museum", "--folder", scratch / "nowhere"], capture_output=True, text=True)
    expect("a museum that is not there", nowhere, 2)
    assert "--folder" in nowhere.stderr, nowhere.stderr

    expect("an exhibit", run(file(CALM), "--exhibit", "kip-101"), 0)
    mistyped = run(file(CALM), "--exhibit", "fsync-tarp")
    expect("an exhibit that is not there", mistyped, 2)
    assert "there is no exhibit 'fsync-tarp'; did you mean 'fsync-trap'?" in mistyped.stderr, mistyped.stderr
    without_finding = scratch / "museum"
    without_finding.mkdir()
    (without_finding / "calm.toml").write_text('exhibit = ["kip-101"]\n' + CALM)
    visit = subprocess.run([program, "museum", "--folder", without_finding], capture_output=True, text=True)
    expect("a museum whose scenario expects nothing", visit, 2)
    (without_finding / "calm.toml").write_text('exhibit = ["kip-101"]\n' + CALM + '[expect]\nfinding = "lost-write"\n')
    visit = subprocess.run([program, "museum", "--folder", without_finding, "--seeds", "3", "--clean", "1", "--json"],
                           capture_output=True, text=True)
    expect("an exhibit that nobody sees", visit, 1)
    assert json.loads(visit.stdout)[0]["found"] is False, visit.stdout

    expect("an expected finding that is not there", run(file(CALM + '[expect]\nfinding = "lost-write"\n')), 1)
    stuck = CALM + '[cluster.config]\n"max.connections" = 1\n[liveness]\nbound = "1s"\n'
    expect("no progress", run(file(stuck)), 3)

    idle = run(file(CALM + "[checks.require]\nmin_acknowledged = 1000000\n"))
    expect("a run that did too little", idle, 1)
    assert "proved nothing" in idle.stdout and "safety" not in idle.stdout, idle.stdout

    inside = scratch / "inside"
    expect("a finding that no client saw", run(folder / "museum" / "kafka-7786.toml", "--seeds", "1..8", "--out", inside), 0)
    timeline = next(inside.iterdir()).joinpath("timeline.txt").read_text()
    for part in ("broker-0 is node 1", "no-progress:\n", "! partition of ", "the trial is over", "broker 1 is fenced",
                 "leads orders-0 in epoch", "> no-progress: "):
        assert part in timeline, f"no {part!r} in\n{timeline}"

    found = run(folder / "page-cache.toml", "--set", "expect={}", "--seeds", "1..4", "--out", scratch / "out")
    expect("lost writes that nobody expected", found, 1)
    command = shlex.split(found.stdout.splitlines()[-1])
    again = subprocess.run(command, capture_output=True, text=True)
    expect("the command of the last line", again, 1)
    (artifact,) = (scratch / "out").iterdir()
    assert {path.name for path in artifact.iterdir()} == {
        "scenario.toml", "report.txt", "history.jsonl", "events.txt", "timeline.txt", "finding.dot"}
    seed = artifact.name.rsplit("-", 1)[1]
    expect("the artifact, which expects its finding", run(artifact / "scenario.toml", "--seed", seed), 0)

    reports = [json.loads(run(artifact / "scenario.toml", "--seed", seed, "--json").stdout) for _ in range(2)]
    hashes = {report["seeds"][0]["hash"] for report in reports}
    assert len(hashes) == 1, hashes

    # Hours of simulated time, so that there is no end that could come first.
    endless = file(CALM.replace("2s", "1000h"))
    crashing = subprocess.Popen([program, "run", endless, "--seed", "7", "--out", scratch / "dead"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        kill_worker_of(crashing, but=kill_worker_of(crashing))  # and the one that repeats it for the artifact
        crashing.stdout_text, crashing.stderr_text = crashing.communicate(timeout=60)
    finally:
        crashing.kill()
    assert crashing.returncode == 5, f"a crashed worker: status {crashing.returncode}\n{crashing.stdout_text}\n{crashing.stderr_text}"
    assert "killed by signal 9" in crashing.stdout_text, crashing.stdout_text
    assert "crashed" in crashing.stdout_text, crashing.stdout_text
    assert crashing.stdout_text.splitlines()[-1].endswith("--seed 7"), crashing.stdout_text
    (dead,) = (scratch / "dead").iterdir()
    assert "broker-0: starts" in (dead / "events.txt").read_text()
    assert "> its process was killed by signal 9" in (dead / "timeline.txt").read_text()
    expect("the artifact of a crashed worker", run(dead / "scenario.toml", "--check-only"), 0)
    print("a crashed worker: 5")
