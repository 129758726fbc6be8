"""Proves that the arrows between the folders are kept by the compiler, not by good intentions.

The rules below are written down a second time, apart from the DEPS in the CMake files, so that a DEPS which allows too much is
found. For every component and every folder that it must not see, a source which includes a header of that folder is given to the
compiler with just the include folders of the component: it has to fail, and for the reason that the header is not found. As a
control, the same source with a header of the component's own has to pass.

  forbidden_include.py --compiler CXX --source TREE --includes FILE   FILE: folder, TAB, include folders, a component a line
  forbidden_include.py --compiler CXX --self-test                     a component that sees too much, and one that sees nothing
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

PURE = ["base", "broker/protocol", "broker/metadata", "broker/controller", "broker/raft", "broker/quorum/wire", "broker/replication",
        "broker/group", "broker/txn", "checkers", "checkers/linearizability", "checkers/transactions", "checkers/formats", "reports"]


def forbidden(folder):
    """The folders that a component in `folder` must not see."""
    if folder == "base":
        return {"runtime", "runtime/asio", "sim", "broker/protocol", "checkers", "scenarios", "cli"}
    no = set()
    if folder.startswith("broker/"):
        no |= {"sim", "runtime/asio", "checkers", "scenarios", "reports", "cli"}
    if folder in PURE:
        no |= {"runtime", "runtime/asio", "sim", "broker/log", "broker/node"}
    if folder.startswith("checkers"):
        no |= {"broker/protocol", "broker/client", "broker/server", "scenarios", "reports", "cli"}
    if folder == "runtime":
        no |= {"runtime/asio", "sim", "broker/protocol", "cli"}
    if folder == "runtime/asio":
        no |= {"sim", "broker/protocol", "cli"}
    if folder == "sim":
        no |= {"runtime/asio", "broker/protocol", "checkers", "scenarios", "cli"}
    if folder == "scenarios":
        no |= {"runtime/asio", "cli"}
    return no


def compiles(compiler, folders, header):
    """(whether a source with this one include gets through the preprocessor, what the compiler said)"""
    flags = [flag for folder in folders for flag in ("-I", folder)]
    run = subprocess.run([compiler, "-std=c++20", "-E", "-x", "c++", "-o", "/dev/null", *flags, "-"],
                         input=f'#include "{header}"\n', capture_output=True, text=True, check=False)
    return run.returncode == 0, run.stderr


def check(compiler, source, components):
    """Returns (number of arrows tried, findings). `components`: list of (folder, include folders)."""
    headers = {folder: sorted(path.relative_to(source).as_posix() for path in (source / folder).glob("*.h")) for folder, _ in components}
    tried, wrong = 0, []
    for folder, folders in components:
        if headers[folder]:
            passed, said = compiles(compiler, folders, headers[folder][0])
            if not passed:
                wrong.append(f"{folder} cannot include its own {headers[folder][0]}:\n{said}")
        for other in sorted(forbidden(folder)):
            for header in headers.get(other, []):
                tried += 1
                passed, said = compiles(compiler, folders, header)
                if passed:
                    wrong.append(f"{folder} can include {header}, but must not see {other}/")
                elif not re.search(re.escape(header) + r".*(No such file|not found)", said):
                    wrong.append(f"{folder} including {header} fails, but not because it is not found:\n{said}")
    return tried, wrong


def self_test(compiler):
    wrong = []
    with tempfile.TemporaryDirectory() as name:
        tree = pathlib.Path(name)
        for folder in ("base", "runtime", "sim", "broker/log"):
            (tree / folder).mkdir(parents=True)
            (tree / folder / "x.h").write_text("#pragma once\n")
            link = tree / "roots" / folder.replace("/", "_") / folder
            link.parent.mkdir(parents=True)
            link.symlink_to(tree / folder)
        def root(*names):
            return [str(tree / "roots" / each) for each in names]

        kept = [("base", root("base")), ("runtime", root("runtime", "base")), ("sim", root("sim", "runtime", "base"))]
        for components, expected in (
                (kept + [("broker/log", root("broker_log", "runtime", "base"))], []),
                (kept + [("broker/log", root("broker_log", "sim"))], ["broker/log can include sim/x.h"]),
                (kept + [("broker/log", [str(tree)])], ["broker/log can include sim/x.h"]),
                (kept + [("broker/log", root("base"))], ["broker/log cannot include its own"]),
                ([("base", root("base", "runtime")), *kept[1:]], ["base can include runtime/x.h"])):
            _, found = check(compiler, tree, components)
            if len(found) != len(expected) or not all(line.startswith(start) for line, start in zip(found, expected)):
                wrong.append(f"expected {expected}, found {found}")
    print("\n".join(wrong) or "forbidden includes are found, allowed ones pass")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--source", type=pathlib.Path)
    parser.add_argument("--includes", type=pathlib.Path)
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test(options.compiler)

    components = [(folder, folders) for folder, *folders in (line.split("\t") for line in options.includes.read_text().splitlines())]
    tried, wrong = check(options.compiler, options.source, components)
    print("\n".join(wrong))
    print(f"{len(components)} components, {tried} forbidden includes tried, {len(wrong)} findings")
    return 1 if wrong or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
