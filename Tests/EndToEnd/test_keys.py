"""How keys are presented, and that a wrong one tells nothing."""

import time

import pytest

from harness.answers import assert_error
from harness.gateway import new_id
from harness.load import Background, parallel


def unauthorized(answer) -> dict:
    error = assert_error(answer, 401, "invalid_key")
    return {name: value for name, value in error.items() if name != "request_id"}


def test_every_wrong_key_gets_one_same_answer(gateway):
    user_id = new_id()
    key = gateway.add_user(user_id)
    gateway.post("/api/client/remove-user", gateway.admin_key, user_id=user_id).raise_for_status()
    mistyped = key[:-1] + ("a" if key[-1] != "a" else "b")

    answers = [
        gateway.get("/api/recall"),
        gateway.get("/api/recall", user=""),
        gateway.request("GET", "/api/recall", headers={"Authorization": "Bearer"}),
        gateway.request("GET", "/api/recall", headers={"Authorization": f"Basic {key}"}),
    ]
    for wrong in (key, mistyped, "x" * 32, "sk-cas-", "sk-cas-é", "0", "sk-" + "a" * 5000):
        answers.append(gateway.get("/api/recall", user=wrong))
        answers.append(gateway.post("/api/recall", user=wrong))

    bodies = [unauthorized(answer) for answer in answers]
    assert all(body == bodies[0] for body in bodies)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(gateway, scheme):
    key = gateway.add_user()

    answer = gateway.request("GET", "/api/recall", headers={"Authorization": f"{scheme} {key}"})

    assert answer.status_code == 200


def test_the_same_key_twice_in_different_places_is_fine(gateway):
    key = gateway.add_user()

    assert gateway.post("/api/recall", key, user=key).status_code == 200


def test_two_different_keys_are_refused(gateway):
    one, two = gateway.add_user(), gateway.add_user()

    assert_error(gateway.post("/api/recall", one, user=two), 400)
    assert_error(gateway.request("POST", "/api/recall", params={"user": one}, json={"user": two}), 400)


def test_a_repeated_key_parameter_is_refused(gateway):
    key = gateway.add_user()

    assert_error(gateway.request("GET", f"/api/recall?user={key}&user={key}"), 400)
    assert_error(gateway.request("GET", f"/api/recall?user={key}&%75ser={gateway.add_user()}"), 400)


def test_a_key_works_only_in_the_parameter_of_its_role(gateway):
    user, client = gateway.add_user(), gateway.add_client()

    for parameters in ({"admin": user}, {"admin": client}, {"client": user}):
        assert gateway.get("/api/client/users", **parameters).status_code in (401, 403)
    assert gateway.get("/api/client/users", client=client).status_code == 200
    assert gateway.get("/api/client/users", admin=gateway.admin_key).status_code == 200


def test_a_client_names_its_user_by_that_users_key(gateway):
    client = gateway.add_client()
    user = gateway.add_user(creator=client)

    answer = gateway.post("/api/chat", client=client, user=user, prompt="Hi")

    assert answer.status_code == 200, answer.text


def test_a_removed_users_key_ends_at_once_in_every_worker(launch):
    gateway = launch("a", workers=4)
    user_id = new_id()
    key = gateway.add_user(user_id)
    seen: list[tuple[float, int]] = []

    def recall() -> None:
        started = time.monotonic()
        seen.append((started, gateway.get("/api/recall", key).status_code))

    with Background(recall, threads=6, rate=12):
        while len(seen) < 24:
            time.sleep(0.05)
        gateway.post("/api/client/remove-user", gateway.admin_key, user_id=user_id).raise_for_status()
        removed = time.monotonic()
        after = parallel(lambda _: gateway.get("/api/recall", key).status_code, range(40), at_once=8)

    assert after == [401] * 40
    assert {status for started, status in seen if started > removed} <= {401}
    # Those that were on their way while the user was removed may have been either.
    assert [status for started, status in seen[:20]] == [200] * 20


def test_rotating_the_admin_key_ends_the_old_one_at_once(launch):
    gateway = launch("a", workers=4)
    old = gateway.admin_key

    new = gateway.secrets.keep(gateway.cli("admin", "rotate-key", "--state-dir", gateway.state).stdout.strip())

    assert parallel(lambda _: gateway.get("/api/client/users", old).status_code, range(12), at_once=4) == [401] * 12
    assert gateway.get("/api/client/users", new).status_code == 200
    assert (gateway.state / "admin-key.txt").read_text().strip() == new
    newest = gateway.secrets.keep(gateway.post("/api/client/rotate-key", new).json()["api_key"])
    assert gateway.get("/api/client/users", newest).status_code == 200
    assert not (gateway.state / "admin-key.txt").exists(), "the file tells a key that has ended"
    gateway.admin_key = newest
