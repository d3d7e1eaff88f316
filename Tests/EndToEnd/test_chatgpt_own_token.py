"""Callers' own access tokens in `/api/chat`."""

import pytest

from harness.chatgpt import health, launch, simulated, simulator
from harness.load import parallel
from test_chatgpt import text_of


@pytest.fixture
def ready(launch):
    return launch("a", workers=2)


def test_an_own_token_overrides_the_pool_and_plus_picks_the_model(ready, simulator):
    key, token = ready.add_user(), simulator.credential("plus")

    free = ready.talk(key, "Hello", access_token=token)
    plus = ready.talk(key, "Hello", access_token=token, user_plus="true")

    assert {each["account"] for each in simulator.prompts()} == {"plus@example.org"}
    assert free["message"]["metadata"]["model_slug"] == "text-davinci-002-render-sha"
    assert plus["message"]["metadata"]["model_slug"] == "gpt-4"
    assert simulator.counters("a")["logins"] == 0


def test_a_conversation_goes_on_with_a_token_of_the_same_upstream_user_only(ready, simulator):
    key = ready.add_user()
    first = ready.talk(key, "Hello", access_token=simulator.credential("b"))
    identity = {"conversation_id": first["conversation_id"]}

    again = ready.talk(key, "More", access_token=simulator.credential("b"), **identity)
    without = ready.chat(key, "More", **identity)
    others = ready.chat(key, "More", access_token=simulator.credential("plus"), **identity)

    assert text_of(again) == "You said: More. Turn 2."
    for answer in (without, others):
        assert answer.status_code == 400 and answer.json()["code"] == "conversation_kind_mismatch"
    assert without.json()["message"].startswith("Conversation found, but was started using an Access Token.")
    assert len(simulator.prompts()) == 2


def test_a_conversation_of_the_pool_does_not_take_a_token(ready, simulator):
    key = ready.add_user()
    first = ready.talk(key, "Hello")

    answer = ready.chat(
        key, "More", conversation_id=first["conversation_id"], access_token=simulator.credential("b"))

    assert answer.status_code == 400 and "Builtin API Instance" in answer.json()["message"]
    unknown = ready.chat(key, "More", conversation_id="none", access_token=simulator.credential("b"))
    assert unknown.status_code == 404


@pytest.mark.parametrize("fault", ["status:401:token_expired", "status:401:invalid_jwt", "status:401:deactivated"])
def test_a_refused_token_is_the_callers_fault_and_rests_nothing(ready, simulator, fault):
    key, token = ready.add_user(), simulator.credential("b")

    answer = ready.chat(key, f"[[fault:{fault}]] Hello", access_token=token)

    assert answer.status_code == 422 and answer.json()["code"] == "access_token_rejected"
    assert answer.json()["parameter"] == "access_token"
    assert not list((ready.state / "accounts").glob("*.health.json"))
    assert len(simulator.prompts()) == 1


def test_limits_of_an_own_account_are_told_as_such(ready, simulator):
    answer = ready.chat(ready.add_user(), "[[fault:status:429:hour]] Hello", access_token=simulator.credential("b"))
    assert answer.status_code == 429 and answer.headers["retry-after"] == "600"
    assert not health(ready, "access-token")


@pytest.mark.parametrize("token", ["short", "sk-0123456789abcdef0123", "with space in it", "line\nbreak-in-it"])
def test_what_is_no_access_token_is_sent_nowhere(ready, simulator, token):
    answer = ready.chat(ready.add_user(), "Hello", access_token=token)
    assert answer.status_code == 422 and answer.json()["parameter"] == "access_token"
    assert token not in answer.text and not simulator.log()


def test_an_expired_token_is_sent_nowhere(ready, simulator):
    answer = ready.chat(ready.add_user(), "Hello", access_token=simulator.credential("b", life_seconds=-5))
    assert answer.status_code == 422 and answer.json()["code"] == "access_token_rejected"
    assert not simulator.log()


def test_prompts_with_one_token_do_not_meet(launch, simulator):
    gateway = launch("a", workers=4)
    key, token = gateway.add_user(), simulator.credential("b")
    simulator.sim("settings", event_delay_ms=5)

    answers = parallel(lambda n: gateway.talk(key, f"Prompt {n}", access_token=token), range(8), at_once=8)

    assert len(answers) == 8 and simulator.counters("b")["max_in_flight"] == 1
