"""The models that callers see, and what an upstream that does not tell them costs: nothing."""

import time

import pytest

from harness import process
from harness.process import eventually


def models_of(gateway, key) -> list[str]:
    answer = gateway.get("/v1/models", key)
    assert answer.status_code == 200, answer.text
    return [model["id"] for model in answer.json()["data"]]


def listless(upstream, name: str) -> dict:
    """An account whose upstream is to be asked for its models."""
    return upstream.instance(name, models=[])


def timed(action):
    started = time.monotonic()
    result = action()
    return result, time.monotonic() - started


def quickest(action, times: int = 5) -> float:
    return min(timed(action)[1] for _ in range(times))


def test_a_hung_list_costs_no_turn_anything_at_the_first_start_too(launch, upstream):
    upstream.script({"hang": True}, account="b", kind="models", times=-1)
    gateway = launch(listless(upstream, "b"), "a")
    key = gateway.add_user()

    first, taken = timed(lambda: gateway.talk(key, "First", model="stub-model"))
    later = quickest(lambda: gateway.talk(key, "Later", model="stub-model"))

    assert first["status"] == "success"
    assert taken < 1 and later < 0.1
    assert set(upstream.accounts()) == {"a"}


def test_an_account_whose_list_is_unknown_is_asked_all_the_same(launch, upstream):
    upstream.script({"hang": True}, account="b", kind="models", times=-1)
    gateway = launch(listless(upstream, "b"))
    key = gateway.add_user()

    _, taken = timed(lambda: gateway.talk(key, "Named", model="stub-model"))
    _, without = timed(lambda: gateway.talk(key, "Any"))

    assert taken < 1 and without < 1
    # Without a known model the upstream chooses.
    assert ["model" in record["body"] for record in upstream.requests()] == [True, False]


def test_the_list_of_a_good_account_does_not_wait_for_one_that_hangs(launch, upstream):
    upstream.script({"hang": True}, account="b", kind="models", times=-1)
    upstream.script({"models": ["m-1", "m-2", "text-embedding-3-small", "whisper-1"]}, account="a", kind="models",
                    times=-1)
    gateway = launch(listless(upstream, "b"), listless(upstream, "a"))
    key = gateway.add_user()

    names, taken = timed(lambda: models_of(gateway, key))

    assert names == ["m-1", "m-2"]
    assert taken < 2
    assert gateway.get("/v1/models/m-2", key).status_code == 200
    assert gateway.get("/v1/models/whisper-1", key).status_code == 404


def test_nothing_known_is_waited_for_two_seconds_at_most(launch, upstream):
    upstream.script({"hang": True}, kind="models", times=-1)
    gateway = launch(listless(upstream, "a"))

    names, taken = timed(lambda: models_of(gateway, gateway.add_user()))

    assert names == [] and taken < 3.5


def test_the_last_list_outlives_its_upstream_a_restart_and_a_reload(launch, upstream):
    gateway = launch(listless(upstream, "a"))
    key = gateway.add_user()
    assert "stub-model" in models_of(gateway, key)
    upstream.script({"close_before_head": True}, kind="models", times=-1)

    gateway.hup()
    assert "stub-model" in models_of(gateway, key)
    process.stop(gateway.serve)
    gateway.start_serve()
    eventually(gateway.is_answering, "it answers again")

    assert "stub-model" in models_of(gateway, key)
    # Nobody asks again so soon, whatever number of workers began meanwhile.
    assert len(upstream.requests("models")) == 1


def test_a_failed_list_is_not_asked_for_at_every_turn(launch, upstream):
    upstream.script({"status": 500}, kind="models", times=-1)
    gateway = launch(listless(upstream, "a"))
    key = gateway.add_user()
    eventually(lambda: upstream.requests("models"), "the upstream is asked for its models")

    for number in range(10):
        gateway.talk(key, f"Turn {number}", model="stub-model")

    assert len(upstream.requests("models")) <= 2


def test_a_huge_list_is_cut_and_an_unlisted_model_is_asked_for_all_the_same(launch, upstream):
    upstream.script({"models": [f"m-{number}" for number in range(30_000)]}, kind="models", times=-1)
    gateway = launch(listless(upstream, "a"))
    key = gateway.add_user()
    eventually(lambda: models_of(gateway, key), "the list is here", patience=60)

    names, taken = timed(lambda: models_of(gateway, key))

    assert len(names) == 10_000 and taken < 5
    assert gateway.talk(key, "Beyond", model="m-29999")["status"] == "success"


def test_a_model_that_no_account_has_is_not_found(launch, upstream):
    gateway = launch(listless(upstream, "a"))
    key = gateway.add_user()
    assert models_of(gateway, key)

    answer = gateway.post("/v1/chat/completions", key, model="no-such", messages=[{"role": "user", "content": "Hi"}])

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize("name", ["a" * 257, "bell\u0007"])
def test_odd_names_are_passed_over(launch, upstream, name):
    upstream.script({"models": [name, "good"]}, kind="models", times=-1)
    gateway = launch(listless(upstream, "a"))

    assert models_of(gateway, gateway.add_user()) == ["good"]
