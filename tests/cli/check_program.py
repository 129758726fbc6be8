"""What `faultline check` promises to scripts: exit status, JSON, pictures, requirements, limits, and errors with a remedy."""

import json
import pathlib
import subprocess
import sys
import tempfile

program, corpus = sys.argv[1], pathlib.Path(sys.argv[2])


def check(*arguments, text=None):
    return subprocess.run([program, "check", *map(str, arguments)], capture_output=True, text=True, input=text)


def expect(what, ran, status, *said):
    assert ran.returncode == status, f"{what}: status {ran.returncode}, not {status}\n{ran.stdout}\n{ran.stderr}"
    for words in said:
        assert words in ran.stdout + ran.stderr, f"{what}: {words!r} is not in\n{ran.stdout}\n{ran.stderr}"
    print(f"{what}: {status}")


valid, invalid = corpus / "register-cas-twin.edn", corpus / "register-cas.edn"
expect("valid", check(valid), 0, "model register, linearizable", "told from the file: operations cas, write")
expect("invalid", check(invalid), 1, "not-linearizable 1")
expect("one of two", check(valid, invalid), 1, "2 histories: 1 valid, 1 invalid, 0 unknown, 0 bad input")
expect("stdin", check("-", text=valid.read_text()), 0, "stdin: valid")
expect("a level that allows it", check("--consistency", "snapshot-isolation", corpus / "list-write-skew-snapshot.edn"), 0)
expect("a level that does not", check("--consistency", "serializable", corpus / "list-write-skew-snapshot.edn"), 1, "G2-item")
expect("a requirement that is not met", check("--require", "acknowledged=9", valid), 1, "3 records were acknowledged, 9 are required")
expect("one that is met", check("--require", "acknowledged=3", valid), 0)

young, unkept = corpus / "log-deleted-young.jsonl", "retention=t-0,log-start=1,retention.ms=3"
expect("a log that promises nothing of it", check("--log", young), 1, "lost-write 1")
expect("a promise that is not kept", check("--promise", unkept, young), 1, "promised      " + unkept, "deleted-early 1")
expect("one that is kept", check("--promise", "key-order", "--promise", "retention=t-0,log-start=1,retention.ms=2", young), 0)
for promise, said in {
    "order": "expected key-order, recency=TIME, writes=TIME, produce-p99=TIME",
    "recency=3": "expected a time such as 500ms",
    "recency=99999999999999m": "expected a shorter time",
    "exactly-once=": "expected the name of a group",
    "exactly-once=h": "the history has no group of that name",
    "retention=t-9,log-start=1": "the history has no partition of that name",
    "retention=t-0": "expected log-start=N",
    "retention=t-0,log-start=-1": "expected a number",
    "retention=t-0,log-start=1,retention.hours=1": "retention.bytes=N",
    "retention=t-0,log-start=1,delete.retention.ms=5": "expected cleanup.policy=compact",
}.items():
    expect(f"--promise {promise}", check("--promise", promise, young), 2, f"--promise {promise.split(',')[0]}", said)
expect("a promise about no log", check("--promise", "key-order", valid), 2, "--promise is about logs, and this is none")

answer = json.loads(check("--json", invalid).stdout)
assert answer["verdict"] == "invalid" and answer["anomalies"][0]["anomaly"] == "not-linearizable", answer
assert answer["tested"]["operations"] == 3, answer
assert answer["linearizability"]["minimal"] and len(answer["linearizability"]["witness"]) == 3, answer
answer = json.loads(check("--json", "--consistency", "causal", corpus / "sessions-causal.txt").stdout)
assert answer["cycles"][0]["anomaly"] == "causal-cycle" and "commit" in [step["dependency"] for step in answer["cycles"][0]["steps"]], answer

expect("no such file", check(corpus / "none.edn"), 2, "none.edn: No such file or directory")
expect("a broken line", check("-", text="{:type :ok}\n{:type :done}\n"), 2, "what it is about cannot be told from the file")
expect("a broken line of a known workload", check("--model", "register", "-", text="{:type :done}\n"), 2, "stdin:1:8: \"type\" must be")
expect("no format", check("-", text="<html>"), 2, "say which: --format")
expect("an unknown model", check("--model", "regster", valid), 2, "did you mean register?")
expect("an unknown requirement", check("--require", "luck=1", valid), 2, "--require luck=1: there are acknowledged=N")
expect("two checkers", check("--log", "--elle-register", valid), 2, "exclude each other")

expect("a merge of one process in two files", check("--merge", valid, invalid), 2, "to be merged, each event needs its \"time\"")

with tempfile.TemporaryDirectory() as name:
    scratch = pathlib.Path(name)
    picture = scratch / "finding.dot"
    check("--dot", picture, corpus / "list-G1c.edn")
    assert picture.read_text().startswith("digraph"), picture.read_text()
    picture.unlink()

    (scratch / "a.edn").write_text(invalid.read_text())
    manifest = {"format": "faultline-corpus", "version": 1, "histories": [{"file": "a.edn", "check": "register", "verdict": "valid"}]}
    (scratch / "manifest.json").write_text(json.dumps(manifest))
    expect("not as the manifest says", check(scratch / "manifest.json"), 1, "a.edn: expected valid, got invalid: not-linearizable", "0 of 1 are as the manifest says")
    manifest["histories"][0].update(verdict="invalid", anomalies=["not-linearizable"])
    (scratch / "manifest.json").write_text(json.dumps(manifest))
    expect("as the manifest says", check(scratch), 0, "1 of 1 are as the manifest says")
    manifest["histories"][0]["promise"] = ["order"]
    (scratch / "manifest.json").write_text(json.dumps(manifest))
    expect("a manifest with an unknown promise", check(scratch), 2, "history 1: promise \"order\": expected key-order")
    del manifest["histories"][0]["promise"]
    manifest["histories"][0]["kind"] = "odd"
    (scratch / "manifest.json").write_text(json.dumps(manifest))
    expect("a manifest with an unknown key", check(scratch), 2, "history 1: unknown key \"kind\"")


def convert(*arguments, text=None):
    return subprocess.run([program, "convert", *map(str, arguments)], capture_output=True, text=True, input=text)


with tempfile.TemporaryDirectory() as name:
    scratch = pathlib.Path(name)
    for form in ("jsonl", "json", "edn", "jepsen-log", "porcupine"):
        written = scratch / form
        expect(f"to {form}", convert("--to", form, "--output", written, invalid), 0)
        expect(f"{form} judged", check(written), 1, f"format {form}", "not-linearizable 1")
    expect("a format that cannot say it", convert("--to", "sessions", "-o", scratch / "x", invalid), 2, "cannot be written as sessions")
    assert not list(scratch.glob("x*")), "a file was left behind"
    expect("an unknown format", convert("--to", "jsn", invalid), 2, "--to jsn: unknown", "Did you mean json?")
    expect("to stdout", convert("--to", "json", "-", text=valid.read_text()), 0, '"type":"invoke"')
    expect("a log of ours", convert("--to", "edn", "--lossy", corpus / "log-lost-commit.jsonl"), 0, "left out, the format has no word for it:")
    expect("a log of ours, whole", convert("--to", "edn", corpus / "log-lost-commit.jsonl"), 2, "--lossy leaves this out")

    call = '{{"process":{0},"type":"invoke","f":"{1}","value":{2},"time":{3}}}\n{{"process":{0},"type":"ok","f":"{1}","value":{4},"time":{5}}}\n'
    writer, reader = scratch / "writer.json", scratch / "reader.json"
    writer.write_text(call.format(0, "write", 1, 10, 1, 20))
    reader.write_text(call.format(1, "read", "null", 30, "null", 40))
    expect("alone", check(reader, "--model", "register"), 0)
    expect("merged", check("--merge", writer, reader), 1, "writer.json and 1 more: invalid")
    expect("merged and written", convert("--to", "edn", writer, reader), 0, "{:time 30 :process 1 :type :invoke :f :read")
