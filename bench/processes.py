"""Child processes: their start, their end by pid, and what /proc says of them."""

import contextlib
import ctypes
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

SET_PARENT_DEATH_SIGNAL = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def fail(message: str) -> None:
    sys.exit(f"bench: {message}")


def start(stack: ExitStack, *command, **options) -> subprocess.Popen:
    """Starts a process that ends with `stack`, and with this one should it be killed.

    It has a session of its own: an interrupt from the terminal is for this process, which ends the others in order.
    """
    child = subprocess.Popen(
        [str(word) for word in command], start_new_session=True,
        preexec_fn=lambda: LIBC.prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM), **options)
    stack.callback(stop, child)
    return child


def stop(child: subprocess.Popen) -> None:
    """Ends a process; with force, and what it started as well, if that takes too long or is interrupted."""
    child.terminate()
    try:
        child.wait(20)
    finally:
        # Its group holds nothing but what it started.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait(5)


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def cpu_seconds(pids: list[int]) -> dict[int, float]:
    """What each process has used so far, in user space and in the kernel.

    It is the sum of utime and stime in /proc/PID/stat, to the nanosecond in place of the hundredth of a second.
    """
    used = {}
    for pid in pids:
        clock = ctypes.c_int()
        if LIBC.clock_getcpuclockid(pid, ctypes.byref(clock)) != 0:
            fail(f"process {pid} ended while it was measured")
        used[pid] = time.clock_gettime(clock.value)
    return used


def memory_kib(pids: list[int], kind: str) -> int:
    """Resident memory: "Rss", where pages that processes share count for each, or "Pss", where once."""
    return sum(
        int(re.search(rf"^{kind}:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)[1])
        for pid in pids)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_line(child: subprocess.Popen, line: str, seconds: float = 60) -> None:
    """Waits until `child`, whose standard output is an unbuffered pipe, has written `line`."""
    end, text = time.monotonic() + seconds, b""
    while line.encode() not in text.splitlines():
        if not select.select([child.stdout], [], [], max(0, end - time.monotonic()))[0]:
            fail(f"{child.args[0]} did not write {line!r} within {seconds} s")
        piece = os.read(child.stdout.fileno(), 4096)
        if not piece:
            fail(f"{' '.join(child.args)} ended")
        text += piece


def wait_for_port(port: int, path: str = "/", seconds: float = 20) -> None:
    """Waits until something answers HTTP there, whatever it says."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    fail(f"nothing answers on port {port}")
