"""Who may make, see, change and remove whom."""

import stat

import pytest

from harness.answers import assert_error, reply_of
from harness.gateway import new_id
from harness.load import parallel

ADD = "/api/client/add-user"
REMOVE = "/api/client/remove-user"
LIST = "/api/client/users"
ROTATE = "/api/client/rotate-key"
UPDATE = "/api/client/update-user"


def test_the_first_start_leaves_an_admin_key_that_only_the_operator_reads(gateway):
    key_file = gateway.state / "admin-key.txt"

    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(gateway.state.stat().st_mode) == 0o700
    assert gateway.get(LIST, gateway.admin_key).status_code == 200


def test_nobody_else_may_read_anything_of_the_state(gateway):
    gateway.talk(gateway.add_user(), "Hi")

    open_to_others = [
        str(path) for path in gateway.state.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o077]
    assert open_to_others == []


def test_adding_a_user_gives_its_key_once(gateway):
    user_id = new_id()
    answer = gateway.post(ADD, gateway.admin_key, user_id=user_id, username="Ada").json()

    key = gateway.secrets.keep(answer["api_key"])
    assert key.startswith("sk-cas-") and len(key) == 7 + 32 + 6
    assert (answer["status"], answer["message"], answer["user_id"]) == ("success", "User added", user_id)
    assert key not in gateway.get(LIST, gateway.admin_key).text


def test_adding_a_user_twice_is_refused(gateway):
    user_id = new_id()
    gateway.add_user(user_id)

    answer = gateway.post(ADD, gateway.admin_key, user_id=user_id, username="Ada")

    error = assert_error(answer, 422, "user_exists")
    assert "api_key" in error and error["api_key"] is None


def test_the_old_name_userid_is_understood(gateway):
    user_id = new_id()
    answer = gateway.post(ADD, gateway.admin_key, userid=user_id, username="Ada").json()

    gateway.secrets.keep(answer["api_key"])
    assert answer["user_id"] == user_id


@pytest.mark.parametrize("user_id", ["", "a b", "ä", "a/b", "../x", "x" * 129, "a\nb", 7.5, None])
def test_refuses_an_id_that_is_none(gateway, user_id):
    assert_error(gateway.post(ADD, gateway.admin_key, user_id=user_id, username="Ada"), 422)


@pytest.mark.parametrize(
    "path, members",
    [(ADD, {"user_id": "x", "username": "x"}), (REMOVE, {"user_id": "x"}), (LIST, {}),
     (UPDATE, {"user_id": "x", "plus": True})])
def test_a_user_keeps_no_users(gateway, path, members):
    assert_error(gateway.post(path, gateway.add_user(), **members), 403)


def test_a_client_makes_users_but_no_clients(gateway):
    client = gateway.add_client()

    key = gateway.add_user(creator=client)

    gateway.talk(key, "Hi")
    answer = gateway.post(ADD, client, user_id=new_id(), username="Boss", is_client=True)
    assert_error(answer, 403)


def test_a_client_gives_plus_only_if_it_has_it(gateway):
    without, having = gateway.add_client(), gateway.add_client(plus=True)

    assert_error(gateway.post(ADD, without, user_id=new_id(), username="Ada", plus=True), 403)
    assert_error(
        gateway.post("/api/chat", without, user_id=new_id(), username="Ada", user_id_plus=True, prompt="Hi"), 403)
    gateway.talk(gateway.add_user(creator=having, plus=True), "Hi", plus=True)


def test_a_client_makes_its_user_by_chatting_as_it(gateway):
    client_id, user_id = new_id(), new_id()
    client = gateway.add_client(client_id)
    assert_error(gateway.chat(client, "Hi", user_id=user_id), 404)

    answer = gateway.talk(client, "Hi", user_id=user_id, username="Ada", user_id_plus=False)

    assert (answer["api_user"], answer["api_client_id"]) == ("Ada", client_id)
    again = gateway.talk(client, "Again", user_id=user_id, conversation_id=answer["conversation_id"])
    assert reply_of(again).endswith("(messages: 3)")
    assert [user["user_id"] for user in gateway.get(LIST, client).json()["users"]] == [user_id]


def test_two_clients_may_have_users_of_the_same_id(gateway):
    user_id = new_id()
    clients = [gateway.add_client() for _ in range(2)]
    keys = [gateway.add_user(user_id, creator=client) for client in clients]
    conversation = gateway.talk(keys[0], "Hi")["conversation_id"]

    assert gateway.recall(keys[1]) == {}
    assert_error(gateway.get("/api/recall", clients[1], user_id=user_id, conversation_id=conversation), 404)


@pytest.mark.parametrize("path", [REMOVE, ROTATE, UPDATE])
def test_another_clients_user_looks_like_none(gateway, path):
    mine, stranger, user_id = gateway.add_client(), gateway.add_client(), new_id()
    key = gateway.add_user(user_id, creator=mine)

    foreign = gateway.post(path, stranger, user_id=user_id, plus=False)
    none = gateway.post(path, stranger, user_id=new_id(), plus=False)

    assert_error(foreign, 404)
    assert foreign.json()["code"] == none.json()["code"] and foreign.json()["message"] == none.json()["message"]
    gateway.talk(key, "Still here")


def test_a_client_lists_only_its_own_users_and_an_admin_all(gateway):
    client = gateway.add_client()
    own, other = new_id(), new_id()
    gateway.add_user(own, creator=client)
    gateway.add_user(other)

    assert [user["user_id"] for user in gateway.get(LIST, client).json()["users"]] == [own]
    assert {own, other} <= {user["user_id"] for user in gateway.get(LIST, gateway.admin_key, limit=500).json()["users"]}


def test_a_user_rotates_its_own_key_and_the_old_one_ends(gateway):
    old = gateway.add_user()
    new = gateway.secrets.keep(gateway.post(ROTATE, old).json()["api_key"])

    assert_error(gateway.get("/api/recall", old), 401)
    assert gateway.recall(new) == {}


def test_an_admin_key_cannot_chat(gateway):
    assert_error(gateway.chat(gateway.admin_key, "Hi"), 403)


def test_a_disabled_user_is_refused_until_it_is_enabled(gateway):
    user_id = new_id()
    key = gateway.add_user(user_id)

    gateway.post(UPDATE, gateway.admin_key, user_id=user_id, disabled=True).raise_for_status()
    assert gateway.chat(key, "Hi").status_code in (401, 403)
    gateway.post(UPDATE, gateway.admin_key, user_id=user_id, disabled=False).raise_for_status()
    gateway.talk(key, "Hi")


def test_of_eight_simultaneous_adds_of_one_id_one_succeeds(gateway):
    user_id = new_id()
    answers = parallel(
        lambda number: gateway.post(ADD, gateway.admin_key, user_id=user_id, username=f"Ada {number}"),
        range(8), at_once=8)

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [422] * 7
    for answer in answers:
        if answer.status_code == 422:
            assert_error(answer, 422, "user_exists")
        else:
            gateway.talk(gateway.secrets.keep(answer.json()["api_key"]), "Hi")


def test_two_hundred_users_added_sixteen_at_a_time_are_all_there(launch):
    gateway = launch("a", workers=4)
    ids = [new_id() for _ in range(200)]

    keys = parallel(gateway.add_user, ids, at_once=16)

    assert len(set(keys)) == 200
    assert all(status == 200 for status in parallel(
        lambda key: gateway.get("/api/recall", key).status_code, keys, at_once=16))
    listed, before = [], None
    while True:
        page = gateway.get(LIST, gateway.admin_key, limit=150, **({"before": before} if before else {})).json()
        listed += [user["user_id"] for user in page["users"]]
        if (before := page.get("next")) is None:
            break
    assert set(ids) <= set(listed) and len(listed) == len(set(listed))
