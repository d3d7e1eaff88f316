"""The archive: listing, reading, exporting and removing conversations."""

import pytest

from harness.answers import assert_error
from harness.gateway import new_id


def without_request_id(answer) -> dict:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


def test_a_user_without_conversations_gets_an_empty_object(gateway):
    assert gateway.recall(gateway.add_user()) == {}


def test_lists_conversations_newest_first(gateway):
    key = gateway.add_user()
    first, second = (gateway.talk(key, prompt)["conversation_id"] for prompt in ("One", "Two"))
    assert list(gateway.recall(key)) == [second, first]

    gateway.talk(key, "More", conversation_id=first)

    listed = gateway.recall(key)
    assert list(listed)[0] == first or set(listed) == {first, second}
    assert listed[second].keys() >= {"title", "created_at", "updated_at", "messages"}
    assert listed[second]["title"] == "Stub Title"


def test_lists_by_pages(gateway):
    key = gateway.add_user()
    made = [gateway.talk(key, f"Prompt {number}")["conversation_id"] for number in range(5)]

    first = list(gateway.get("/api/recall", key, limit=2).json())
    second = list(gateway.get("/api/recall", key, limit=3, before=first[-1]).json())

    assert first + second == list(reversed(made))


def test_reads_a_conversation_in_time_order(gateway):
    key = gateway.add_user()
    conversation = gateway.talk(key, "One")["conversation_id"]
    gateway.talk(key, "Two", conversation_id=conversation)

    recalled = gateway.recall(key, conversation)

    assert recalled["conversation_id"] == conversation
    assert recalled["conversation_title"] == "Stub Title"
    turns = [turn for message in recalled["messages"] for turn in message.values()]
    assert [turn["prompt"] for turn in turns] == ["One", "Two"]
    assert [turn["reply"] for turn in turns] == ["You said: One (messages: 1)", "You said: Two (messages: 3)"]
    assert all(turn["origin_time"] for turn in turns)


@pytest.mark.parametrize("form, content_type", [("markdown", "text/markdown"), ("json", "application/json")])
def test_exports(gateway, form, content_type):
    key = gateway.add_user()
    conversation = gateway.talk(key, "Keep this")["conversation_id"]

    answer = gateway.get("/api/recall", key, conversation_id=conversation, format=form)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(content_type)
    assert "Keep this" in answer.text


def test_another_users_conversation_looks_like_none(gateway):
    owner, other = gateway.add_user(), gateway.add_user()
    conversation = gateway.talk(owner, "Private")["conversation_id"]

    for path in ("/api/recall", "/api/remove-conversation"):
        foreign = gateway.post(path, other, conversation_id=conversation)
        none = gateway.post(path, other, conversation_id=new_id())
        assert_error(foreign, 404)
        assert without_request_id(foreign) == without_request_id(none)
    assert_error(gateway.chat(other, "Go on", conversation_id=conversation), 404)
    assert gateway.recall(owner, conversation)["messages"]


def test_a_removed_conversation_is_gone_and_cannot_be_removed_again(gateway):
    key = gateway.add_user()
    kept, removed = (gateway.talk(key, prompt)["conversation_id"] for prompt in ("Keep", "Remove"))

    answer = gateway.post("/api/remove-conversation", key, conversation_id=removed)
    assert answer.status_code == 200 and answer.json()["status"] == "success"

    assert list(gateway.recall(key)) == [kept]
    for path in ("/api/recall", "/api/remove-conversation", "/api/chat"):
        assert_error(gateway.post(path, key, conversation_id=removed, prompt="Hi"), 404)


def test_an_admin_reads_any_users_conversations_and_a_client_those_of_its_own(gateway):
    client_id = new_id()
    client, stranger = gateway.add_client(client_id), gateway.add_client()
    user_id = new_id()
    user = gateway.add_user(user_id, creator=client)
    conversation = gateway.talk(user, "Hi")["conversation_id"]

    assert list(gateway.get("/api/recall", client, user_id=user_id).json()) == [conversation]
    by_admin = gateway.get("/api/recall", gateway.admin_key, user_id=user_id, owner=client_id)
    assert list(by_admin.json()) == [conversation]
    assert_error(gateway.get("/api/recall", stranger, user_id=user_id), 404)
