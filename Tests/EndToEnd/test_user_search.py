"""Users found by the server, and acts on many of them."""

import hashlib
import json
import statistics
import time

import pytest

from harness import process
from harness.answers import assert_error
from harness.gateway import new_id
from harness.load import parallel

LIST, BULK = "/api/client/users", "/api/client/users/bulk"


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [user["user_id"] for user in answer.json()["users"]]


def audit(gateway) -> list[dict]:
    return [json.loads(line) for line in (gateway.state / "audit.jsonl").read_text().splitlines()]


def test_users_are_found_by_id_or_a_part_of_the_name_without_case_and_accents(gateway):
    user_id = new_id()
    gateway.add_user(user_id, username=f"Zoë Çelik-{user_id}")

    for text in (user_id, user_id.upper()[3:], f"zoe celik-{user_id}", f"ELİK-{user_id}", f"celik {user_id} zoë"):
        answer = gateway.get(LIST, gateway.admin_key, q=text)
        assert ids(answer) == [user_id] and answer.json()["total"] == 1, text
        assert answer.json()["next"] is None
    assert ids(gateway.get(LIST, gateway.admin_key, q=f"{user_id} nobody")) == []
    assert ids(gateway.post(LIST, gateway.admin_key, q=user_id)) == [user_id]


def test_each_worker_sees_at_once_what_others_and_commands_did(launch):
    gateway = launch("a", workers=4)

    def found(text: str) -> set:
        # Several connections, so that all workers are asked.
        return set(parallel(lambda _: tuple(ids(gateway.get(LIST, gateway.admin_key, q=text))), range(8), at_once=8))

    for number in range(5):
        user_id = f"ada-{number}"
        gateway.add_user(user_id, username=f"Before {number}")
        assert found(f"before {number}") == {(user_id,)}
        gateway.post("/api/client/update-user", gateway.admin_key, user_id=user_id, username=f"After {number}")
        assert found(f"before {number}") == {()} and found(f"after {number}") == {(user_id,)}
        gateway.cli("users", "remove", "--state-dir", gateway.state, "--user-id", user_id)
        assert found(user_id) == {()}


def test_filters_and_orders(gateway):
    client = gateway.add_client(plus=True)
    for number, name in enumerate(["Bea", "ada", "Ädam", "carl"]):
        gateway.add_user(f"u{number}", creator=client, username=name, plus=number % 2 == 0)
    gateway.post("/api/client/update-user", client, user_id="u3", disabled=True).raise_for_status()

    def found(**parameters) -> list[str]:
        return ids(gateway.get(LIST, client, **parameters))

    assert found() == ["u3", "u2", "u1", "u0"]
    assert found(order="asc") == ["u0", "u1", "u2", "u3"]
    assert found(sort="username") == ["u1", "u2", "u0", "u3"]
    assert found(sort="username", order="desc") == ["u3", "u0", "u2", "u1"]
    assert found(sort="user_id") == ["u0", "u1", "u2", "u3"]
    assert found(plus="true", sort="user_id") == ["u0", "u2"]
    assert found(disabled="true") == ["u3"]
    assert found(disabled="false", plus="false") == ["u1"]
    assert found(role="client") == [] and len(found(role="user,admin")) == 4


@pytest.mark.parametrize("parameters", [
    {"q": "x" * 257}, {"role": "owner"}, {"role": "user,"}, {"plus": "maybe"}, {"disabled": "1"}, {"sort": "name"},
    {"order": "up"}, {"before": "x"}, {"before": "self/u1"}, {"limit": "0"}, {"limit": "501"}, {"owner": "a b"}])
def test_what_makes_no_sense_is_refused_with_the_name_of_the_parameter(gateway, parameters):
    error = assert_error(gateway.get(LIST, gateway.admin_key, **parameters), 422, "invalid_parameter")

    assert error["parameter"] == list(parameters)[0]


@pytest.mark.parametrize("sort", ["created_at", "username", "user_id"])
def test_pages_hold_everybody_once_while_users_come_and_go(gateway, sort):
    client = gateway.add_client()
    parallel(lambda n: gateway.add_user(f"m-{n:02}", creator=client, username=f"Name {n % 4}"), range(30), at_once=6)

    seen, before, pages = [], None, 0
    while True:
        answer = gateway.get(
            LIST, client, sort=sort, order="asc", limit=7, **({"before": before} if before else {})).json()
        seen += [user["user_id"] for user in answer["users"]]
        before, pages = answer["next"], pages + 1
        if before is None:
            break
        # The last of the page goes, and one comes that belongs before it.
        gateway.post("/api/client/remove-user", client, user_id=seen[-1]).raise_for_status()
        if sort != "created_at":
            gateway.add_user(f"a-{pages}", creator=client, username="A")

    assert sorted(seen) == [f"m-{number:02}" for number in range(30)] and pages == 5


def test_a_client_finds_its_own_users_only(gateway):
    one, other = gateway.add_client(), gateway.add_client()
    mark = new_id()
    gateway.add_user(f"{mark}-mine", creator=one)
    gateway.add_user(f"{mark}-theirs", creator=other)
    gateway.add_user(f"{mark}-admins")

    assert ids(gateway.get(LIST, one, q=mark)) == [f"{mark}-mine"]
    assert ids(gateway.get(LIST, one, q=mark, owner="self")) == [f"{mark}-mine"]
    assert len(ids(gateway.get(LIST, gateway.admin_key, q=mark))) == 3
    assert ids(gateway.get(LIST, gateway.admin_key, q=mark, owner="self")) == [f"{mark}-admins"]
    assert_error(gateway.get(LIST, gateway.add_user(), q=mark), 403)


def test_one_of_twenty_thousand_is_found_in_less_than_a_tenth_of_a_second(launch):
    gateway = launch("a", workers=1)
    template = json.loads(next(gateway.state.glob("users/??/*.json")).read_text())
    for number in range(20_000):
        user_id = f"person-{number}"
        digest = hashlib.sha256(f"self\0{user_id}".encode()).hexdigest()
        record = {
            **template, "user_id": user_id, "username": f"Pérson No. {number}", "number": number + 1, "role": "user",
            "keys": []}
        (gateway.state / "users" / digest[:2] / f"{digest}.json").write_text(json.dumps(record))
    # The first search reads what it has not read yet.
    process.eventually(
        lambda: gateway.get(LIST, gateway.admin_key, q="person no.").json()["total"] == 20_000, "all are found")
    time.sleep(1.5)
    gateway.get(LIST, gateway.admin_key)

    times = []
    for number in range(20):
        begun = time.perf_counter()
        answer = gateway.get(LIST, gateway.admin_key, q=f"no. 123{number:02}", sort="username")
        times.append(time.perf_counter() - begun)
        assert ids(answer) == [f"person-123{number:02}"]
    print(f"a search among 20,000 users: {statistics.median(times) * 1000:.1f} ms, at most {max(times) * 1000:.1f} ms")
    assert statistics.median(times) < 0.1


def test_many_users_are_changed_at_once_and_each_act_is_in_the_audit_log(gateway):
    mark = new_id()
    keys = [gateway.add_user(f"{mark}-{number}") for number in range(3)]
    users = [{"user_id": f"{mark}-{number}"} for number in range(3)]

    def act(action, users=users, **members):
        answer = gateway.post(BULK, gateway.admin_key, action=action, users=users, **members)
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    results = act("disable")
    assert [(one["user_id"], one["owner"], one["status"], one["user"]["disabled"]) for one in results] == [
        (f"{mark}-{number}", "self", "success", True) for number in range(3)]
    assert {gateway.chat(key, "Hi").status_code for key in keys} == {403}
    act("enable")
    act("set_plus", users[:2])
    assert [gateway.get("/api/whoami", key).json()["plus"] for key in keys] == [True, True, False]
    act("unset_plus", users[:1])
    assert gateway.get("/api/whoami", keys[0]).json()["plus"] is False

    results = act("remove", [*users, users[0], {"user_id": "nobody-there", "owner": "self"}])
    assert [one["status"] for one in results] == ["success"] * 3 + ["error"] * 2
    assert {one["code"] for one in results[3:]} == {"user_not_found"}
    assert {gateway.get("/api/whoami", key).status_code for key in keys} == {401}
    lines = [line for line in audit(gateway) if line.get("user_id", "").startswith(mark)]
    assert [line["action"] for line in lines] == (
        ["add user"] * 3 + ["update user"] * 6 + ["update user"] * 3 + ["remove user"] * 3)


def test_a_client_acts_on_its_own_users_only_and_gives_no_plus_that_it_has_not(gateway):
    one, other = gateway.add_client(), gateway.add_client()
    gateway.add_user("mine", creator=one)
    theirs = gateway.add_user("theirs", creator=other)

    answer = gateway.post(BULK, one, action="disable", users=[{"user_id": "mine"}, {"user_id": "theirs"}])

    assert [result["status"] for result in answer.json()["results"]] == ["success", "error"]
    assert gateway.get("/api/whoami", theirs).status_code == 200
    assert_error(gateway.post(BULK, one, action="set_plus", users=[{"user_id": "mine"}]), 403, "plus_not_allowed")
    assert_error(gateway.post(BULK, theirs, action="disable", users=[{"user_id": "mine"}]), 403)


def test_nobody_disables_or_removes_itself_among_others(gateway):
    other = new_id()
    gateway.add_user(other)

    for action in ("disable", "remove"):
        results = gateway.post(
            BULK, gateway.admin_key, action=action, users=[{"user_id": "admin"}, {"user_id": other}]).json()["results"]
        assert [result.get("code") for result in results] == ["not_allowed", None]
    assert gateway.get("/api/whoami", gateway.admin_key).status_code == 200


@pytest.mark.parametrize("members, parameter", [
    ({"users": [{"user_id": "a"}]}, "action"), ({"action": "rename", "users": [{"user_id": "a"}]}, "action"),
    ({"action": "enable"}, "users"), ({"action": "enable", "users": []}, "users"),
    ({"action": "enable", "users": [{"user_id": "a"}] * 501}, "users"),
    ({"action": "enable", "users": ["a"]}, "users"), ({"action": "enable", "users": [{"user_id": "a b"}]}, "users"),
    ({"action": "enable", "users": [{"user_id": "a", "owner": [1]}]}, "users"),
    ({"action": "enable", "users": [{"user_id": 1.5}]}, "users"), ({"action": "enable", "users": [{}]}, "users"),
    ({"action": "enable", "users": {"user_id": "a"}}, "users"),
])
def test_a_bulk_act_that_makes_no_sense_changes_nobody(gateway, members, parameter):
    error = assert_error(gateway.post(BULK, gateway.admin_key, **members), 422, "invalid_parameter")

    assert error["parameter"] == parameter
