"""Somebody else, whose small requests must not notice what others do."""

import json
import socket
import threading
import time
import zlib
from collections.abc import Callable

import httpx

from .gateway import Gateway


class Neighbour:
    """Asks every 50 ms for health, a recall and a chat, each from a thread of its own; `slow()` is the p99 in ms."""

    def __init__(self, gateway: Gateway, without: tuple[str, ...] = ()) -> None:
        self.gateway = gateway
        self.key = gateway.add_user()
        conversation = gateway.talk(self.key, "a small question")["conversation_id"]
        self.ways: dict[str, Callable[[httpx.Client], httpx.Response]] = {
            "health": lambda http: http.get("/healthz"),
            "recall": lambda http: http.get(
                "/api/recall", params={"conversation_id": conversation}, headers=self.head),
            "chat": lambda http: http.post("/api/chat", json={"prompt": "a small question"}, headers=self.head),
        }
        for name in without:
            del self.ways[name]
        self.head = {"Authorization": f"Bearer {self.key}"}
        self.times: dict[str, list[float]] = {name: [] for name in self.ways}
        self.failed: list[str] = []
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(name,)) for name in self.ways]

    def run(self, name: str) -> None:
        with httpx.Client(base_url=self.gateway.url, timeout=60) as http:
            while not self.is_over.is_set():
                began = time.monotonic()
                answer = self.ways[name](http)
                self.times[name].append((time.monotonic() - began) * 1000)
                if answer.status_code != 200:
                    self.failed.append(f"{name}: {answer.status_code} {answer.text[:200]}")
                self.is_over.wait(0.05)

    def __enter__(self) -> "Neighbour":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def slow(self) -> dict[str, float]:
        return {name: round(sorted(times)[int(len(times) * 0.99)], 1) for name, times in self.times.items()}

    def most(self) -> int:
        """How many of the least asked were asked."""
        return min(len(times) for times in self.times.values())


def large_conversation(gateway: Gateway, key: str, turns: int = 160, size_of_reply: int = 100 * 1024) -> str:
    """One of more turns of that size, written as the program does (DESIGN.md, State)."""
    conversation = gateway.talk(key, "a small question")["conversation_id"]
    (file,) = [log for log in gateway.state.glob("conversations/*/*/*.log") if conversation.encode() in log.read_bytes()]
    last = file.read_bytes().splitlines(keepends=True)[-1]
    head = {name: value for name, value in json.loads(last).items() if name not in ("crc", "head", "known", "gone")}
    size, offset = len(last), file.stat().st_size - len(last)
    with file.open("ab") as lines:
        for number in range(turns):
            head |= {
                "sequence": head["sequence"] + 1, "turns": head["turns"] + 1,
                "before": [int(file.stem), offset, size], "bytes_before": head["bytes_before"] + size,
            }
            turn = {
                "id": f"turn-{number}", "prompt": "a question", "reply": "words " * (size_of_reply // 6),
                "started_at": "2026-01-01T00:00:00.000000Z", "outcome": "complete",
            }
            head.pop("turn")
            head["turn"] = turn
            rest = json.dumps(head, separators=(",", ":")).encode()[1:]
            line = b'{"crc":"%08x",%s\n' % (zlib.crc32(rest), rest)
            lines.write(line)
            offset, size = offset + size, len(line)
    return conversation


class SlowReader:
    """Asks and then hardly reads."""

    def __init__(self, port: int, request: bytes) -> None:
        self.connection = socket.socket()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.connection.connect(("127.0.0.1", port))
        self.connection.sendall(request)

    def has_begun(self) -> bool:
        """Whether it was answered with success."""
        self.connection.settimeout(30)
        return self.connection.recv(16).split()[1:2] == [b"200"]

    def close(self) -> None:
        self.connection.close()
