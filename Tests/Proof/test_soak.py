"""Mixed load for ten minutes: descriptors and memory of the workers stay as they are."""

import contextlib
import os
import random
import statistics
import time

import httpx

from harness import process
from harness.load import Background
from support.crowd import Crowd
from support.sizes import size
from support.state_files import unreadable

SECONDS = size("SOAK_SECONDS", 600, least=60)
#: The part of the time in which memory may still grow: caches and pools fill.
WARM_UP = 0.3
MOST_GROWTH = 0.05
#: Descriptors come and go with requests in flight.
FEW = 8
BETWEEN_SAMPLES = 2.0


def test_soak(prepare, upstream, figures):
    gateway = prepare("a", "b", "c", workers=2, title_timeout=2)
    gateway.start()
    workers = gateway.worker_pids()
    key = gateway.add_user()
    crowd = Crowd(gateway, 4, seed=31)
    samples: list[tuple[int, int]] = []
    started = time.monotonic()
    others = [lambda: stream(gateway, key), lambda: leave(gateway, key), lambda: bad_requests(gateway, key)]
    crowd.work()
    with contextlib.ExitStack() as stack:
        for other in others:
            stack.enter_context(Background(other, threads=2, rate=10))
        while time.monotonic() - started < SECONDS:
            time.sleep(BETWEEN_SAMPLES)
            samples.append((sum(map(descriptors, workers)), sum(map(process.resident_bytes, workers))))
            if len(samples) % 10 == 0:
                upstream.reset()
    crowd.rest()
    crowd.check(figures, all_of_them=True)
    crowd.end()
    crowd.count(figures)

    warm = samples[int(len(samples) * WARM_UP):]
    window = max(3, len(warm) // 5)
    (files, memory), (files_then, memory_then) = (medians(part) for part in (warm[:window], warm[-window:]))
    growth = memory_then / memory - 1
    figures.set("seconds", SECONDS)
    figures.set("descriptors of both workers after warm-up, at the end:", f"{files:.0f}, {files_then:.0f}")
    figures.set("MiB:", f"{memory / 2**20:.1f}, {memory_then / 2**20:.1f} ({growth:+.1%})")
    if files_then > files + FEW:
        figures.fault(f"descriptors grew from {files} to {files_then}")
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


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def medians(samples: list[tuple[int, int]]) -> tuple[float, float]:
    return statistics.median(files for files, _ in samples), statistics.median(memory for _, memory in samples)
