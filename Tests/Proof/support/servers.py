"""Ends and starts of the program that no operator wants."""

import contextlib
import os
import signal
from pathlib import Path

from harness.gateway import Gateway
from harness.process import eventually


def kill_all(gateway: Gateway) -> None:
    """SIGKILL for the supervisor and all workers at once; returns when they are gone."""
    assert gateway.serve
    # A stopped supervisor starts no worker that would not be seen here.
    gateway.signal(signal.SIGSTOP)
    workers = gateway.worker_pids()
    gateway.serve.kill()
    for pid in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    gateway.serve.wait()
    wait_for_end(workers)


def wait_for_end(pids: list[int], patience: float = 60) -> None:
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "the workers are gone", patience)


def restart(gateway: Gateway) -> None:
    """Starts the program again; returns when all workers accept."""
    (gateway.logs / "serve.out").write_text("")
    gateway.start_serve()
