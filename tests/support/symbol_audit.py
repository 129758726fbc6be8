"""Fails when one of our libraries calls for something ambient: the time, randomness, threads, files, sockets or the environment.

Whatever runs in the simulator may only get these through the seam, or a seed would no longer determine a run. The check reads the
undefined symbols of each static library (`nm -uC`), so that it also sees what came in through somebody else's header. The two
places which are allowed to touch the machine, the real backend and the program itself, are not looked at.

  symbol_audit.py --libraries FILE     FILE has a line per library: folder, TAB, path of the archive
  symbol_audit.py --self-test COMPILER  proves on compiled snippets that each kind of call is found, and that clean code passes
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

EXEMPT = {"runtime/asio", "cli", "bench"}

# What is forbidden, by kind. C functions are whole symbols; C++ names are prefixes of demangled ones.
FORBIDDEN_C = {
    "time": "clock_gettime clock_getres gettimeofday time times clock ftime timespec_get localtime localtime_r mktime "
            "nanosleep clock_nanosleep usleep sleep alarm setitimer timer_create timerfd_create",
    "randomness": "rand rand_r srand random srandom drand48 lrand48 mrand48 getrandom getentropy arc4random arc4random_uniform",
    "environment": "getenv secure_getenv setenv getpid getppid gethostname uname setlocale sysinfo sched_getcpu",
    "threads": "pthread_create thrd_create fork vfork clone posix_spawn posix_spawnp execve execv execvp system popen",
    "files": "open open64 openat openat64 creat creat64 fopen fopen64 freopen freopen64 fdopen opendir mkdir mkdirat rename "
             "renameat unlink unlinkat remove stat stat64 lstat fstatat fsync fdatasync ftruncate ftruncate64 pread pread64 "
             "pwrite pwrite64 preadv pwritev readlink realpath mkstemp tmpfile access flock io_uring_queue_init",
    "sockets": "socket socketpair connect bind listen accept accept4 send sendto sendmsg recv recvfrom recvmsg poll ppoll select "
               "epoll_create epoll_create1 epoll_wait getaddrinfo gethostbyname pipe pipe2 eventfd",
    "memory maps": "mmap mmap64",
}
FORBIDDEN_CXX = {
    "time": ["std::chrono::_V2::steady_clock::now", "std::chrono::_V2::system_clock::now", "std::chrono::__1::"],
    "randomness": ["std::random_device::"],
    "threads": ["std::thread::", "std::jthread::", "std::this_thread::__sleep_for", "std::condition_variable::",
                "std::__future_base::", "std::__atomic_futex_unsigned_base::"],
    "files": ["std::basic_filebuf<", "std::basic_ifstream<", "std::basic_ofstream<", "std::basic_fstream<", "std::filesystem::",
              "std::__basic_file<"],
}
# Fiber stacks are guarded mappings, made by the runtime.
ALLOWED = {("runtime", "mmap"), ("runtime", "mmap64")}

C_KINDS = {name: kind for kind, names in FORBIDDEN_C.items() for name in names.split()}


def kind_of(symbol):
    """The kind of forbidden thing that `symbol` is, or None."""
    plain = symbol.split("@")[0]
    if plain in C_KINDS:
        return C_KINDS[plain]
    # A template's symbol starts with its return type, a guard's or table's with words: look after any of them.
    for kind, prefixes in FORBIDDEN_CXX.items():
        for prefix in prefixes:
            if symbol.startswith(prefix) or re.search(r"(?:^| (?:for|to) )" + re.escape(prefix), symbol):
                return kind
    return None


def undefined(nm, archive):
    """Yields (object file, undefined symbol) of an archive or object file."""
    run = subprocess.run([nm, "-uC", str(archive)], check=True, capture_output=True, text=True)
    member = pathlib.Path(archive).name
    for line in run.stdout.splitlines():
        if line.endswith(":"):
            member = line[:-1]
        elif match := re.match(r"\s+[Uwv] (.*)", line):
            yield member, match[1]


def audit(nm, folder, archive):
    """The findings of one archive, as printable lines."""
    found = []
    for member, symbol in undefined(nm, archive):
        kind = kind_of(symbol)
        if kind and (folder, symbol.split("@")[0]) not in ALLOWED:
            found.append(f"{folder}: {member} calls {symbol} ({kind})")
    return found


GUILTY = {
    "time": [
        "#include <time.h>\nlong f() { timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_nsec; }",
        "#include <time.h>\nlong f() { return time(nullptr); }",
        "#include <chrono>\nlong f() { return std::chrono::steady_clock::now().time_since_epoch().count(); }",
        "#include <chrono>\nlong f() { return std::chrono::system_clock::now().time_since_epoch().count(); }",
    ],
    "randomness": [
        "#include <random>\nunsigned f() { return std::random_device()(); }",
        "#include <stdlib.h>\nint f() { return rand(); }",
    ],
    "environment": ["#include <stdlib.h>\nchar* f() { return getenv(\"HOME\"); }"],
    "threads": [
        "#include <thread>\nvoid g();\nvoid f() { std::thread(g).join(); }",
        "#include <pthread.h>\nvoid* g(void*);\nvoid f() { pthread_t t; pthread_create(&t, nullptr, g, nullptr); }",
    ],
    "files": [
        "#include <fcntl.h>\nint f() { return open(\"x\", O_RDONLY); }",
        "#include <stdio.h>\nFILE* f() { return fopen(\"x\", \"r\"); }",
        "#include <fstream>\nint f() { std::ifstream in(\"x\"); return in.get(); }",
        "#include <filesystem>\nbool f() { return std::filesystem::exists(\"x\"); }",
    ],
    "sockets": ["#include <sys/socket.h>\nint f() { return socket(AF_INET, SOCK_STREAM, 0); }"],
    "memory maps": ["#include <sys/mman.h>\nvoid* f() { return mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, -1, 0); }"],
}
INNOCENT = [
    "#include <stdio.h>\nvoid f() { fputs(\"x\", stderr); }",
    "#include <map>\n#include <string>\nstd::map<int, std::string> f() { return {{1, \"time\"}}; }",
    "#include <chrono>\nlong f(std::chrono::nanoseconds t) { return t.count(); }",
]


def self_test(nm, compiler):
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        source, binary = pathlib.Path(folder, "snippet.cc"), pathlib.Path(folder, "snippet.o")

        def findings(text):
            source.write_text(text + "\n")
            subprocess.run([compiler, "-std=c++20", "-O1", "-c", str(source), "-o", str(binary)], check=True)
            return audit(nm, "sim", binary)

        for kind, snippets in GUILTY.items():
            for text in snippets:
                if not any(line.endswith(f"({kind})") for line in findings(text)):
                    wrong.append(f"not found ({kind}):\n{text}")
        for text in INNOCENT:
            if found := findings(text):
                wrong.append(f"found in clean code: {found}\n{text}")
        findings(GUILTY["memory maps"][0])
        if audit(nm, "runtime", binary):
            wrong.append("the runtime may map memory")
    print("\n".join(wrong) or f"{sum(map(len, GUILTY.values()))} guilty and {len(INNOCENT)} innocent snippets judged rightly")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--libraries", type=pathlib.Path)
    parser.add_argument("--self-test", metavar="COMPILER")
    options = parser.parse_args()
    if options.self_test:
        return self_test(options.nm, options.self_test)

    libraries = [line.split("\t") for line in options.libraries.read_text().splitlines()]
    audited = [(folder, archive) for folder, archive in libraries if folder not in EXEMPT]
    found = [line for folder, archive in audited for line in audit(options.nm, folder, archive)]
    print("\n".join(found))
    print(f"{len(audited)} libraries audited ({', '.join(folder for folder, _ in audited)}), {len(found)} findings")
    return 1 if found or not audited else 0


if __name__ == "__main__":
    sys.exit(main())
