"""Measures the program beside plain `proxy_pass` to the same upstream and beside C floors, in one run and by turns.

    python3 bench/bench.py [--short] [--only PART …] [--rounds N] [--seconds N]

Medians over rounds; ratios count, because absolute figures depend on what else the machine does. State is on a file
system that is made for the run. Everything is on loopback, bounded in number and time, and ended by its pid. The result
is a table and out/bench.json; docs/performance.md says how to read them.
"""

import argparse
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import disk
import parts
import processes
import report
from servers import BINARY, OUT, ROOT, Front

PROGRAMS = {"upstream": (), "streams": (), "floor": ("-lfcgi", "-lcurl", "-lpthread"), "relay": ()}
QUEUE = Path("/proc/sys/net/core/somaxconn")
QUEUE_SIZE = 32_768


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures the program beside proxy_pass and C floors.")
    parser.add_argument("--only", nargs="+", action="extend", choices=parts.ALL, metavar="PART",
                        help=f"measure these parts: {', '.join(parts.ALL)}")
    parser.add_argument("--short", action="store_true", help="small and quick: no figures to keep")
    parser.add_argument("--rounds", type=int, choices=range(1, 16), metavar="1–15", help="default: 3, short 1")
    parser.add_argument("--seconds", type=int, choices=range(1, 61), metavar="1–60",
                        help="how long requests are made in a round; default: 4, short 1")
    return parser.parse_args()


def prepare(stack: ExitStack) -> None:
    """Descriptors, the sockets' queue, and the C programs."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # As deploy/chatgpt-api-server.sysctl has it: nginx answers 502 where the queue of the socket is full.
    before = QUEUE.read_text()
    if int(before) < QUEUE_SIZE:
        try:
            QUEUE.write_text(str(QUEUE_SIZE))
            stack.callback(QUEUE.write_text, before)
        except OSError:
            print(f"net.core.somaxconn is below {QUEUE_SIZE}: some of 10,000 requests at once will fail.")
    OUT.mkdir(exist_ok=True)
    for name, libraries in PROGRAMS.items():
        subprocess.run(
            ["cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", OUT / name, ROOT / "bench" / f"{name}.c", *libraries],
            check=True)


def machine() -> dict:
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return {
        "at": time.strftime("%Y-%m-%d %H:%M:%S %Z"), "binary": str(BINARY), "commit": commit.stdout.strip(),
        "cores": os.cpu_count(), "kernel": platform.release(), "load_average": os.getloadavg()[0]}


def interrupted(number: int, _) -> None:
    """Ends the run as an error does, so that everything is put away; the second time is too late to hurry."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    sys.exit(f"bench: interrupted by {signal.Signals(number).name}")


def main() -> None:
    options = arguments()
    if not BINARY.exists():
        processes.fail(f"{BINARY} is not there; `make build` makes it")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    results = {"machine": machine(), "is_short": options.short, "parts": {}}
    with ExitStack() as stack:
        prepare(stack)
        folder, results["file_system"] = disk.make(stack)
        results["sync_ms"] = disk.sync_milliseconds(folder)
        print(f"State on {results['file_system']}. A sync takes {results['sync_ms']:.2f} ms.")
        is_busy = results["machine"]["load_average"] > results["machine"]["cores"] / 4
        results["is_judged"] = not is_busy and not options.short
        if is_busy:
            print(f"The machine is BUSY (load average {results['machine']['load_average']:.1f}): "
                  "absolute figures mean nothing, and ratios flatter whoever is slow.")
        run = parts.Run(
            folder, Front(stack, folder), options.rounds or (1 if options.short else 3),
            options.seconds or (1 if options.short else 4), options.short)
        results["rounds"], results["seconds"] = run.rounds, run.seconds
        for name in dict.fromkeys(options.only or parts.ALL):
            print(f"\n{parts.ALL[name].__doc__}\n", flush=True)
            results["parts"][name] = parts.timed(run, name)
            results["aims"] = report.aims(results["parts"])
            (OUT / "bench.json").write_text(json.dumps(results, indent=2))
            print(report.PARTS[name](results["parts"][name]), flush=True)
    if results["aims"]:
        print(f"\nAims\n\n{report.reached(results['aims'], results['is_judged'])}")
    if not results["is_judged"]:
        print("\nA short run, or one on a busy machine, shows that everything works. Its figures do not count.")


if __name__ == "__main__":
    main()
