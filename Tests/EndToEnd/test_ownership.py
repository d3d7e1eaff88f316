"""Nothing of one person or client falls to the next of its id, and nothing is left over."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import process
from harness.answers import assert_error
from harness.gateway import new_id
from harness.load import parallel

ADD = "/api/client/add-user"
REMOVE = "/api/client/remove-user"
LIST = "/api/client/users"
ROTATE = "/api/client/rotate-key"
UPDATE = "/api/client/update-user"


def audit_lines(gateway):
    path = gateway.state / "audit.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_nobody_is_left_over_of_a_client_that_is_removed_while_it_adds(launch):
    gateway = launch("a", workers=2)
    client_id = new_id()
    for _ in range(25):
        key = gateway.add_user(client_id, is_client=True)
        stop = threading.Event()

        def add(way):
            number = 0
            while not stop.is_set():
                number += 1
                user_id = f"{way}-{number}"
                if way.startswith("add"):
                    answer = gateway.post(ADD, key, user_id=user_id, username="x")
                elif way.startswith("chat"):
                    answer = gateway.post(
                        "/api/chat", key, user_id=user_id, username="x", user_id_plus=False, prompt="hi")
                else:
                    answer = gateway.post(
                        "/v1/chat/completions", key, user=user_id, messages=[{"role": "user", "content": "hi"}])
                if answer.status_code == 401:
                    return
                assert answer.status_code in (200, 404), answer.text
                if way.startswith("add"):
                    gateway.secrets.keep(answer.json()["api_key"])

        threads = [threading.Thread(target=add, args=(way,)) for way in ("add-1", "add-2", "chat", "v1")]
        for thread in threads:
            thread.start()
        time.sleep(0.05)  # not waited for: any moment of the removal will do
        removed = gateway.post(REMOVE, gateway.admin_key, user_id=client_id, remove_users=True)
        dead = gateway.get(LIST, key)
        stop.set()
        for thread in threads:
            thread.join()

        assert removed.status_code == 200, removed.text
        assert_error(dead, 401, "invalid_key")
        left = gateway.get(LIST, gateway.admin_key, limit=500).json()["users"]
        assert [user for user in left if user["owner"] == client_id] == []
    assert list((gateway.state / "removals").iterdir()) == []


def test_a_client_of_the_same_id_has_none_of_the_users_before(gateway):
    client_id = new_id()
    gateway.add_user(client_id, is_client=True)
    gateway.post(REMOVE, gateway.admin_key, user_id=client_id, remove_users=True)
    key = gateway.add_user(client_id, is_client=True)

    assert gateway.get(LIST, key).json()["users"] == []


def test_users_of_a_disabled_client_are_refused_at_once(gateway):
    client_id = new_id()
    key = gateway.add_user(client_id, is_client=True)
    user_key = gateway.secrets.keep(gateway.post(ADD, key, user_id="u", username="u").json()["api_key"])
    gateway.post(UPDATE, gateway.admin_key, user_id=client_id, disabled=True)

    for _ in range(6):
        assert_error(gateway.post("/api/chat", user_key, prompt="hi"), 403, "client_disabled")
    assert_error(gateway.post("/api/chat", key, user_id="u", prompt="hi"), 403, "user_disabled")

    gateway.post(UPDATE, gateway.admin_key, user_id=client_id, disabled=False)
    assert gateway.post("/api/chat", user_key, prompt="hi").status_code == 200


def test_the_next_of_an_id_finds_nothing(gateway):
    user_id = new_id()
    key = gateway.add_user(user_id)
    body = {"messages": [{"role": "user", "content": "my secret"}]}
    headers = {"Idempotency-Key": "same"}
    first = gateway.request("POST", "/v1/chat/completions", key, headers=headers, json=body)
    assert first.status_code == 200
    gateway.post(REMOVE, gateway.admin_key, user_id=user_id, keep_conversations=True)

    key = gateway.add_user(user_id)
    again = gateway.request("POST", "/v1/chat/completions", key, headers=headers, json=body)

    assert "idempotency-replayed" not in again.headers
    assert list(gateway.get("/api/recall", key).json()) == [again.json()["conversation_id"]]


def test_kept_conversations_are_read_with_a_reason_and_taken_over_on_request(gateway):
    user_id = new_id()
    key = gateway.add_user(user_id)
    conversation = gateway.talk(key, "keep me")["conversation_id"]
    gateway.post(REMOVE, gateway.admin_key, user_id=user_id, keep_conversations=True)

    kept = gateway.get("/api/admin/archives", gateway.admin_key, limit=500).json()["archives"]
    archive = next(item["archive"] for item in kept if item["user_id"] == user_id)
    assert_error(gateway.get("/api/recall", gateway.admin_key, user_id=user_id), 422, "reason_required")
    assert_error(gateway.get("/api/recall", gateway.admin_key, user_id=user_id, reason="because"), 422)
    for name in ({"user_id": user_id}, {"archive": archive}):
        listed = gateway.get("/api/recall", gateway.admin_key, reason="asked for by the court", **name)
        assert list(listed.json()) == [conversation]
    assert audit_lines(gateway)[-1]["reason"] == "asked for by the court"
    assert conversation in gateway.cli("export", "--state-dir", gateway.state, "--user-id", user_id).stdout
    assert_error(gateway.get("/api/admin/archives", gateway.add_user()), 403)

    answer = gateway.post(
        ADD, gateway.admin_key, user_id=user_id, username="again", inherit_conversations=True).json()
    assert list(gateway.get("/api/recall", gateway.secrets.keep(answer["api_key"])).json()) == [conversation]
    assert_error(
        gateway.post(ADD, gateway.admin_key, user_id=new_id(), username="x", inherit_conversations=True), 404)


@pytest.mark.parametrize("act, code", [("remove", None), ("disable", "user_disabled"), ("rotate", None)])
def test_a_running_turn_ends_with_its_user(launch, act, code):
    gateway = launch("a", workers=2)
    user_id = new_id()
    key = gateway.add_user(user_id)
    with gateway.http.stream(
        "POST", "/api/chat", headers={"Authorization": f"Bearer {key}"},
        json={"prompt": "[[never_ending;piece_delay_ms:100]] slowly", "stream": True},
    ) as answer:
        lines = answer.iter_lines()
        for line in lines:
            if line.startswith("event: delta"):
                break
        started = time.monotonic()
        path, members = {
            "remove": (REMOVE, {}), "disable": (UPDATE, {"disabled": True}), "rotate": (ROTATE, {})}[act]
        acted = gateway.post(path, gateway.admin_key, user_id=user_id, **members)
        assert acted.status_code == 200
        if "api_key" in acted.json():
            gateway.secrets.keep(acted.json()["api_key"])
        rest = list(lines)

    assert "event: error" in rest, rest[-5:]
    assert time.monotonic() - started < 10
    error = json.loads(rest[rest.index("event: error") + 1].removeprefix("data: "))
    assert error["code"] == (code or "invalid_key")


def test_acts_of_admins_on_users_are_lines_with_the_address(gateway):
    user_id = new_id()
    before = len(audit_lines(gateway))
    gateway.add_user(user_id)
    gateway.post(UPDATE, gateway.admin_key, user_id=user_id, plus=True)
    gateway.secrets.keep(gateway.post(ROTATE, gateway.admin_key, user_id=user_id).json()["api_key"])
    gateway.post(REMOVE, gateway.admin_key, user_id=user_id)

    lines = [line for line in audit_lines(gateway)[before:] if line["user_id"] == user_id]
    assert [line["action"] for line in lines] == ["add user", "update user", "rotate key", "remove user"]
    assert {line["address"] for line in lines} == {"127.0.0.1"}
    assert {line["admin"] for line in lines} == {"admin"}


def test_of_two_admins_who_remove_each_other_one_stays(launch):
    gateway = launch("a", workers=2)
    ids = [new_id(), new_id()]
    keys = []
    for user_id in ids:
        gateway.cli(
            "users", "add", "--state-dir", gateway.state, "--user-id", user_id, "--username", "x", "--role", "admin")
        rotated = gateway.post(ROTATE, gateway.admin_key, user_id=user_id).json()["api_key"]
        keys.append(gateway.secrets.keep(rotated))
    assert gateway.post(REMOVE, keys[0], user_id="admin").status_code == 200

    parallel(lambda one: gateway.post(REMOVE, keys[one], user_id=ids[1 - one]), (0, 1), at_once=2)

    alive = [one for one in (0, 1) if gateway.get(LIST, keys[one]).status_code == 200]
    assert len(alive) == 1
    assert_error(gateway.post(UPDATE, keys[alive[0]], user_id=ids[alive[0]], disabled=True), 403)


@pytest.mark.parametrize("name", ["a\u202eb", "a\u009bb", "a\u2028b", "a\u200bb", "\u200d"])
def test_names_that_hide_something_are_refused(gateway, name):
    assert_error(gateway.post(ADD, gateway.admin_key, user_id=new_id(), username=name), 422, "invalid_parameter")


def test_nobody_is_called_self_by_any_way(gateway):
    key = gateway.add_user(is_client=True)
    for path, members in (
        (ADD, {"user_id": "self", "username": "x"}),
        ("/api/chat", {"user_id": "self", "username": "x", "user_id_plus": False, "prompt": "hi"}),
    ):
        assert_error(gateway.post(path, key, **members), 422, "invalid_parameter")
    answer = gateway.post("/v1/chat/completions", key, user="self", messages=[{"role": "user", "content": "hi"}])
    assert answer.status_code == 400


def test_an_admins_key_in_user_beside_a_user_id_is_refused(gateway):
    user_id = new_id()
    gateway.add_user(user_id)
    assert_error(gateway.post("/api/recall", None, user=gateway.admin_key, user_id=user_id), 400, "conflicting_keys")


@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize("fault", ["hang", "hang_mid_stream:2"])
def test_a_turn_on_a_silent_upstream_ends_with_its_user(launch, upstream, fault, is_stream):
    gateway = launch("a", workers=2)
    user_id = new_id()
    key = gateway.add_user(user_id)

    def chat(_):
        answer = gateway.chat(key, f"[[{fault}]] silence", stream=is_stream)
        return answer, time.monotonic()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(chat, None)
        upstream.wait_in_flight(1)
        removed_at = time.monotonic()
        assert gateway.post(REMOVE, gateway.admin_key, user_id=user_id).status_code == 200
        answer, ended_at = running.result(20)

    assert ended_at - removed_at < 4
    assert '"code":"invalid_key"' in answer.text.replace(" ", "")
    assert answer.status_code == (200 if fault != "hang" and is_stream else 401)
    process.eventually(lambda: upstream.in_flight() == 0, "the upstream's connection is closed")
