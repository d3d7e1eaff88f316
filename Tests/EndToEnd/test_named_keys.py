"""Several keys of one user: made, bounded, rotated and revoked, and what each worker says of them."""

import json
import time
from datetime import datetime, timedelta, timezone

import pytest

from harness.answers import assert_error
from harness.gateway import Gateway, new_id
from harness.load import parallel
from harness.process import eventually


def make(gateway: Gateway, key: str, name: str, **members) -> dict:
    """A new key's text and what is said of it."""
    answer = gateway.post("/api/keys", key, name=name, **members)
    assert answer.status_code == 200, answer.text
    gateway.secrets.keep(answer.json()["api_key"])
    return answer.json()


def later(**period) -> str:
    return (datetime.now(timezone.utc) + timedelta(**period)).strftime("%Y-%m-%dT%H:%M:%SZ")


def keys_of(gateway: Gateway, key: str, **parameters) -> dict[str, dict]:
    answer = gateway.get("/api/keys", key, **parameters)
    assert answer.status_code == 200, answer.text
    return {entry["name"]: entry for entry in answer.json()["keys"]}


def everywhere(gateway: Gateway, key: str, times: int = 24) -> set[tuple[int, str]]:
    """What requests that reach all workers are told."""
    def ask(_) -> tuple[int, str]:
        answer = gateway.get("/api/whoami", key)
        return answer.status_code, answer.json().get("code", "")
    return set(parallel(ask, range(times), at_once=8))


@pytest.fixture
def four(launch) -> Gateway:
    return launch("a", workers=4)


def test_the_first_key_is_called_default_and_texts_are_shown_once(gateway):
    key = gateway.add_user()
    made = make(gateway, key, "laptop", note="for the train")

    keys = keys_of(gateway, key)

    assert list(keys) == ["default", "laptop"]
    assert keys["default"]["expires_at"] is None
    laptop = keys["laptop"]
    assert laptop["last_four"] == made["api_key"][-4:] and laptop["note"] == "for the train"
    assert laptop["scopes"] == ["chat", "v1", "recall", "manage"] and laptop["models"] == []
    assert timedelta(days=364) < datetime.fromisoformat(laptop["expires_at"]) - datetime.now(timezone.utc) \
        <= timedelta(days=365)
    assert made["api_key"] not in json.dumps(keys)
    assert gateway.talk(made["api_key"], "Hi")["status"] == "success"


def test_a_revoked_key_is_dead_in_every_worker_at_the_next_request(four):
    key = four.add_user()
    made = make(four, key, "other")
    assert everywhere(four, made["api_key"]) == {(200, "")}

    answer = four.request("DELETE", f"/api/keys/{made['key']['id']}", key)

    assert answer.status_code == 200, answer.text
    assert everywhere(four, made["api_key"]) == {(401, "invalid_key")}
    assert everywhere(four, key) == {(200, "")}


def test_an_expired_key_says_so_in_every_worker_and_only_to_its_holder(four):
    key = four.add_user()
    end = datetime.now(timezone.utc) + timedelta(seconds=3)
    made = make(four, key, "brief", expires_at=end.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    early = make(four, key, "later", not_before=later(hours=1))
    assert everywhere(four, made["api_key"]) == {(200, "")}

    time.sleep(max(0.0, (end - datetime.now(timezone.utc)).total_seconds()))

    assert everywhere(four, made["api_key"]) == {(401, "key_expired")}
    assert everywhere(four, early["api_key"]) == {(401, "key_not_yet_valid")}
    mistyped = made["api_key"][:-1] + ("a" if made["api_key"][-1] != "a" else "b")
    assert everywhere(four, mistyped) == {(401, "invalid_key")}
    answer = four.post("/v1/chat/completions", made["api_key"], messages=[{"role": "user", "content": "Hi"}])
    assert answer.status_code == 401 and answer.json()["error"]["code"] == "key_expired"


def test_a_rotated_key_keeps_its_id_and_the_old_text_works_for_the_grace(four):
    key = four.add_user()
    made = make(four, key, "bot", scopes=["chat"])
    path = f"/api/keys/{made['key']['id']}/rotate"

    answer = four.post(path, key, grace_seconds=604800)
    second = four.secrets.keep(answer.json()["api_key"])

    assert answer.status_code == 200, answer.text
    assert answer.json()["key"]["id"] == made["key"]["id"] and answer.json()["key"]["scopes"] == ["chat"]
    assert everywhere(four, made["api_key"]) == everywhere(four, second) == {(200, "")}
    third = four.secrets.keep(four.post(path, key, grace_seconds=2).json()["api_key"])
    assert everywhere(four, made["api_key"]) == {(401, "invalid_key")}, "only the last text before has a grace"
    eventually(lambda: everywhere(four, second, 1) == {(401, "key_expired")}, "the grace ends")
    assert everywhere(four, second) == {(401, "key_expired")}
    assert everywhere(four, third) == {(200, "")}
    fourth = four.secrets.keep(four.post(path, key).json()["api_key"])
    assert everywhere(four, third) == {(401, "invalid_key")}
    assert everywhere(four, fourth) == {(200, "")}
    assert len(keys_of(four, key)) == 2
    assert_error(four.post(path, key, grace_seconds=604801), 422, "invalid_parameter")


SCOPES = {
    "chat": [("POST", "/api/chat", {"prompt": "Hi"})],
    "v1": [
        ("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}]}),
        ("GET", "/v1/models", None), ("GET", "/v1/models/stub-model", None),
    ],
    "recall": [
        ("GET", "/api/recall", None), ("POST", "/api/remove-conversation", {"conversation_id": "c"}),
        ("POST", "/api/rename-conversation", {"conversation_id": "c", "title": "t"}),
    ],
    "manage": [
        ("GET", "/api/keys", None), ("POST", "/api/keys", {"name": ""}), ("PATCH", "/api/keys/none", {}),
        ("DELETE", "/api/keys/none", None), ("POST", "/api/keys/none/rotate", {}),
        ("GET", "/api/admin/groups", None),
    ],
}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_is_good_for_its_scopes_alone(gateway, scope):
    made = make(gateway, gateway.add_user(), "narrow", scopes=[scope])["api_key"]
    assert gateway.get("/api/whoami", made).json()["key"]["scopes"] == [scope]

    for name, requests in SCOPES.items():
        for method, path, body in requests:
            answer = gateway.request(method, path, made, **({} if body is None else {"json": body}))
            error = answer.json().get("error", answer.json()) if answer.status_code >= 400 else {}
            if name == scope:
                assert error.get("code") not in ("not_allowed", "invalid_key"), f"{method} {path}: {answer.text}"
            else:
                assert answer.status_code == 403, f"{method} {path}: {answer.text}"
                assert error["code"] == "not_allowed" and f'"{name}"' in error["message"]


def test_a_key_for_some_models_sees_and_gets_no_others(launch, upstream):
    gateway = launch(upstream.instance("a") | {"models": ["stub-model", "other-model"]})
    key = gateway.add_user()
    made = make(gateway, key, "one", models=["other-model"])["api_key"]

    listed = [model["id"] for model in gateway.get("/v1/models", made).json()["data"]]

    assert listed == ["other-model"]
    assert gateway.get("/api/whoami", made).json()["models"] == ["other-model"]
    assert gateway.get("/v1/models/stub-model", made).status_code == 404
    assert_error(gateway.chat(made, "Hi", model="stub-model"), 404, "model_not_found")
    refused = gateway.post(
        "/v1/chat/completions", made, model="stub-model", messages=[{"role": "user", "content": "Hi"}])
    assert refused.status_code == 404 and refused.json()["error"]["code"] == "model_not_found"
    asked = len(upstream.requests())
    begun = gateway.talk(made, "Hi")
    assert [request["model"] for request in bodies(upstream)[asked:]][0] == "other-model"
    wide = gateway.talk(key, "Hi", model="stub-model")
    assert_error(
        gateway.chat(made, "Go on", conversation_id=wide["conversation_id"], model="stub-model"), 404,
        "model_not_found")
    assert gateway.talk(made, "Go on", conversation_id=begun["conversation_id"])["status"] == "success"


def bodies(upstream) -> list[dict]:
    return [request["body"] for request in upstream.requests()]


def test_nobody_makes_a_key_with_more_rights_than_the_one_it_uses(gateway):
    key = gateway.add_user()
    soon = later(days=2)
    narrow = make(gateway, key, "narrow", scopes=["chat", "manage"], models=["m"], expires_at=soon)
    text = narrow["api_key"]

    for members in (
        {"scopes": ["v1"]}, {"scopes": ["chat", "recall"]}, {"models": ["other"]}, {"models": []},
        {"expires_at": later(days=3)},
    ):
        assert_error(gateway.post("/api/keys", text, name="more", **members), 403, "not_allowed")
    child = make(gateway, text, "child", scopes=["chat"])["key"]
    assert child["models"] == ["m"] and child["expires_at"][:19] == soon[:19]

    own, wide = narrow["key"]["id"], keys_of(gateway, key)["default"]["id"]
    assert_error(gateway.request("PATCH", f"/api/keys/{own}", text, json={"scopes": ["manage", "v1"]}), 403)
    assert_error(gateway.request("PATCH", f"/api/keys/{child['id']}", text, json={"models": []}), 403)
    assert_error(gateway.post(f"/api/keys/{wide}/rotate", text), 403, "not_allowed")
    assert_error(gateway.post("/api/client/rotate-key", text), 403, "not_allowed")
    assert gateway.request("PATCH", f"/api/keys/{wide}", text, json={"note": "n"}).status_code == 200


def test_nobody_locks_itself_out_unawares(gateway):
    key = gateway.add_user()
    own = f"/api/keys/{keys_of(gateway, key)['default']['id']}"

    assert_error(gateway.request("DELETE", own, key), 403, "not_allowed")
    assert_error(gateway.request("PATCH", own, key, json={"scopes": ["chat"]}), 403, "not_allowed")
    assert_error(gateway.request("PATCH", own, key, json={"not_before": later(days=1)}), 403, "not_allowed")
    assert_error(gateway.request("PATCH", own, key, json={"expires_at": "2020-01-01T00:00:00Z"}), 422)
    assert gateway.get("/api/whoami", key).status_code == 200


def test_the_last_admin_keeps_a_key_that_lasts(launch):
    gateway = launch("a")
    other = make(gateway, gateway.admin_key, "second")
    default = keys_of(gateway, gateway.admin_key)["default"]["id"]

    assert_error(gateway.request("DELETE", f"/api/keys/{default}", other["api_key"]), 403, "not_allowed")
    result = gateway.cli(
        "keys", "revoke", "--state-dir", gateway.state, "--user-id", "admin", default, is_checked=False)
    assert result.returncode != 0 and "last admin" in result.stderr


@pytest.mark.parametrize("members, parameter", [
    ({"name": "\u202e"}, "name"), ({"name": "n" * 300}, "name"), ({"name": None}, "name"),
    ({"note": "n" * 1001}, "note"), ({"scopes": ["all"]}, "scopes"), ({"scopes": 1}, "scopes"),
    ({"models": ["m"] * 101}, "models"), ({"models": [1]}, "models"), ({"group": "none"}, "group"),
    ({"expires_at": "tomorrow"}, "expires_at"), ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
    ({"expires_at": "9999-12-31T23:59:59Z"}, "expires_at"), ({"not_before": 5}, "not_before"),
    ({"not_before": "9999-12-31T23:59:59Z"}, "not_before"), ({"limits": {"tokens": 5}}, "limits.tokens"),
    ({"limits": {"concurrent": -1}}, "limits.concurrent"), ({"limits": []}, "limits"),
])
def test_what_is_wrong_is_named_and_nothing_is_made(gateway, members, parameter):
    key = gateway.add_user()

    error = assert_error(
        gateway.request("POST", "/api/keys", key, json={"name": "n"} | members), 422, "invalid_parameter")

    assert error["parameter"] == parameter
    assert list(keys_of(gateway, key)) == ["default"]


def test_names_are_unique_and_keys_can_be_changed(gateway):
    key = gateway.add_user()
    made = make(gateway, key, "one", limits={"requests_per_minute": 5})["key"]
    assert_error(gateway.post("/api/keys", key, name="one"), 422, "key_exists")
    path = f"/api/keys/{made['id']}"
    assert_error(gateway.request("PATCH", path, key, json={"name": "default"}), 422, "key_exists")

    answer = gateway.request(
        "PATCH", path, key, json={"name": "two", "scopes": ["recall"], "limits": {"concurrent": None}})

    assert answer.status_code == 200, answer.text
    assert keys_of(gateway, key)["two"] == answer.json()["key"]
    assert answer.json()["key"]["limits"] == {"concurrent": None}
    form = gateway.request(
        "PATCH", path, key, data={
            "limit_concurrent": "default", "limit_cost_per_month": "2.5", "limit_tokens_per_day": "none",
            "limit_tokens_per_minute": ""})
    assert form.json()["key"]["limits"] == {"cost_per_month": 2.5, "tokens_per_day": None}
    for method, path in (("PATCH", "/api/keys/x"), ("DELETE", "/api/keys/x"), ("POST", "/api/keys/x/rotate")):
        assert_error(gateway.request(method, path, key, json={}), 404, "key_not_found")
    stranger = gateway.add_user()
    assert_error(gateway.request("DELETE", f"/api/keys/{made['id']}", stranger), 404, "key_not_found")


def test_a_hundred_at_once_never_pass_the_most(four):
    key = four.add_user()

    answers = parallel(lambda n: four.post("/api/keys", key, name=f"k{n}"), range(100), at_once=20)

    for answer in answers:
        if answer.status_code == 200:
            four.secrets.keep(answer.json()["api_key"])
    codes = [answer.json().get("code") for answer in answers if answer.status_code != 200]
    assert [answer.status_code for answer in answers].count(200) == 9
    assert set(codes) <= {"too_many_keys", "storage_unavailable"} and "too_many_keys" in codes
    assert len(keys_of(four, key)) == 10


def test_expired_keys_do_not_count_and_settings_bound_the_rest(upstream, launch):
    gateway = launch("a")
    gateway.write_settings({**gateway.settings, "keys": {"max_per_user": 2, "max_days": 3}})
    gateway.hup()
    key = gateway.add_user()
    end = datetime.now(timezone.utc) + timedelta(seconds=1)
    make(gateway, key, "brief", expires_at=end.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    assert_error(gateway.post("/api/keys", key, name="third"), 422, "too_many_keys")

    eventually(lambda: datetime.now(timezone.utc) > end, "the key has expired")

    assert_error(gateway.post("/api/keys", key, name="long", expires_at=later(days=4)), 422, "invalid_parameter")
    made = make(gateway, key, "third")["key"]
    assert datetime.fromisoformat(made["expires_at"]) <= datetime.now(timezone.utc) + timedelta(days=3)
    assert len(keys_of(gateway, key)) == 3


def test_admins_and_clients_manage_keys_of_their_users(launch):
    gateway = launch("a")
    client_id, user_id = new_id(), new_id()
    client = gateway.add_client(client_id)
    user = gateway.add_user(user_id, creator=client)
    stranger = gateway.add_client()

    of_client = make(gateway, client, "by client", user_id=user_id)
    of_admin = make(gateway, gateway.admin_key, "by admin", user_id=user_id, owner=client_id)

    assert list(keys_of(gateway, user)) == ["default", "by client", "by admin"]
    assert gateway.get("/api/whoami", of_admin["api_key"]).json()["user_id"] == user_id
    assert_error(gateway.get("/api/keys", stranger, user_id=user_id), 404, "user_not_found")
    assert_error(gateway.get("/api/keys", user, user_id=client_id), 403, "not_allowed")
    path = f"/api/keys/{of_client['key']['id']}"
    rotated = gateway.post(f"{path}/rotate", gateway.admin_key, user_id=user_id)
    gateway.secrets.keep(rotated.json()["api_key"])
    assert gateway.request("DELETE", path, client, json={"user_id": user_id}).status_code == 200
    lines = [json.loads(line) for line in (gateway.state / "audit.jsonl").read_text().splitlines()]
    found = [(line["action"], line.get("admin"), line.get("client")) for line in lines if "key_id" in line]
    assert found == [
        ("key.create", None, client_id), ("key.create", "admin", None), ("key.rotate", "admin", None),
        ("key.revoke", None, client_id)]


def test_use_is_noted_to_the_hour_and_once(launch):
    gateway = launch("a", workers=4)
    key = gateway.add_user()
    made = make(gateway, key, "used")
    assert keys_of(gateway, key)["used"]["last_used_at"] is None

    gateway.talk(made["api_key"], "Hi")
    eventually(lambda: keys_of(gateway, key)["used"]["last_used_at"], "the use is noted")

    used = datetime.fromisoformat(keys_of(gateway, key)["used"]["last_used_at"])
    assert (used.minute, used.second) == (0, 0) and datetime.now(timezone.utc) - used < timedelta(hours=1, minutes=1)
    noted = list((gateway.state / "keys").glob(f"*/{made['key']['id']}.used"))
    assert len(noted) == 1
    before = noted[0].stat().st_ino
    everywhere(gateway, made["api_key"], 40)
    gateway.hup()
    everywhere(gateway, made["api_key"], 40)
    assert datetime.now(timezone.utc).hour != used.hour or noted[0].stat().st_ino == before
    assert gateway.request("DELETE", f"/api/keys/{made['key']['id']}", key).status_code == 200
    assert not noted[0].exists()


def test_the_command_line_manages_keys(launch):
    gateway = launch("a")
    user_id = new_id()
    key = gateway.add_user(user_id)
    place = ("--state-dir", gateway.state, "--user-id", user_id)

    made = gateway.secrets.keep(gateway.cli(
        "keys", "add", *place, "--name", "cli", "--days", 7, "--scope", "chat", "--scope", "v1").stdout.strip())
    assert gateway.get("/api/whoami", made).status_code == 200
    assert gateway.get("/api/recall", made).status_code == 403
    rotated = gateway.secrets.keep(
        gateway.cli("keys", "rotate", *place, "--grace-seconds", 60, "cli").stdout.strip())
    assert gateway.get("/api/whoami", made).status_code == gateway.get("/api/whoami", rotated).status_code == 200
    rows = [json.loads(line) for line in gateway.cli("keys", "list", *place, "--json").stdout.splitlines()]
    assert [row["name"] for row in rows] == ["default", "cli"] and rows[1]["scopes"] == ["chat", "v1"]
    assert rows[1]["id"] in gateway.cli("keys", "list", *place).stdout
    gateway.cli("keys", "revoke", *place, rows[1]["id"])
    assert gateway.get("/api/whoami", rotated).status_code == gateway.get("/api/whoami", made).status_code == 401
    assert gateway.get("/api/whoami", key).status_code == 200
    exported = gateway.cli("export", "--state-dir", gateway.state, "--user-id", user_id).stdout
    assert '"name":"default"' in exported and key not in exported


def test_a_revoked_key_ends_its_running_stream(launch):
    gateway = launch("a")
    key = gateway.add_user()
    made = make(gateway, key, "streaming")

    with gateway.http.stream(
        "POST", "/api/chat", headers={"Authorization": f"Bearer {made['api_key']}"},
        json={"prompt": "[[hang_mid_stream:3]] Hi", "stream": True},
    ) as answer:
        pieces = answer.iter_lines()
        next(pieces)
        assert gateway.request("DELETE", f"/api/keys/{made['key']['id']}", key).status_code == 200
        text = "\n".join(pieces)

    assert "invalid_key" in text and "event: done" not in text


def test_a_browsers_question_is_answered_for_keys(launch):
    gateway = launch("a", cors_origins=["https://app.example.org"])

    for path, methods in (("/api/keys", {"GET", "POST"}), ("/api/keys/x", {"PATCH", "DELETE"}),
                          ("/api/keys/x/rotate", {"POST"}), ("/api/admin/groups/g", {"GET", "PATCH", "DELETE"})):
        answer = gateway.request("OPTIONS", path, headers={
            "Origin": "https://app.example.org", "Access-Control-Request-Method": "PATCH"})
        assert answer.status_code == 204, answer.text
        assert set(answer.headers["access-control-allow-methods"].split(", ")) == methods
