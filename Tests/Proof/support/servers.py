"""Ends and starts of the program that no operator wants."""

import contextlib
import os
import signal

from harness.gateway import Gateway
from harness.process import eventually, state


def kill_all(gateway: Gateway) -> None:
    """SIGKILL for the supervisor and all workers at once; returns when they are gone."""
    assert gateway.serve
    # A stopped supervisor starts no worker that would not be seen here.
    gateway.signal(signal.SIGSTOP)
    eventually(lambda: state(gateway.serve.pid) == "T", "the supervisor is stopped")
    workers = gateway.worker_pids()
    gateway.serve.kill()
    for pid in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    gateway.serve.wait()
    wait_for_end(workers)


def wait_for_end(pids: list[int], patience: float = 60) -> None:
    eventually(lambda: not any(is_alive(pid) for pid in pids), "the workers are gone", patience)


def is_alive(pid: int) -> bool:
    """Whether any thread of it can still have files open; a zombie that waits for init to reap it has none."""
    try:
        return state(pid) not in (None, "Z") or len(os.listdir(f"/proc/{pid}/task")) > 1
    except OSError:
        return False


def restart(gateway: Gateway) -> None:
    """Starts the program again; returns when all workers accept."""
    (gateway.logs / "serve.out").write_text("")
    gateway.start_serve()
