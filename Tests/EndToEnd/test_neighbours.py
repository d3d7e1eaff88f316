"""What one caller does, however much, large or slow, costs another nothing. `Tests/Proof` has the long version."""

import fcntl
import hashlib
import socket
import struct
import threading
import time

import pytest

from harness import process
from harness.load import Background, parallel
from harness.neighbour import Neighbour, SlowReader, large_conversation
from harness.raw import request_bytes

pytestmark = pytest.mark.alone

#: Beside everything else that the machine does; the proof asks for less.
LIMIT_MS = 500
WORKER_BYTES = 256 * 2**20
TEXT = ("* a *list* of `code` and [links](http://example.org/)\n\n" * 2000)[: 64 * 1024]


def test_renders_of_others_are_not_noticed(launch):
    gateway = launch("a", "b", durability="flush")
    callers = [gateway.add_user() for _ in range(3)]
    numbers = iter(range(10**9))
    statuses = set()

    def render() -> None:
        answer = gateway.post("/api/render", callers[next(numbers) % len(callers)], markdown=TEXT)
        statuses.add(answer.status_code)
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1
            time.sleep(0.05)

    with Neighbour(gateway) as neighbour, Background(render, threads=32):
        time.sleep(6)

    assert not neighbour.failed
    assert neighbour.most() >= 10
    assert max(neighbour.slow().values()) < LIMIT_MS, neighbour.slow()
    assert 200 in statuses and statuses <= {200, 429}


def test_a_lock_that_somebody_keeps_holds_up_only_those_that_want_it(launch):
    gateway = launch("a", "b", durability="flush")
    gateway.add_user("wanted")
    digest = hashlib.sha256(b"self\0wanted").hexdigest()

    with (gateway.state / "locks" / f"users-{digest[:2]}.lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with Neighbour(gateway) as neighbour:
            answers = parallel(
                lambda _: gateway.post("/api/client/update-user", gateway.admin_key, user_id="wanted", username="x"),
                range(200), at_once=200)

    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    assert not neighbour.failed
    assert neighbour.most() >= 10
    assert max(neighbour.slow().values()) < LIMIT_MS, neighbour.slow()
    assert gateway.post(
        "/api/client/update-user", gateway.admin_key, user_id="wanted", username="x").status_code == 200


def test_slow_readers_of_a_large_conversation_take_little_memory(launch):
    gateway = launch("a", "b", durability="flush")
    key = gateway.add_user()
    conversation = large_conversation(gateway, key)
    recall = request_bytes(
        "GET", f"/api/recall?conversation_id={conversation}", [("Authorization", f"Bearer {key}")])

    with Neighbour(gateway) as neighbour:
        readers = [SlowReader(gateway.port, recall) for _ in range(40)]
        most = 0
        end = time.monotonic() + 6
        while time.monotonic() < end:
            most = max(most, *(process.resident_bytes(pid) for pid in gateway.worker_pids()))
            time.sleep(0.05)
        begun = sum(reader.has_begun() for reader in readers)
        for reader in readers:
            reader.close()

    assert begun == 40
    assert most < WORKER_BYTES
    assert not neighbour.failed
    assert max(neighbour.slow().values()) < LIMIT_MS, neighbour.slow()
    assert len(gateway.recall(key, conversation)["messages"]) == 161


def test_requests_that_drip_hold_up_no_others(launch):
    gateway = launch("a", durability="flush")
    begin = struct.pack(">BBHHBB", 1, 1, 1, 8, 0, 0) + struct.pack(">HB5x", 1, 0)
    dripping = []
    for _ in range(200):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(gateway.socket))
        connection.sendall(begin + struct.pack(">BBHHBB", 1, 4, 1, 500, 0, 0) + b"\x0e")
        dripping.append(connection)
    is_over = threading.Event()

    def drip() -> None:
        while not is_over.wait(0.2):
            for connection in dripping:
                try:
                    connection.send(b"x")
                except OSError:
                    pass

    thread = threading.Thread(target=drip)
    thread.start()
    with Neighbour(gateway) as neighbour:
        time.sleep(3)
    is_over.set()
    thread.join()
    for connection in dripping:
        connection.close()

    assert not neighbour.failed
    assert max(neighbour.slow().values()) < LIMIT_MS, neighbour.slow()
