"""Groups: who may do what through them, who may see and change them, and what each worker says when one ends."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from harness.answers import assert_error
from harness.gateway import Gateway, new_id
from harness.load import parallel
from harness.process import eventually

GROUPS = "/api/admin/groups"


def stamp(**period) -> str:
    return (datetime.now(timezone.utc) + timedelta(**period)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def add_group(gateway: Gateway, **members) -> str:
    group = members.pop("id", new_id())
    answer = gateway.post(GROUPS, gateway.admin_key, id=group, **members)
    assert answer.status_code == 200, answer.text
    return group


def change(gateway: Gateway, group: str, **members) -> dict:
    answer = gateway.request("PATCH", f"{GROUPS}/{group}", gateway.admin_key, json=members)
    assert answer.status_code == 200, answer.text
    return answer.json()["group"]


def put(gateway: Gateway, user_id: str, *groups: str) -> None:
    answer = gateway.post("/api/client/update-user", gateway.admin_key, user_id=user_id, groups=list(groups))
    assert answer.status_code == 200, answer.text
    assert answer.json()["user"]["groups"] == list(groups)


def add_member(gateway: Gateway, *groups: str, **members) -> tuple[str, str]:
    """A new user's id and key."""
    user_id = new_id()
    key = gateway.add_user(user_id, **members)
    put(gateway, user_id, *groups)
    return user_id, key


def models(gateway: Gateway, key: str) -> list[str]:
    return [model["id"] for model in gateway.get("/v1/models", key).json()["data"]]


def everywhere(gateway: Gateway, key: str) -> set[tuple[int, str]]:
    def ask(_) -> tuple[int, str]:
        answer = gateway.get("/api/whoami", key)
        return answer.status_code, answer.json().get("code", "")
    return set(parallel(ask, range(24), at_once=8))


def test_a_group_is_what_was_sent_and_changed(gateway):
    owner_id = new_id()
    gateway.add_user(owner_id)
    sent = {
        "name": "Physics", "kind": "course", "owners": [owner_id], "sso_values": ["phys"], "models": ["stub-model"],
        "plus": True, "limits": {"tokens_per_day": 1000}, "member_limits": {"concurrent": 2, "cost_per_month": None},
        "cost_center": "4711", "valid_from": stamp(days=-1), "valid_until": stamp(days=1), "archive": "metadata",
        "retention_days": 30, "locations": ["local"],
        "windows": [{"from": stamp(hours=1), "until": stamp(hours=2), "action": "pause"}],
    }
    group = add_group(gateway, **sent)

    found = gateway.get(f"{GROUPS}/{group}", gateway.admin_key).json()["group"]

    assert {**found, "owners": [owner["user_id"] for owner in found["owners"]]} == {
        **sent, "id": group, "created_at": found["created_at"]}
    assert found in gateway.get(GROUPS, gateway.admin_key).json()["groups"]
    changed = change(gateway, group, name="Physics II", models=None, valid_until=None)
    assert (changed["name"], changed["models"], changed["valid_until"]) == ("Physics II", [], None)
    assert changed["cost_center"] == "4711"
    assert_error(gateway.post(GROUPS, gateway.admin_key, id=group), 422, "group_exists")


@pytest.mark.parametrize("members, parameter", [
    ({}, "id"), ({"id": "../x"}, "id"), ({"id": ".x"}, "id"), ({"id": "x", "name": ""}, "name"),
    ({"id": "x", "kind": "club"}, "kind"), ({"id": "x", "owners": ["nobody-at-all"]}, "owners"),
    ({"id": "x", "owners": "a"}, "owners"), ({"id": "x", "models": [""]}, "models"), ({"id": "x", "plus": 1}, "plus"),
    ({"id": "x", "limits": {"tokens": 1}}, "limits"), ({"id": "x", "member_limits": 3}, "member_limits"),
    ({"id": "x", "valid_from": "soon"}, "valid_from"), ({"id": "x", "archive": "some"}, "archive"),
    ({"id": "x", "valid_from": "2027-02-01T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"}, "valid_until"),
    ({"id": "x", "retention_days": 0}, "retention_days"), ({"id": "x", "locations": ["moon"]}, "locations"),
    ({"id": "x", "windows": [{"from": "2027-01-01T00:00:00Z"}]}, "windows"), ({"id": "x", "model": []}, "model"),
])
def test_what_is_wrong_is_named_and_nothing_is_made(gateway, members, parameter):
    error = assert_error(
        gateway.request("POST", GROUPS, gateway.admin_key, json=members), 422, "invalid_parameter")

    assert error["parameter"] == parameter
    assert gateway.get(f"{GROUPS}/x", gateway.admin_key).status_code == 404


def test_a_person_may_do_what_any_of_its_groups_allows(launch, upstream):
    gateway = launch(upstream.instance("a", models=["one", "two", "three"]), upstream.instance("plus", models=["big"]))
    first = add_group(gateway, models=["one"])
    second = add_group(gateway, models=["two", "big"], plus=True)
    user_id, key = add_member(gateway, first)
    outsider = gateway.add_user()

    assert models(gateway, outsider) == ["one", "two", "three"]
    assert models(gateway, key) == gateway.get("/api/whoami", key).json()["models"] == ["one"]
    assert_error(gateway.chat(key, "Hi", model="two"), 404, "model_not_found")
    assert_error(gateway.chat(key, "Hi", plus=True), 403, "plus_not_allowed")
    put(gateway, user_id, first, second)
    assert models(gateway, key) == ["one", "two", "big"]
    assert gateway.talk(key, "Hi", model="big", plus=True)["status"] == "success"
    assert gateway.talk(key, "Hi", model="two")["status"] == "success"
    assert_error(gateway.chat(key, "Hi", model="three"), 404, "model_not_found")
    asked = [request["body"]["model"] for request in upstream.requests()]
    assert asked == ["big", "two"]
    gateway.talk(key, "Hi")
    assert [request["body"]["model"] for request in upstream.requests()][-1] in ("one", "two")
    change(gateway, second, valid_until=stamp(seconds=-1))
    assert models(gateway, key) == ["one"], "a group that has ended gives nothing"


def test_the_group_that_pays_is_one_of_the_user_s(gateway):
    one, two, other = (add_group(gateway) for _ in range(3))
    _, key = add_member(gateway, one, two)

    assert gateway.talk(key, "Hi", group=two)["status"] == "success"
    completion = {"messages": [{"role": "user", "content": "Hi"}]}
    assert gateway.post("/v1/chat/completions", key, **completion, group=two).status_code == 200
    error = assert_error(gateway.chat(key, "Hi", group=other), 422, "invalid_parameter")
    assert error["parameter"] == "group"
    assert gateway.post("/v1/chat/completions", key, **completion, group=other).status_code == 400


def test_what_names_the_group_does_not_reach_the_upstream(gateway, upstream):
    group = add_group(gateway)
    _, key = add_member(gateway, group)

    gateway.post(
        "/v1/chat/completions", key, messages=[{"role": "user", "content": "Hi"}], group=group).raise_for_status()

    assert "group" not in upstream.requests()[-1]["body"]


def test_a_group_that_ends_ends_its_keys_and_the_last_one_its_members_in_every_worker(launch):
    gateway = launch("a", workers=4)
    course, other = add_group(gateway, kind="course"), add_group(gateway)
    user_id, key = add_member(gateway, course)
    admin_id = new_id()
    admin = gateway.secrets.keep(gateway.cli(
        "users", "add", "--state-dir", gateway.state, "--user-id", admin_id, "--username", "A", "--role", "admin"
    ).stdout.strip())
    put(gateway, admin_id, course)
    made = gateway.secrets.keep(gateway.post("/api/keys", key, name="course", group=course).json()["api_key"])
    assert everywhere(gateway, made) == everywhere(gateway, key) == {(200, "")}

    change(gateway, course, valid_until=stamp(seconds=-1))

    assert everywhere(gateway, made) == {(401, "key_expired")}
    assert everywhere(gateway, key) == {(403, "group_ended")}
    assert everywhere(gateway, admin) == {(200, "")}, "groups keep no admin out"
    answer = gateway.post("/v1/chat/completions", key, messages=[{"role": "user", "content": "Hi"}])
    assert answer.status_code == 403 and answer.json()["error"]["code"] == "group_ended"
    put(gateway, user_id, course, other)
    assert everywhere(gateway, key) == {(200, "")}
    assert everywhere(gateway, made) == {(401, "key_expired")}
    put(gateway, user_id, course)
    soon = stamp(seconds=1)
    change(gateway, course, valid_until=soon)
    eventually(lambda: everywhere(gateway, key) == {(403, "group_ended")}, "the group ends by itself")


def test_a_client_acts_for_no_user_whose_groups_have_ended(gateway):
    client_id, user_id = new_id(), new_id()
    client = gateway.add_client(client_id)
    gateway.add_user(user_id, creator=client)
    group = add_group(gateway)
    put(gateway, user_id, group)
    assert gateway.chat(client, "Hi", user_id=user_id).status_code == 200

    change(gateway, group, valid_until=stamp(seconds=-1))

    assert_error(gateway.chat(client, "Hi", user_id=user_id), 403, "group_ended")


def test_owners_see_their_groups_and_change_the_members_alone(gateway):
    owner_id, user_id = new_id(), new_id()
    owner, user = gateway.add_user(owner_id), gateway.add_user(user_id)
    mine, others = add_group(gateway, owners=[owner_id]), add_group(gateway)
    path = f"{GROUPS}/{mine}"

    assert [group["id"] for group in gateway.get(GROUPS, owner).json()["groups"]] == [mine]
    assert gateway.get(GROUPS, user).json()["groups"] == []
    assert gateway.get(path, owner).json()["group"]["id"] == mine
    assert gateway.post(f"{path}/members", owner, user_id=user_id).json()["groups"] == [mine]
    members = gateway.get(f"{path}/members", owner).json()["members"]
    assert [(member["user_id"], member["is_primary"]) for member in members] == [(user_id, True)]
    assert gateway.request("DELETE", f"{path}/members", owner, json={"user_id": user_id}).json()["groups"] == []
    assert gateway.get(f"{path}/members", owner).json()["members"] == []

    assert_error(gateway.get(f"{GROUPS}/{others}", owner), 404, "group_not_found")
    assert_error(gateway.post(f"{GROUPS}/{others}/members", owner, user_id=user_id), 404, "group_not_found")
    for key in (owner, user):
        assert_error(gateway.request("PATCH", path, key, json={"plus": True}), 403, "not_allowed")
        assert_error(gateway.request("DELETE", path, key), 403, "not_allowed")
        assert_error(gateway.post(GROUPS, key, id=new_id()), 403, "not_allowed")
        assert_error(gateway.get("/api/recall", key, user_id="admin"), 403, "not_allowed")
    assert_error(gateway.post(f"{path}/members", user, user_id=user_id), 404, "group_not_found")
    client = gateway.add_client()
    own = new_id()
    gateway.add_user(own, creator=client)
    assert_error(gateway.post(f"{path}/members", owner, user_id=own), 404, "user_not_found")
    assert_error(gateway.post("/api/client/update-user", client, user_id=own, groups=[mine]), 403, "not_allowed")

    gateway.post("/api/client/remove-user", gateway.admin_key, user_id=owner_id).raise_for_status()
    again = gateway.add_user(owner_id)
    assert_error(gateway.get(path, again), 404, "group_not_found")
    lines = [json.loads(line) for line in (gateway.state / "audit.jsonl").read_text().splitlines()]
    found = [(line["action"], line.get("user")) for line in lines if line.get("group") == mine]
    assert found == [("group.create", None), ("group.join", owner_id), ("group.leave", owner_id)]


def test_a_group_with_members_goes_only_when_that_is_meant(launch):
    gateway = launch("a", workers=4)
    group = add_group(gateway, models=["none"])
    members = [add_member(gateway, group) for _ in range(5)]
    listed = gateway.get(f"{GROUPS}/{group}/members", gateway.admin_key, limit=2).json()
    rest = gateway.get(f"{GROUPS}/{group}/members", gateway.admin_key, limit=9, before=listed["next"]).json()
    found = [member["user_id"] for member in listed["members"] + rest["members"]]
    assert found == [user_id for user_id, _ in reversed(members)] and rest["next"] is None
    path = f"{GROUPS}/{group}"

    assert_error(gateway.request("DELETE", path, gateway.admin_key), 409, "group_has_members")
    assert models(gateway, members[0][1]) == []
    done = gateway.request("DELETE", path, gateway.admin_key, json={"remove_members": True})

    assert done.status_code == 200, done.text
    assert_error(gateway.request("DELETE", path, gateway.admin_key), 404, "group_not_found")
    add_group(gateway, id=group, models=["none"])
    for _, key in members:
        assert gateway.get("/api/whoami", key).json()["groups"] == []
        assert models(gateway, key) == ["stub-model"]


def test_groups_come_with_commas_in_forms_and_only_those_that_are_there(gateway):
    one, two = add_group(gateway), add_group(gateway)
    user_id = new_id()
    key = gateway.add_user(user_id)
    update = ("POST", "/api/client/update-user", gateway.admin_key)

    done = gateway.request(*update, data={"user_id": user_id, "groups": f"{one}, {two}"})

    assert done.json()["user"]["groups"] == [one, two]
    assert [group["id"] for group in gateway.get("/api/whoami", key).json()["groups"]] == [one, two]
    assert_error(gateway.request(*update, json={"user_id": user_id, "groups": [one, "none"]}), 404, "group_not_found")
    assert gateway.request(*update, data={"user_id": user_id, "groups": ""}).json()["user"]["groups"] == []


def test_the_command_line_manages_groups(launch):
    gateway = launch("a")
    state = ("--state-dir", gateway.state)
    user_id = new_id()
    key = gateway.add_user(user_id)

    gateway.cli("groups", "add", *state, "lab", "name=The lab", "models=a,b", "plus=true",
                'limits={"concurrent": 2}', f"owners={user_id}", f"valid_until={stamp(days=1)}")
    gateway.cli("groups", "members", *state, "lab", "--add", user_id)
    assert gateway.cli("groups", "members", *state, "lab").stdout == f"self\t{user_id}\n"
    gateway.cli("groups", "set", *state, "lab", "plus=", "cost_center=17")
    shown = json.loads(gateway.cli("groups", "list", *state, "--json").stdout)
    assert shown == gateway.get(f"{GROUPS}/lab", gateway.admin_key).json()["group"]
    assert (shown["name"], shown["models"], shown["plus"], shown["cost_center"], shown["limits"]) == (
        "The lab", ["a", "b"], False, "17", {"concurrent": 2})
    assert gateway.get(f"{GROUPS}/lab", key).status_code == 200
    for wrong in (["set", *state, "lab", "plus=maybe"], ["set", *state, "lab", "colour=red"],
                  ["add", *state, "lab"], ["remove", *state, "lab"], ["members", *state, "none"],
                  ["members", *state, "lab", "--add", "nobody"]):
        assert gateway.cli("groups", *wrong, is_checked=False).returncode != 0, wrong
    exported = [json.loads(line) for line in gateway.cli("export", *state).stdout.splitlines()]
    assert exported[0] == {**shown, "type": "group"}
    assert [line["groups"] for line in exported if line.get("user_id") == user_id] == [["lab"]]
    gateway.cli("groups", "remove", *state, "--remove-members", "lab")
    assert gateway.get("/api/whoami", key).json()["groups"] == []


def test_an_export_carries_groups_and_who_is_in_them_to_another_state(launch):
    gateway, other = launch("a"), launch("a")
    owner_id, user_id = new_id(), new_id()
    key = gateway.add_user(user_id)
    gateway.add_user(owner_id)
    add_group(gateway, id="lab", owners=[owner_id, user_id], models=["m"], limits={"concurrent": 1})
    put(gateway, user_id, "lab")
    file = gateway.folder / "export.jsonl"
    file.write_text(gateway.cli("export", "--state-dir", gateway.state).stdout)
    assert key not in file.read_text()
    other.add_user(user_id)
    place = ("import", "--state-dir", other.state, "--groups", file)

    dry = other.cli(*place, "--dry-run").stdout
    assert "would add 1 groups and 1 memberships" in dry and other.get(GROUPS, other.admin_key).json()["groups"] == []
    done = other.cli(*place).stdout

    assert "added 1 groups and 1 memberships" in done and "owners who are not here" in done
    before = gateway.get(f"{GROUPS}/lab", gateway.admin_key).json()["group"]
    after = other.get(f"{GROUPS}/lab", other.admin_key).json()["group"]
    assert after == before | {"owners": [owner for owner in before["owners"] if owner["user_id"] == user_id]}
    members = other.get(f"{GROUPS}/lab/members", other.admin_key).json()["members"]
    assert [member["user_id"] for member in members] == [user_id]
    assert "added 0 groups and 0 memberships" in other.cli(*place).stdout
