"""Many requests wait in one worker at the price of kilobytes, not of threads."""

import asyncio
import time

import pytest

from harness import process
from harness.load import exchange, raw_chat

pytestmark = pytest.mark.alone

WANTED = 2000
#: Bytes of memory that one waiting request may cost; measured values are a fifth of it.
PRICE = 256 * 1024


def test_two_thousand_requests_wait_in_one_worker(launch, upstream, file_limit, record_property):
    # A worker has two descriptors a request: nginx's and the upstream's.
    count = min(WANTED, (file_limit - 500) // 3)
    gateway = launch("a", workers=1)
    key = gateway.add_user()
    gateway.talk(key, "Warm up")
    [worker] = gateway.worker_pids()
    before = process.resident_bytes(worker)
    upstream.reset()
    request = raw_chat("[[delay_ms:5000]] Wait", key, reply_only=True)
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, process.resident_bytes(worker))
            await asyncio.sleep(0.2)

    async def run() -> list[tuple[int, bytes]]:
        watcher = asyncio.ensure_future(watch())
        try:
            return await asyncio.wait_for(
                asyncio.gather(*(exchange(gateway.port, request) for _ in range(count))), timeout=120)
        finally:
            watcher.cancel()

    started = time.monotonic()
    answers = asyncio.run(run())
    taken = time.monotonic() - started

    price = (most - before) // count
    record_property("bytes_per_request", price)
    print(f"\n{count} requests in {taken:.1f} s, {price / 1024:.0f} KiB each, {most >> 20} MiB at most")
    statuses = [status for status, _ in answers]
    assert statuses == [200] * count, {status: statuses.count(status) for status in set(statuses)}
    assert upstream.state()["most_in_flight"]["a"]["chat"] > count * 0.5
    assert price < PRICE
    assert gateway.worker_pids() == [worker]
