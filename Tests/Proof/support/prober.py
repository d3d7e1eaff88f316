"""Asks /healthz on a new connection a hundred times a second, from a process that does nothing else.

    prober.py PORT

until its standard input ends; then it prints a JSON array of the seconds that each answer took.
"""

import http.client
import json
import select
import sys
import time


def ask(port: int) -> float:
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()
    return time.monotonic() - started


def main() -> None:
    times = []
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        times.append(ask(int(sys.argv[1])))
    print(json.dumps(times))


if __name__ == "__main__":
    main()
