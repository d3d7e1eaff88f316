"""Streams as they are on the wire: their pace, their ends, and callers that leave or do not read."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.process import eventually


def v1_body(prompt: str, **members) -> dict:
    return {"model": "stub-model", "messages": [{"role": "user", "content": prompt}], **members}


def send(gateway, key: str, path: str, body: dict) -> socket.socket:
    data = json.dumps(body).encode()
    connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=20)
    connection.sendall(
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
    return connection


def lines_of(gateway, key: str, path: str, body: dict) -> list[tuple[float, str]]:
    """The lines of an answer that are not empty, each with the time of its arrival."""
    headers = {"Authorization": f"Bearer {key}"}
    with gateway.http.stream("POST", path, json=body, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        return [(time.monotonic(), line) for line in answer.iter_lines() if line]


def test_the_pieces_of_a_chat_arrive_one_by_one(gateway):
    prompt = "[[piece_delay_ms:200]] one two three"
    lines = lines_of(gateway, gateway.add_user(), "/api/chat", {"prompt": prompt, "stream": True})
    events = [line.removeprefix("event: ") for _, line in lines if line.startswith("event: ")]
    deltas = [at for at, line in lines if line == "event: delta"]

    assert events[0] == "start" and events[-1] == "done" and set(events[1:-1]) == {"delta"}
    assert len(deltas) >= 5 and deltas[-1] - deltas[0] > 0.6
    assert max(after - before for before, after in zip(deltas, deltas[1:])) < 0.6


def test_a_chat_is_stored_before_its_done(gateway):
    key = gateway.add_user()
    with gateway.http.stream(
        "POST", "/api/chat", json={"prompt": "Hi", "stream": True}, headers={"Authorization": f"Bearer {key}"}
    ) as answer:
        for line in answer.iter_lines():
            if line == "event: done":
                [conversation] = gateway.recall(key)
                assert len(gateway.recall(key, conversation)["messages"]) == 1
                return
    pytest.fail("no done came")


def test_silence_is_filled_with_a_comment(gateway, upstream):
    upstream.script({"text": "one", "piece_delay_ms": 17000})
    lines = lines_of(gateway, gateway.add_user(), "/api/chat", {"prompt": "Hi", "stream": True})

    assert any(line.startswith(": keep-alive") for _, line in lines)
    assert lines[-2][1] == "event: done"


@pytest.mark.parametrize(("path", "fault"), [("/v1/chat/completions", {}), ("/api/chat", {"status": 500})],
                         ids=["answered", "refused"])
def test_a_long_wait_for_the_first_word_is_filled_too_and_a_late_refusal_is_an_event(launch, upstream, path, fault):
    gateway = launch("a")
    upstream.script({"delay_ms": 17000, **fault})
    body = {"prompt": "Hi", "stream": True} if path == "/api/chat" else v1_body("Hi", stream=True)
    lines = [line for _, line in lines_of(gateway, gateway.add_user(), path, body)]

    assert lines[0] == ": keep-alive"
    if fault:
        assert "upstream_failed" in lines[-1] and "[DONE]" not in "".join(lines)
    else:
        assert "said" in "".join(lines) and "delta" in "".join(lines)


@pytest.mark.parametrize(("path", "body"), [
    ("/v1/chat/completions", v1_body("[[close_mid_stream:3]] Hi", stream=True)),
    ("/api/chat", {"prompt": "[[close_mid_stream:3]] Hi", "stream": True}),
])
def test_a_broken_stream_ends_with_an_error_and_is_marked(launch, path, body):
    # A gateway of its own: the broken answer rests the account.
    gateway = launch("a")
    key = gateway.add_user()
    text = "\n".join(line for _, line in lines_of(gateway, key, path, body))

    assert "[DONE]" not in text and "event: done" not in text and "error" in text.splitlines()[-1]
    assert "sk-upstream" not in text
    [conversation] = eventually(lambda: gateway.recall(key), "the part is stored", patience=5)
    export = gateway.get("/api/recall", key, conversation_id=conversation, format="json")
    assert export.json()["turns"][-1]["outcome"] == "truncated"


@pytest.mark.parametrize("fault", ["hang", "hang_mid_stream:3"])
@pytest.mark.parametrize("is_stream", [False, True])
def test_leaving_closes_the_upstream_and_frees_the_slot(launch, upstream, fault, is_stream):
    gateway = launch(upstream.instance("a", max_concurrent=1))
    key = gateway.add_user()
    connection = send(gateway, key, "/v1/chat/completions", v1_body(f"[[{fault}]] Hi", stream=is_stream))
    upstream.wait_in_flight(1)
    time.sleep(0.2)
    left = time.monotonic()
    connection.close()
    eventually(lambda: upstream.requests()[0]["client_closed"], "the stub sees the end", patience=5)

    # The clock is the same for all processes.
    assert upstream.requests()[0]["finished"] - left < 0.1
    gateway.talk(key, "Next")


def test_one_who_leaves_between_the_reason_and_done_is_no_abort(gateway):
    key = gateway.add_user()
    connection = send(gateway, key, "/v1/chat/completions", v1_body("Hi", stream=True))
    received = b""
    while b'"finish_reason":"stop"' not in received.replace(b" ", b""):
        piece = connection.recv(512)
        assert piece, received
        received += piece
    connection.close()

    [conversation] = eventually(lambda: gateway.recall(key), "the turn is stored", patience=5)
    export = gateway.get("/api/recall", key, conversation_id=conversation, format="json").text
    assert '"interrupted"' not in export and "(messages: 1)" in export


def test_what_is_not_archived_leaves_nothing(launch):
    gateway = launch("a", archive_v1=False)
    key = gateway.add_user()
    answer = gateway.post("/v1/chat/completions", key, **v1_body("Hi"))

    assert answer.status_code == 200
    assert gateway.recall(key) == {}


def test_concurrent_duplicates_ask_the_upstream_once(gateway, upstream):
    key = gateway.add_user()

    def once(_: int):
        return gateway.request(
            "POST", "/v1/chat/completions", key, json=v1_body("[[delay_ms:300]] Hi"),
            headers={"Idempotency-Key": "at-once"})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(once, range(4)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(upstream.requests()) == 1


def test_a_reader_that_stalls_slows_no_one(launch, upstream):
    # A gateway of its own, which is gone with its long answer when the test ends.
    gateway = launch("a", "b")
    upstream.script({"text": "word " * 200_000})
    key = gateway.add_user()
    stalled = send(gateway, key, "/v1/chat/completions", v1_body("Much", stream=True))
    upstream.wait_in_flight(1)
    other = gateway.add_user()
    end, slowest = time.monotonic() + 8, 0.0
    while time.monotonic() < end:
        begun = time.monotonic()
        assert gateway.post("/v1/chat/completions", other, **v1_body("Hi")).status_code == 200
        slowest = max(slowest, time.monotonic() - begun)
    stalled.close()

    assert slowest < 2
