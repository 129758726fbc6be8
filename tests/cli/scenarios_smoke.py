"""Every scenario of the repository over twenty seeds (a hundred brokers: for one second of one): each comes to what it expects."""

import pathlib
import subprocess
import sys

program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
files = sorted(folder.glob("*.toml"))
assert len(files) >= 13, f"only {len(files)} scenarios in {folder}"
failed = []
for file in files:
    large = file.stem == "hundred-brokers"
    seeds = ["1", "--set", "duration=1s", "--set", "checks.require={}"] if large else ["1..20"]
    ran = subprocess.run([program, "run", str(file), "--seeds", *seeds], capture_output=True, text=True)
    last = [line for line in ran.stdout.splitlines() if "expected" in line]
    print(f"{file.stem}: {last[-1] if last else 'exit status ' + str(ran.returncode)}", flush=True)
    if ran.returncode != 0:
        print(ran.stdout + ran.stderr)
        failed.append(file.stem)
if failed:
    sys.exit("not as expected: " + ", ".join(failed))
