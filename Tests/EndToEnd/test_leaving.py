"""A caller that goes away takes the upstream's work with it."""

import socket

from harness.load import raw_chat
from harness.process import eventually


def send(gateway, prompt: str, key: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", gateway.port))
    connection.sendall(raw_chat(prompt, key))
    return connection


def test_leaving_before_the_answer_cancels_the_upstream_request(gateway, upstream):
    with send(gateway, "[[hang]] Hi", gateway.add_user()):
        upstream.wait_in_flight(1)

    eventually(lambda: upstream.requests()[0]["client_closed"], "the stub sees the end", patience=5)


def test_leaving_in_the_middle_keeps_what_came(gateway, upstream):
    key = gateway.add_user()
    with send(gateway, "[[hang_mid_stream:3]] Hi", key):
        upstream.wait_in_flight(1)
        # The reply's pieces are on their way for as long as a title or another turn would take.
        gateway.talk(gateway.add_user(), "Something else")

    eventually(lambda: upstream.requests()[0]["client_closed"], "the stub sees the end", patience=5)
    [conversation] = eventually(lambda: gateway.recall(key), "the part is stored", patience=5)
    [turn] = gateway.recall(key, conversation)["messages"]
    [part] = turn.values()
    assert part["reply"].startswith("You said: ") and "messages:" not in part["reply"]


def test_leaving_frees_the_slot_and_the_conversation(launch, upstream):
    gateway = launch(upstream.instance("a", max_concurrent=1))
    key = gateway.add_user()
    conversation = gateway.talk(key, "First")["conversation_id"]
    with send(gateway, "[[hang]] Hi", key):
        upstream.wait_in_flight(1)

    gateway.talk(key, "Next", conversation_id=conversation)


def test_many_that_leave_at_once_leave_nothing_behind(gateway, upstream):
    key = gateway.add_user()
    connections = [send(gateway, "[[hang]] Hi", key) for _ in range(50)]
    upstream.wait_in_flight(50)
    for connection in connections:
        connection.close()

    eventually(lambda: upstream.in_flight() == 0, "all upstream requests end", patience=10)
    gateway.talk(key, "Still well")
