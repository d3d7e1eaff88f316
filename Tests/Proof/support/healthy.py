"""Calls that must succeed, from a process of their own, so that other load of the test does not slow the clock.

    healthy.py PORT KEY COUNT

prints a JSON array of the seconds that each took.
"""

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from .caller import Caller

AT_ONCE = 8
PAUSE = 0.2
own = threading.local()


def call(port: int, key: str, number: int) -> float:
    caller = own.__dict__.setdefault("caller", Caller(port))
    started = time.monotonic()
    status, answer = caller.ask("/api/chat", key, prompt=f"[[delay_ms:20]] Healthy {number}", model="stub-model")
    seconds = time.monotonic() - started
    assert status == 200 and f"Healthy {number}" in json.dumps(answer), (status, answer)
    time.sleep(PAUSE)
    return seconds


def main() -> None:
    port, key, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    with ThreadPoolExecutor(AT_ONCE) as pool:
        print(json.dumps(list(pool.map(lambda number: call(port, key, number), range(count)))))


if __name__ == "__main__":
    main()
