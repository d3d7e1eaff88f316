"""Many requests at once."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def parallel(
    function: Callable[[Any], Any], arguments: Iterable[Any], at_once: int
) -> list[Any]:
    """The results of `function` in the order of `arguments`, `at_once` of them running at a time."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(function, arguments))


class Background:
    """Calls `function` from several threads until the block ends, `rate` times a second in all (0: unlimited)."""

    def __init__(self, function: Callable[[], object], threads: int = 4, rate: float = 0) -> None:
        self.function = function
        self.pause = threads / rate if rate else 0
        self.is_over = threading.Event()
        self.pool = ThreadPoolExecutor(threads)
        self.running = [self.pool.submit(self.run) for _ in range(threads)]

    def run(self) -> None:
        while not self.is_over.is_set():
            started = time.monotonic()
            self.function()
            self.is_over.wait(max(0, self.pause - (time.monotonic() - started)))

    def __enter__(self) -> "Background":
        return self

    def __exit__(self, *_) -> None:
        self.is_over.set()
        self.pool.shutdown()
        for run in self.running:
            run.result()


def raw_chat(prompt: str, key: str, **members) -> bytes:
    """The bytes of a chat request."""
    body = json.dumps({"prompt": prompt, **members}).encode()
    return (
        f"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def exchange(port: int, request: bytes) -> tuple[int, bytes]:
    """Sends bytes on a new connection and reads to its end; returns the status (0: none) and everything."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        answer = await reader.read(-1)
    finally:
        writer.close()
    words = answer[:16].split()
    return (int(words[1]) if len(words) > 1 else 0), answer
