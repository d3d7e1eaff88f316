"""What the caller and the accounts get when the upstream fails."""

from collections.abc import Iterator

import pytest

from conftest import run, settings_of
from harness.answers import assert_error, reply_of
from harness.gateway import Gateway
from harness.process import eventually
from harness.upstream import name

#: Step, whether it is before the first byte, and the statuses it may end in when there is no other account.
FAULTS = {
    "status_500": ({"status": 500}, True, {502}),
    "status_503": ({"status": 503}, True, {502, 503}),
    "close": ({"close_before_head": True}, True, {502}),
    "garbage": ({"garbage": True}, True, {502}),
    "html": ({"html_200": True}, True, {502}),
    "invalid_json": ({"invalid_json": True}, True, {502}),
    "error_in_200": ({"error_in_200": True}, True, {502}),
    "redirect": ({"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, True, {502}),
    "oversized": ({"oversized": 20}, True, {502}),
    "cut": ({"close_mid_stream": 2}, False, {502}),
    "without_end": ({"never_ending": True}, False, {502, 504}),
}


@pytest.fixture(scope="module")
def single_accounts(stub) -> Iterator[Gateway]:
    """A gateway with one account a fault, chosen by model, because a failing account rests."""
    instances = [
        {**stub.instance("a"), "id": name, "models": [name], "title_model": "stub-model"} for name in FAULTS]
    yield from run(Gateway(stub, settings_of(stub, *instances, max_reply_bytes=1 << 18), workers=1))


@pytest.mark.parametrize("name", FAULTS)
def test_a_failed_answer_is_told_by_its_class_without_the_upstreams_words(single_accounts, upstream, name):
    step, _, statuses = FAULTS[name]
    key = single_accounts.add_user()
    worker = single_accounts.worker_pids()
    upstream.script(step, times=-1)

    answer = single_accounts.request(
        "POST", "/api/chat", key, json={"prompt": "Hi", "model": name}, timeout=30)

    assert answer.status_code in statuses, answer.text
    assert_error(answer, answer.status_code)
    assert single_accounts.worker_pids() == worker


@pytest.mark.parametrize("fault", [name for name, fault in FAULTS.items() if fault[1]])
def test_a_new_conversation_moves_on_before_the_first_byte(launch, upstream, fault):
    gateway = launch("a", "b", workers=1)
    key = gateway.add_user()
    upstream.script(FAULTS[fault][0], account="a", times=-1)

    answers = [gateway.talk(key, f"Prompt {number}") for number in range(2)]

    assert [reply_of(answer) for answer in answers] == [f"You said: Prompt {n} (messages: 1)" for n in range(2)]
    # One turn met a and moved on to b; b has the next one, because a is suspect or rests since then.
    asked = [name(record["account"]) for record in upstream.requests() if "Prompt" in str(record["body"])]
    assert sorted(asked) == ["a", "b", "b"]


def test_never_moves_on_after_the_first_byte_and_keeps_what_came(launch, upstream):
    gateway = launch("a", "b", workers=1)
    key = gateway.add_user()

    answer = gateway.chat(key, "[[close_mid_stream:2]] Hello")

    assert_error(answer, 502)
    assert len([record for record in upstream.requests() if "Hello" in str(record["body"])]) == 1
    [conversation] = gateway.recall(key)
    [turn] = gateway.recall(key, conversation)["messages"]
    assert [part["reply"] for part in turn.values()] == ["You said: "]


def test_an_account_rests_as_long_as_the_upstream_asks_and_comes_back_by_itself(launch, upstream):
    gateway = launch("a")
    key = gateway.add_user()
    upstream.script({"status": 429, "headers": {"Retry-After": 3}})

    refused = gateway.chat(key, "One")
    assert_error(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 3

    still_resting = gateway.chat(key, "Two")
    assert_error(still_resting, 429, "rate_limited")
    assert 1 <= int(still_resting.headers["retry-after"]) <= 3
    assert len(upstream.requests()) == 1

    eventually(lambda: gateway.chat(key, "Three").status_code == 200, "the account comes back", patience=10)


def test_a_resting_account_is_passed_over_by_all_workers(launch, upstream):
    gateway = launch("a", "b", workers=4)
    key = gateway.add_user()
    upstream.script({"status": 429, "headers": {"Retry-After": 60}}, account="a", times=-1)

    for number in range(12):
        gateway.talk(key, f"Prompt {number}")

    assert upstream.accounts().count("a") == 1


def test_a_follow_up_waits_for_its_resting_account(launch, upstream):
    gateway = launch("a", "b")
    key = gateway.add_user()
    begun = {gateway.talk(key, f"First {n}")["conversation_id"]: n for n in range(2)}
    begun_on = dict(zip(upstream.accounts(), begun))
    upstream.script({"status": 429, "headers": {"Retry-After": 60}}, account="a", times=-1)

    for _ in range(2):
        answer = gateway.chat(key, "Next", conversation_id=begun_on["a"])
        assert_error(answer, 503, "account_resting")
        assert int(answer.headers["retry-after"]) > 1
    gateway.talk(key, "Next", conversation_id=begun_on["b"])

    assert upstream.accounts()[2:].count("a") == 1


def test_a_refused_credential_disables_the_account_until_a_person_acts(launch, upstream):
    gateway = launch("a", "b", workers=4)
    key = gateway.add_user()
    begun = [gateway.talk(key, f"First {n}")["conversation_id"] for n in range(2)]
    begun_on = dict(zip(upstream.accounts(), begun))
    upstream.script({"status": 401}, account="a")

    for number in range(10):
        gateway.talk(key, f"Prompt {number}")

    assert upstream.accounts()[2:].count("a") == 1
    answer = gateway.chat(key, "Next", conversation_id=begun_on["a"])
    assert_error(answer, 409, "account_unavailable")
    assert answer.headers["x-should-retry"] == "false"


def test_all_accounts_disabled_or_resting_is_unavailable(launch, upstream):
    gateway = launch("a", "b")
    key = gateway.add_user()
    upstream.script({"status": 429, "headers": {"Retry-After": 40}}, account="a", times=-1)
    upstream.script({"status": 401}, account="b", times=-1)

    gateway.chat(key, "One")
    answer = gateway.chat(key, "Two")

    assert_error(answer, 503, "no_account_available")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert len(upstream.requests()) == 2


@pytest.mark.parametrize("status", [400, 413, 422])
def test_the_callers_own_fault_rests_no_account(launch, upstream, status):
    gateway = launch("a", "b")
    key = gateway.add_user()
    upstream.script({"status": status})

    assert_error(gateway.chat(key, "Bad"), 400, "upstream_rejected_request")

    assert len(upstream.requests()) == 1
    for number in range(4):
        gateway.talk(key, f"Good {number}")
    assert sorted(upstream.accounts()[1:]) == ["a", "a", "b", "b"]


def test_without_any_account_the_caller_is_told_so(launch):
    gateway = launch()

    assert_error(gateway.chat(gateway.add_user(), "Hi"), 503, "no_account_available")


def test_an_upstream_that_is_not_there_is_a_failed_upstream(launch, upstream):
    gateway = launch(upstream.instance("a", base_url="http://127.0.0.1:9/v1"))

    assert_error(gateway.chat(gateway.add_user(), "Hi"), 502, "upstream_failed")
