"""A turn in each era, and what the backend refuses."""

from __future__ import annotations

import threading
import uuid

import pytest
from client import CONVERSATION, Answer, Client, conversation_of, open_stream, request, role

SNAPSHOT_ERAS = ["2023-02", "2023-03", "2023-06", "2023-12", "2024-delta"]


@pytest.mark.parametrize("era", SNAPSHOT_ERAS)
def test_a_turn_and_its_follow_up_are_answered_in_every_era_of_snapshots(client: Client, era: str) -> None:
    client.sim("era", era=era)

    first = client.say("Name a river")
    second = client.say("And one more", after=first)

    assert first.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert first.text() == "You said: Name a river. Turn 1."
    assert second.text() == "You said: And one more. Turn 2."
    assert conversation_of(first) == conversation_of(second)
    assert first.body.endswith(b"data: [DONE]\n\n") and first.is_whole
    assert first.snapshots()[-1]["end_turn"] is True
    assert all(one["end_turn"] is None for one in first.snapshots()[:-1])
    texts = [one["content"]["parts"][0] for one in first.snapshots()]
    assert all(later.startswith(earlier) for earlier, later in zip(texts, texts[1:]))


def test_the_oldest_era_has_a_flat_role_and_no_status(client: Client) -> None:
    client.sim("era", era="2023-02")

    message = client.say("x").snapshots()[0]

    assert message["role"] == "assistant" and message["user"] is None
    assert "author" not in message and "status" not in message and message["create_time"] is None


def test_spring_has_an_author_and_no_status(client: Client) -> None:
    client.sim("era", era="2023-03")
    message = client.say("x").snapshots()[-1]
    assert message["author"]["role"] == "assistant" and "status" not in message


def test_summer_echoes_the_prompt_and_finishes_too_early(client: Client) -> None:
    answer = client.say("x")

    roles = [role(event["message"]) for event in answer.events()]
    assert roles[:3] == ["system", "user", "assistant"]
    running = [one for one in answer.snapshots() if one["status"] == "in_progress"]
    early = [one for one in running if "finish_details" in one["metadata"]]
    assert early and early[0]["metadata"]["finish_details"]["type"] == "stop"
    last, before = answer.snapshots()[-1], answer.snapshots()[-2]
    assert last["content"] == before["content"] and last["status"] == "finished_successfully"
    assert answer.body.startswith(b'data: {"message": {"id": "')


def test_winter_judges_prompt_and_reply(client: Client) -> None:
    client.sim("era", era="2023-12")

    answer = client.say("x")

    judged = [event for event in answer.events() if "moderation_response" in event]
    assert [each["is_completion"] for each in judged] == [False, True]
    assert judged[1] == answer.events()[-1] and judged[1]["message_id"] == answer.snapshots()[-1]["id"]
    assert "stop_tokens" in answer.snapshots()[-1]["metadata"]["finish_details"]


def test_the_websocket_era_hands_off(client: Client) -> None:
    client.sim("era", era="2024-ws")
    answer = client.say("x")
    assert answer.headers["Content-Type"] == "application/json" and answer.json()["wss_url"].startswith("wss://")


def test_deltas_come_only_if_asked_for_and_add_up(client: Client) -> None:
    client.sim("era", era="2024-delta")

    answer = client.say("One two three", supported_encodings=["v1"])

    assert answer.body.startswith(b'event: delta_encoding\ndata: "v1"\n\nevent: delta\n')
    text, operations = "", []
    for event in answer.events():
        if event.get("o") == "add" and role(event["v"]["message"]) == "assistant":
            text = event["v"]["message"]["content"]["parts"][0]
        elif isinstance(event.get("v"), str):
            text += event["v"]
            operations.append(event.get("o", "as before"))
    assert operations[0] == "append" and set(operations[1:]) == {"as before"}
    assert text == "You said: One two three. Turn 1."
    assert "delta" not in client.say("x").body.decode()


def broken(**changes: object) -> dict[str, object]:
    body = request("x")
    for name, value in changes.items():
        if value is ...:
            del body[name]
        else:
            body[name] = value
    return body


def message(**changes: object) -> list[object]:
    base = dict(request("x")["messages"][0])
    return [{name: value for name, value in (base | changes).items() if value is not ...}]


@pytest.mark.parametrize(
    ("era", "body", "loc"),
    [
        ("2023-06", broken(action=...), ["body", "action"]),
        ("2023-06", broken(action="jump"), ["body", "action"]),
        ("2023-06", broken(model=...), ["body", "model"]),
        ("2023-06", broken(parent_message_id=""), ["body", "parent_message_id"]),
        ("2023-06", broken(conversation_id="c1"), ["body", "conversation_id"]),
        ("2023-06", broken(messages=[]), ["body", "messages"]),
        ("2023-06", broken(messages=message(id="1")), ["body", "messages", 0, "id"]),
        ("2023-06", broken(messages=message(author=...)), ["body", "messages", 0, "author"]),
        ("2023-06", broken(messages=message(author={"role": "system"})), ["body", "messages", 0, "author", "role"]),
        (
            "2023-06", broken(messages=message(content={"content_type": "text"})),
            ["body", "messages", 0, "content", "parts"],
        ),
        ("2023-06", broken(timezone_offset_min="0"), ["body", "timezone_offset_min"]),
        ("2023-06", broken(history_and_training_disabled="false"), ["body", "history_and_training_disabled"]),
        ("2023-12", broken(messages=message(metadata=None)), ["body", "messages", 0, "metadata"]),
        ("2023-02", broken(messages=message(role=...)), ["body", "messages", 0, "role"]),
        ("2023-03", broken(messages=message(role=..., author=...)), ["body", "messages", 0, "author"]),
        ("2023-03", broken(action="continue"), ["body", "action"]),
    ],
)
def test_a_wrong_body_is_refused_with_the_place_of_the_problem(
    client: Client, era: str, body: dict[str, object], loc: list[object]
) -> None:
    client.sim("era", era=era)
    answer = client.call("POST", CONVERSATION, body)
    assert answer.status == 422
    assert loc in [problem["loc"] for problem in answer.json()["detail"]]


@pytest.mark.parametrize(("era", "accepted"), [("2023-02", True), ("2023-03", False), ("2023-06", False)])
def test_an_empty_parent_is_accepted_in_the_oldest_era_only(client: Client, era: str, accepted: bool) -> None:
    client.sim("era", era=era)
    assert (client.say("x", parent_message_id="").status == 200) is accepted


def test_what_is_not_json_is_refused_as_a_wrong_shape(client: Client) -> None:
    assert client.call("POST", CONVERSATION, b"{").status == 422
    assert client.call("POST", CONVERSATION, b"{}", headers={"Content-Type": "text/plain"}).status == 422


def code_of(answer: Answer) -> object:
    assert answer.status == 401
    return answer.json()["detail"]["code"]


def test_each_kind_of_bad_token_has_its_own_answer(client: Client) -> None:
    token = client.token
    client.token = ""
    absent = client.say("x")
    client.token = "sk-not-a-jwt"
    garbled = client.say("x")
    client.token = token
    client.sim("clock", advance_seconds=15 * 86400)
    expired = client.say("x")
    client.sim("account", account="free1@example.org", set={"deactivated": True})
    closed = client.say("x")

    assert absent.json()["detail"]["message"] == "Unauthorized - Access token is missing"
    codes = [code_of(each) for each in (absent, garbled, expired, closed)]
    assert codes == [None, "invalid_jwt", "token_expired", "account_deactivated"]


def test_another_accounts_conversation_is_not_found(client: Client) -> None:
    first = client.say("x")
    client.issue("free2@example.org")

    answer = client.say("y", after=first)
    read = client.call("GET", f"{CONVERSATION}/{conversation_of(first)}")

    assert (answer.status, answer.json()) == (404, {"detail": "Conversation not found"})
    assert read.status == 404 and "Can't load conversation" in read.json()["detail"]


def test_a_parent_outside_of_the_tree_needs_a_reload(client: Client) -> None:
    answer = client.say("y", after=client.say("x"), parent_message_id=str(uuid.uuid4()))
    assert answer.status == 429 and answer.json()["detail"].startswith("Something went wrong")


def test_an_unlisted_conversation_cannot_be_continued(client: Client) -> None:
    first = client.say("x", history_and_training_disabled=True)
    assert client.say("y", after=first).status == 404
    assert client.call("GET", "/backend-api/conversations").json()["total"] == 0


def test_a_prompt_that_is_too_long_is_refused(client: Client) -> None:
    client.sim("settings", max_prompt_chars=10)
    answer = client.say("x" * 11)
    assert answer.status == 413 and answer.json()["detail"]["code"] == "message_length_exceeds_limit"


def test_limits_of_the_hour_and_of_the_model_are_kept_and_end(client: Client) -> None:
    client.issue("plus@example.org")
    client.sim("settings", hourly_limit=2, gpt4_limit=1)

    assert client.say("x", model="gpt-4").snapshots()[-1]["metadata"]["model_slug"] == "gpt-4"
    capped = client.say("x", model="gpt-4")
    assert client.say("x").status == 200
    hourly = client.say("x")
    client.sim("clock", advance_seconds=3601)

    assert capped.status == 429 and capped.json()["detail"]["code"] == "model_cap_exceeded"
    assert 10790 <= capped.json()["detail"]["clears_in"] <= 10800
    assert hourly.json() == {"detail": "Too many requests in 1 hour. Try again later."}
    assert client.say("x").status == 200


def test_a_model_without_the_right_to_it_is_replaced_by_the_default(client: Client) -> None:
    assert client.say("x", model="gpt-4").snapshots()[-1]["metadata"]["model_slug"] == "text-davinci-002-render-sha"


def test_an_account_takes_one_message_at_a_time(client: Client) -> None:
    with open_stream(client, "[[fault:hang:2]] x") as held:
        held.recv(100)
        second = client.say("y")
        other = Client(client.port)
        other.issue("free2@example.org")
        assert other.say("z").status == 200

    assert second.status == 429 and second.json()["detail"].startswith("Only one message at a time.")
    counters = client.state()["accounts"]["free1@example.org"]
    assert counters["max_in_flight"] == 2 and counters["busy_refusals"] == 1
    assert client.state()["accounts"]["free2@example.org"]["max_in_flight"] == 1


def test_accounts_answer_side_by_side(client: Client) -> None:
    client.sim("settings", event_delay_ms=5)
    answers: list[str] = []

    def run(account: str) -> None:
        own = Client(client.port)
        own.issue(account)
        for _ in range(3):
            answers.append(own.say("x").text())

    threads = [threading.Thread(target=run, args=(f"free{n}@example.org",)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == ["You said: x. Turn 1."] * 6
    assert all(client.state()["accounts"][f"free{n}@example.org"]["max_in_flight"] == 1 for n in (1, 2))


def test_a_client_that_leaves_is_noticed_and_its_reply_kept_in_part(client: Client) -> None:
    with open_stream(client, "[[fault:hang:5]] one two three") as held:
        held.recv(65536)
        assert client.state()["running"] == 1

    client.sim("settings", lock_after_abort_seconds=0)
    entry = wait_for_abort(client)
    assert entry["aborted"] and entry["end"] >= entry["start"] and entry["bytes_sent"] > 0
    tree = client.call("GET", f"{CONVERSATION}/{client.state()['conversations'][0]['id']}").json()
    assert tree["mapping"][tree["current_node"]]["message"]["status"] == "in_progress"


def wait_for_abort(client: Client) -> dict[str, object]:
    for _ in range(1000):
        entry = next(each for each in client.log() if each["path"] == CONVERSATION)
        if entry["end"] is not None:
            return entry
    raise AssertionError("the end of the request was never recorded")


def test_a_resent_prompt_is_seen_as_a_branch(client: Client) -> None:
    first = client.say("x")
    client.say("y", after=first)
    client.say("z", after=first)
    assert client.state()["conversations"][0]["branches"] == 1


def test_a_variant_becomes_a_sibling_of_the_first_reply(client: Client) -> None:
    body = request("x")
    first = client.call("POST", CONVERSATION, body)
    again = client.call("POST", CONVERSATION, body | {"action": "variant", "conversation_id": conversation_of(first)})
    tree = client.call("GET", f"{CONVERSATION}/{conversation_of(first)}").json()["mapping"]
    assert again.snapshots()[-1]["metadata"]["message_type"] == "variant"
    assert tree[body["messages"][0]["id"]]["children"] == [first.snapshots()[-1]["id"], again.snapshots()[-1]["id"]]
