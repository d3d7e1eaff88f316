"""Conversations that clients name themselves."""

import os
import signal
from collections import Counter

import pytest

from harness import process
from harness.answers import assert_error, reply_of
from harness.gateway import new_id
from harness.load import parallel


def messages(record) -> list[str]:
    return [message["content"] for message in record["body"]["messages"]]


def test_a_key_names_one_conversation_of_its_user(gateway, upstream):
    client, ada, bob = gateway.add_client(), new_id(), new_id()

    def say(user_id, prompt, key):
        return gateway.talk(
            client, prompt, user_id=user_id, username=user_id, user_id_plus=False, conversation_key=key)

    first = say(ada, "One", "thread:1")
    second = say(ada, "Two", "thread:1")
    other = say(ada, "Other", "thread:2")
    foreign = say(bob, "Bob", "thread:1")

    assert second["conversation_id"] == first["conversation_id"]
    assert second["last_message_prompt"] == "One"
    assert len({first["conversation_id"], other["conversation_id"], foreign["conversation_id"]}) == 3
    assert messages(upstream.requests()[1]) == ["One", reply_of(first), "Two"]
    # By its id it is the same.
    third = gateway.talk(client, "Three", user_id=ada, conversation_id=first["conversation_id"])
    assert third["last_message_prompt"] == "Two"


def test_users_name_their_own_conversations_in_every_way_a_parameter_can_come(gateway):
    key = gateway.add_user()

    ids = [
        gateway.talk(key, "One", conversation_key="Ünï 1")["conversation_id"],
        gateway.get("/api/chat", key, prompt="Two", conversation_key="Ünï 1").json()["conversation_id"],
        gateway.request("POST", "/api/chat", key, data={"prompt": "Three", "conversation_key": "Ünï 1"}).json()[
            "conversation_id"],
    ]
    number = [gateway.talk(key, "Four", conversation_key=value)["conversation_id"] for value in (7, "7")]

    assert len(set(ids)) == 1 and len(set(number)) == 1 and ids[0] != number[0]
    assert gateway.get("/api/recall", key, conversation_id=ids[0], format="json").json()["turns"][2]["prompt"] == "Three"


@pytest.mark.parametrize("stream", [False, True])
def test_first_messages_at_once_make_one_conversation(launch, upstream, stream):
    gateway = launch("a", "b", workers=4)
    key = gateway.add_user()

    def say(number):
        answer = gateway.chat(key, f"[[delay_ms:100]] Message {number}", conversation_key="k", stream=stream)
        assert answer.status_code == 200, answer.text

    parallel(say, range(8), at_once=8)

    (conversation,) = gateway.recall(key)
    turns = gateway.get("/api/recall", key, conversation_id=conversation, format="json").json()["turns"]
    assert Counter(turn["prompt"] for turn in turns) == Counter(f"[[delay_ms:100]] Message {n}" for n in range(8))
    # Each saw all those before it.
    assert sorted(len(record["body"]["messages"]) for record in upstream.requests()) == list(range(1, 16, 2))


def test_a_first_message_that_fails_leaves_the_name_to_the_next(launch, upstream):
    gateway = launch("a", queue_timeout=20)
    key = gateway.add_user()
    upstream.script({"delay_ms": 300, "status": 400, "body": {"error": {"message": "no"}}}, holding="bad")

    answers = parallel(
        lambda prompt: gateway.chat(key, prompt, conversation_key="k").status_code, ["bad", "good 1", "good 2"],
        at_once=3)

    assert sorted(answers) == [200, 200, 400]
    (conversation,) = gateway.recall(key)
    assert gateway.talk(key, "more", conversation_key="k")["conversation_id"] == conversation


def test_a_removed_conversation_frees_its_name(gateway):
    key = gateway.add_user()
    first = gateway.talk(key, "One", conversation_key="k")["conversation_id"]

    gateway.post("/api/remove-conversation", key, conversation_key="k").raise_for_status()

    assert_error(gateway.post("/api/remove-conversation", key, conversation_key="k"), 404, "conversation_not_found")
    second = gateway.talk(key, "Two", conversation_key="k")
    assert second["conversation_id"] != first and "last_message_prompt" not in second
    assert list(gateway.recall(key)) == [second["conversation_id"]]


def test_a_conversation_can_be_renamed_by_its_key(gateway):
    key = gateway.add_user()
    gateway.talk(key, "One", conversation_key="k")

    answer = gateway.post("/api/rename-conversation", key, conversation_key="k", title="Mine")

    assert answer.status_code == 200
    assert gateway.talk(key, "Two", conversation_key="k")["conversation_title"] == "Mine"


def test_a_name_outlives_kills_and_restarts(launch):
    gateway = launch("a", workers=2)
    key = gateway.add_user()
    ids = {name: gateway.talk(key, "One", conversation_key=name)["conversation_id"] for name in ("x", "y")}

    for pid in gateway.worker_pids():
        os.kill(pid, signal.SIGKILL)
    process.eventually(gateway.is_answering, "other workers answer")
    assert gateway.talk(key, "Two", conversation_key="x")["conversation_id"] == ids["x"]
    process.stop(gateway.serve)
    (gateway.logs / "serve.out").unlink()
    # What finds it is derived.
    for file in gateway.state.glob("conversations/??/*/index"):
        file.unlink()
    gateway.start_serve()
    process.eventually(gateway.is_answering, "the program answers again")

    for name, conversation in ids.items():
        assert gateway.talk(key, "Three", conversation_key=name)["conversation_id"] == conversation


@pytest.mark.parametrize("value", ["x" * 129, "é" * 65, "a\nb", "\u0085", "\u007f", True, ["k"], {"k": 1}, 1.5])
def test_what_is_no_key_is_refused(gateway, value):
    error = assert_error(
        gateway.chat(gateway.add_user(), "Hi", conversation_key=value), 422, "invalid_parameter")

    assert error["parameter"] == "conversation_key"


def test_a_key_and_an_id_together_are_refused_and_nothing_is_sent(gateway, upstream):
    key = gateway.add_user()
    conversation = gateway.talk(key, "One")["conversation_id"]

    error = assert_error(
        gateway.chat(key, "Two", conversation_id=conversation, conversation_key="k"), 422, "invalid_parameter")

    assert error["parameter"] == "conversation_key"
    assert len(upstream.requests()) == 1
    for nothing in ("", None):
        assert gateway.talk(key, "Three", conversation_id=conversation, conversation_key=nothing)


@pytest.mark.parametrize("members", [{}, {"stream": True}, {"reply_only": True}, {"reply_only": True, "pretty": True}])
def test_a_message_that_is_sent_again_is_answered_once(gateway, upstream, members):
    key, event = gateway.add_user(), new_id()

    def send(prompt="Once"):
        return gateway.request(
            "POST", "/api/chat", key, headers={"Idempotency-Key": event},
            json={"prompt": prompt, "conversation_key": "k", **members})

    first, second = send(), send()

    assert first.status_code == second.status_code == 200
    assert first.text == second.text and first.headers["content-type"] == second.headers["content-type"]
    assert "idempotency-replayed" not in first.headers and second.headers["idempotency-replayed"] == "true"
    assert len(upstream.requests()) == 1
    assert send("Another").status_code == 422
    # It is asked anew under another name.
    assert gateway.talk(key, "Next", conversation_key="k")["last_message_prompt"] == "Once"


def test_a_query_with_another_prompt_is_another_request(gateway):
    key, headers = gateway.add_user(), {"Idempotency-Key": new_id()}

    first = gateway.request("GET", "/api/chat", key, params={"prompt": "One"}, headers=headers)
    again = gateway.request("GET", "/api/chat", key, params={"prompt": "One"}, headers=headers)
    other = gateway.request("GET", "/api/chat", key, params={"prompt": "Two"}, headers=headers)

    assert first.json() == again.json()
    assert_error(other, 422, "idempotency_key_reused")


def test_a_failure_is_not_kept_for_a_repeat(launch, upstream):
    gateway = launch("a")
    key = gateway.add_user()
    upstream.script({"status": 400, "body": {"error": {"message": "no"}}})

    answers = [
        gateway.request("POST", "/api/chat", key, json={"prompt": "Hi"}, headers={"Idempotency-Key": "e"})
        for _ in range(2)]

    assert [answer.status_code for answer in answers] == [400, 200]
