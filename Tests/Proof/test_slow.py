"""A thousand callers that are as slow as they can, and two hundred long calls: the others do not notice."""

import asyncio
import csv
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.load import exchange, raw_chat
from harness.process import eventually
from support.sizes import size

CONNECTIONS = size("SLOW_CONNECTIONS", 1000, least=300)
LONG_CALLS = size("LONG_CALLS", 200, least=50)
SECONDS = size("SLOW_SECONDS", 20, least=6)
LIMIT_MS = 100
#: slowhttptest(1): heads that never end, bodies that never end, readers that hardly read.
WAYS = {
    "slow heads": ["-H", "-i", "5", "-x", "10"],
    "slow bodies": ["-B", "-i", "5", "-s", "65536", "-x", "10", "-t", "POST"],
    "slow readers": ["-X", "-n", "5", "-w", "16", "-y", "64", "-z", "8", "-k", "3"],
}


@pytest.mark.parametrize("way", WAYS)
def test_slow(prepare, tmp_path, figures, way):
    gateway = prepare("a", "b", workers=2)
    gateway.start()
    key = gateway.add_user()
    workers = gateway.worker_pids()
    path = "/api/chat" if way == "slow bodies" else "/assets/none" if way == "slow heads" else "/chat"
    attack = subprocess.Popen(
        ["slowhttptest", *WAYS[way], "-c", str(CONNECTIONS), "-r", "250", "-l", str(SECONDS), "-p", "5", "-g",
         "-o", str(tmp_path / "slow"), "-u", gateway.url + path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    long_calls = LongCalls(gateway.port, key)
    long_calls.start()
    prober = subprocess.Popen(
        [sys.executable, "-m", "support.prober", str(gateway.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, cwd=Path(__file__).parent)
    attack.wait(SECONDS * 10)
    times = json.loads(prober.communicate()[0])
    long_calls.join()

    connected = most_connected(tmp_path / "slow.csv")
    ordered = sorted(times)
    p50, p99 = (ordered[int(len(ordered) * part)] * 1000 for part in (0.5, 0.99))
    figures.set("connections at once", connected)
    figures.set("long calls whole", long_calls.whole)
    figures.set("health checks p50/p99 ms", f"{len(times)}: {p50:.1f}/{p99:.1f}")
    if connected < CONNECTIONS * 0.8:
        figures.fault(f"only {connected} slow connections were there at once: nothing is proven")
    if long_calls.whole != LONG_CALLS:
        figures.fault(f"{LONG_CALLS - long_calls.whole} long calls broke: {long_calls.broken[:3]}")
    if p99 >= LIMIT_MS:
        figures.fault(f"p99 of /healthz is {p99:.0f} ms")
    if gateway.worker_pids() != workers:
        figures.fault("a worker ended")
    eventually(lambda: gateway.chat(key, "Hello").status_code == 200, "chats go on")
    figures.check()


class LongCalls(threading.Thread):
    """Streams that last as long as the attack."""

    def __init__(self, port: int, key: str) -> None:
        super().__init__()
        words = " ".join(f"word{number}" for number in range(max(5, SECONDS - 8)))
        self.port, self.request = port, raw_chat(f"[[piece_delay_ms:1000]] {words}", key, stream=True)
        self.whole = 0
        self.broken: list[bytes] = []

    def run(self) -> None:
        asyncio.run(self.all())

    async def all(self) -> None:
        for status, answer in await asyncio.gather(*(self.one(number) for number in range(LONG_CALLS))):
            if status == 200 and b"event: done" in answer:
                self.whole += 1
            else:
                self.broken.append(answer[-200:])

    async def one(self, number: int) -> tuple[int, bytes]:
        await asyncio.sleep(number * 0.01)
        return await exchange(self.port, self.request)


def most_connected(report) -> int:
    with report.open() as file:
        return max((int(row["Connected"]) for row in csv.DictReader(file)), default=0)
