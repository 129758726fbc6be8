"""Runs clang-tidy over our own sources, and remembers what was clean.

clang-tidy takes seconds a file, preprocessing a fraction of one. A file is only looked at again when its preprocessed text, its
flags, the settings or the tool have changed, so that linting after a small edit is quick. Tests are left out: Catch2's macros
expand to what the checks dislike, and they never ship.
"""

import argparse
import concurrent.futures
import hashlib
import json
import pathlib
import shlex
import subprocess
import sys
import time

TIDY = "clang-tidy-19"
ROOT = pathlib.Path(__file__).resolve().parent.parent


def ours(build):
    """The compile commands of the tracked sources, tests and fuzzers aside."""
    tracked = subprocess.run(["git", "ls-files", "*.cc"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    wanted = {str(ROOT / name) for name in tracked if not name.startswith(("tests/", "fuzz/"))}
    seen = set()
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if entry["file"] in wanted and entry["file"] not in seen:
            seen.add(entry["file"])
            yield entry


def without_output(words):
    """The compiler and its flags, less `-o FILE` and `-c FILE` and the launcher in front."""
    kept, words = [], list(words)
    while not pathlib.Path(words[0]).name.startswith(("clang", "g++", "c++")):
        words.pop(0)
    while words:
        word = words.pop(0)
        if word in ("-o", "-c", "-MF", "-MT"):
            words.pop(0)
        elif word != "-MD":
            kept.append(word)
    return kept


def fingerprint(entry, salt):
    words = without_output(shlex.split(entry["command"]))
    # -C keeps the comments: some of them silence a check.
    text = subprocess.run([*words, "-E", "-C", entry["file"]], cwd=entry["directory"], capture_output=True, check=False).stdout
    return hashlib.sha256(salt + shlex.join(words).encode() + text).hexdigest()


def check(entry, build, memory, salt):
    """Returns (file, None when it was clean before or what clang-tidy says, True when clean)."""
    stamp = memory / fingerprint(entry, salt)
    if stamp.exists():
        return entry["file"], "", True
    run = subprocess.run([TIDY, "--quiet", "-p", str(build), entry["file"]], capture_output=True, text=True, check=False)
    if run.returncode == 0:
        stamp.touch()
    return entry["file"], run.stdout + ("" if run.stdout else run.stderr), run.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="a configured build folder (clang's, for its flags)")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    build = options.build.resolve()
    memory = build / "tidy"
    memory.mkdir(exist_ok=True)
    version = subprocess.run([TIDY, "--version"], check=True, capture_output=True).stdout
    salt = version + (ROOT / ".clang-tidy").read_bytes()

    started = time.monotonic()
    dirty = 0
    entries = list(ours(build))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for file, said, clean in pool.map(lambda entry: check(entry, build, memory, salt), entries):
            if not clean:
                dirty += 1
                print(f"{pathlib.Path(file).relative_to(ROOT)}:\n{said}", flush=True)
    print(f"clang-tidy: {len(entries)} files, {dirty} with findings, {time.monotonic() - started:.0f} s")
    return 1 if dirty or not entries else 0


if __name__ == "__main__":
    sys.exit(main())
