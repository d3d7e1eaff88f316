"""Child processes that end with the test run, and what Linux says of them."""

import ctypes
import os
import random
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
PATIENCE = 30.0
libc = ctypes.CDLL(None)


def raise_file_limit() -> int:
    """Allows as many open files as the system does, here and in all children; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def start(command: list[str], log: Path, **options) -> subprocess.Popen:
    """Starts `command`, which is terminated if this process dies; its standard error goes to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command, stderr=output, preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM), **options)


def stop(process: subprocess.Popen, patience: float = PATIENCE) -> int:
    """Ends `process` politely, then by force; returns its exit status."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"{process.args} did not end within {patience} s of SIGTERM") from None


def eventually(condition: Callable[[], object], what: str, patience: float = PATIENCE):
    """Asks `condition` until it gives something true, and returns that."""
    end = time.monotonic() + patience
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"not within {patience} s: {what}"
        time.sleep(0.02)


def free_port() -> int:
    """A port below those that the kernel gives to outgoing connections, by chance, because others look for one too."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def children(pid: int) -> list[int]:
    """The children of `pid` that are not zombies, of all its threads."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in task.read_text().split()]
        except OSError:
            continue
    return [child for child in found if state(child) not in (None, "Z")]


def state(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
