"""Mixed load for ten minutes: descriptors and memory of the workers stay as they are."""

import contextlib
import os
import random
import statistics
import time
from pathlib import Path

import httpx

from harness import process
from harness.load import Background
from support.crowd import Crowd
from support.sizes import size
from support.state_files import unreadable

SECONDS = size("SOAK_SECONDS", 600, least=30)
#: The part of the time in which memory may still grow: caches and pools fill.
WARM_UP = 0.3
MOST_GROWTH = 0.05
#: Descriptors come and go with requests in flight.
FEW = 8
#: A worker keeps at most as many files of the state open: users, keys, files that are written in place, leases.
MOST_KEPT_FILES = 4 * 1024
BETWEEN_SAMPLES = 2.0


def test_soak(prepare, upstream, figures):
    gateway = prepare("a", "b", "c", workers=2, title_timeout=2)
    gateway.start()
    workers = gateway.worker_pids()
    key = gateway.add_user()
    crowd = Crowd(gateway, 4, seed=31)
    samples: list[tuple[int, int, int]] = []
    started = time.monotonic()
    load = [lambda: stream(gateway, key), lambda: leave(gateway, key), lambda: bad_requests(gateway, key)]
    crowd.work()
    with contextlib.ExitStack() as stack:
        for each in load:
            stack.enter_context(Background(each, threads=2, rate=10))
        while time.monotonic() - started < SECONDS:
            time.sleep(BETWEEN_SAMPLES)
            kept, others = (sum(counts) for counts in zip(*(descriptors(pid, gateway.state) for pid in workers)))
            samples.append((kept, others, sum(map(process.resident_bytes, workers))))
            if len(samples) % 10 == 0:
                upstream.reset()
    crowd.rest()
    crowd.check(figures, all_of_them=True)
    crowd.end()
    crowd.count(figures)

    warm = samples[int(len(samples) * WARM_UP):]
    window = max(3, len(warm) // 5)
    (kept, others, memory), (kept_then, others_then, memory_then) = medians(warm[:window]), medians(warm[-window:])
    growth = memory_then / memory - 1
    figures.set("seconds", SECONDS)
    figures.set("descriptors after warm-up, at the end:", f"{others:.0f}, {others_then:.0f}")
    figures.set("kept files of the state:", f"{kept:.0f}, {kept_then:.0f}")
    figures.set("MiB:", f"{memory / 2**20:.1f}, {memory_then / 2**20:.1f} ({growth:+.1%})")
    if others_then > others + FEW:
        figures.fault(f"descriptors grew from {others} to {others_then}")
    if kept_then > MOST_KEPT_FILES * len(workers):
        figures.fault(f"{kept_then} files of the state are open")
    # A minute is no soak: what fills slowly is still filling.
    if growth > MOST_GROWTH * (1 if SECONDS >= 300 else 3):
        figures.fault(f"memory grew by {growth:.1%}")
    if gateway.worker_pids() != workers:
        figures.fault("a worker ended")
    for words in unreadable(gateway.state):
        figures.fault(words)
    figures.check()


def stream(gateway, key: str) -> None:
    answer = gateway.chat(key, "[[piece_delay_ms:20]] one two three four five", stream=True)
    assert answer.status_code == 200 and "event: done" in answer.text, answer.text


def leave(gateway, key: str) -> None:
    """A caller that hangs up in the middle of an answer."""
    body = {"prompt": "[[piece_delay_ms:50]] " + "word " * random.randint(5, 40), "stream": True}
    with httpx.stream(
        "POST", f"{gateway.url}/api/chat", headers={"Authorization": f"Bearer {key}"}, json=body) as answer:
        for number, _ in enumerate(answer.iter_raw()):
            if number == 3:
                return


def bad_requests(gateway, key: str) -> None:
    statuses = [
        gateway.chat("sk-cas-nobody", "Hi").status_code,
        gateway.request("POST", "/api/chat", key, content=b"{" * 5000).status_code,
        gateway.request("POST", "/api/chat", key, content=os.urandom(100_000)).status_code,
        gateway.get("/api/recall", key, conversation_id="none").status_code,
        gateway.get("/nowhere", key).status_code]
    assert all(400 <= status < 500 for status in statuses), statuses


def descriptors(pid: int, state: Path) -> tuple[int, int]:
    """How many files of the state are open, and how many other descriptors."""
    kept = others = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            is_kept = os.readlink(link).startswith(str(state))
            kept, others = kept + is_kept, others + (not is_kept)
    return kept, others


def medians(samples: list[tuple[int, int, int]]) -> list[float]:
    return [statistics.median(values) for values in zip(*samples)]
