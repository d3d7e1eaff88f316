"""A socket for each worker, whose connections nginx keeps, and the one that all share."""

import socket
import struct
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import run, settings_of
from harness.gateway import Gateway

REQUESTS = 200


@pytest.fixture
def shared_way(upstream):
    """A gateway whose nginx knows the shared socket only."""
    yield from run(Gateway(upstream, settings_of(upstream, "a", "b"), workers=2, keeps_connections=False))


def worker_of_each(gateway: Gateway) -> Counter:
    """How many requests each worker has answered, after the log."""
    lines = (gateway.logs / "serve.log").read_text().splitlines()
    answered = [line for line in lines if '"answered"' in line and '"/api/chat"' in line]
    return Counter(line.split('"process":')[1].split(",")[0].rstrip("}") for line in answered)


@pytest.mark.parametrize("workers", [2, 4])
def test_no_worker_gets_more_than_its_share(launch, workers):
    gateway = launch("a", "b", workers=workers, title_timeout=0)
    key = gateway.add_user()
    before = Counter()
    for connections in (1, 8, 32, 256):
        count = max(REQUESTS, connections * 2)
        with ThreadPoolExecutor(connections) as pool:
            statuses = list(pool.map(lambda _: gateway.chat(key, "Hi", reply_only=True).status_code, range(count)))
        after = worker_of_each(gateway)
        shares = [answered - before[worker] for worker, answered in after.items()]
        before = after
        assert statuses == [200] * count
        assert len(shares) == workers
        assert max(shares) <= 1.3 * count / workers, f"{connections} connections: {shares}"


def test_the_shared_socket_answers_chats_and_streams(shared_way):
    key = shared_way.add_user()
    for stream in (False, True):
        answer = shared_way.chat(key, "Hello", stream=stream)
        assert answer.status_code == 200
        assert "Hello" in answer.text


def test_the_shared_socket_closes_what_a_web_server_wants_to_keep(shared_way):
    assert ask(shared_way.socket) == (True, True)


def test_the_socket_of_a_worker_keeps_connections(gateway):
    for number in range(gateway.workers):
        assert ask(f"{gateway.socket}.{number}") == (True, False)


def test_sockets_go_with_the_server(launch):
    gateway = launch("a", workers=3)
    sockets = [gateway.socket, *(gateway.folder / f"app.socket.{number}" for number in range(3))]
    assert all(path.is_socket() for path in sockets)
    gateway.stop()
    assert not any(path.exists() for path in sockets)


def ask(path) -> tuple[bool, bool]:
    """Whether a request on a connection to be kept is answered, and whether the connection is closed then."""
    def record(kind: int, content: bytes) -> bytes:
        return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content

    parameters = b"".join(
        bytes([len(name), len(value)]) + name + value
        for name, value in ((b"REQUEST_METHOD", b"GET"), (b"DOCUMENT_URI", b"/healthz")))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(path))
        connection.sendall(record(1, bytes([0, 1, 1, 0, 0, 0, 0, 0])) + record(4, parameters) + record(4, b"") + record(5, b""))
        answer = b""
        while record(3, bytes(8)) not in answer:
            piece = connection.recv(65536)
            if not piece:
                return False, True
            answer += piece
        connection.settimeout(1)
        try:
            return True, connection.recv(1) == b""
        except TimeoutError:
            return True, False
