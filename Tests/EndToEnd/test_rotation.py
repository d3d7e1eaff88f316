"""Which account a conversation goes to, over all workers together."""

from collections import Counter

from harness.answers import assert_error
from harness.load import parallel


def test_parallel_conversations_are_spread_evenly_over_all_workers(launch, upstream):
    gateway = launch("a", "b", workers=4)
    key = gateway.add_user()

    parallel(lambda number: gateway.talk(key, f"Prompt {number}"), range(100), at_once=12)

    counts = Counter(upstream.accounts())
    assert counts["a"] + counts["b"] == 100
    assert abs(counts["a"] - 50) <= 1, counts


def test_sequential_conversations_take_strict_turns(launch, upstream):
    gateway = launch("a", "b", "c", workers=4)
    key = gateway.add_user()

    for number in range(12):
        gateway.talk(key, f"Prompt {number}")

    order = upstream.accounts()
    assert order == order[:3] * 4 and set(order) == {"a", "b", "c"}


def test_follow_ups_do_not_disturb_the_turns(launch, upstream):
    gateway = launch("a", "b")
    key = gateway.add_user()
    first = gateway.talk(key, "First")["conversation_id"]
    for number in range(3):
        gateway.talk(key, f"Next {number}", conversation_id=first)
    gateway.talk(key, "Second")

    order = upstream.accounts()
    assert order[:4] == [order[0]] * 4 and order[4] != order[0]


def test_an_account_has_no_more_turns_at_once_than_its_slots(launch, upstream):
    gateway = launch(upstream.instance("a", max_concurrent=2), workers=4)
    key = gateway.add_user()

    parallel(lambda number: gateway.talk(key, f"[[delay_ms:150]] {number}"), range(16), at_once=16)

    assert upstream.state()["most_in_flight"]["a"]["chat"] == 2
    assert len(upstream.requests()) == 16


def test_a_full_account_is_passed_over(launch, upstream):
    gateway = launch(upstream.instance("a", max_concurrent=1), "b", workers=2)
    key = gateway.add_user()

    parallel(lambda number: gateway.talk(key, f"[[delay_ms:300]] {number}"), range(8), at_once=8)

    state = upstream.state()
    assert state["most_in_flight"]["a"]["chat"] == 1
    assert state["most_in_flight"]["b"]["chat"] > 1


def test_who_waits_too_long_for_a_slot_is_told_when_to_come_back(launch, upstream):
    gateway = launch(upstream.instance("a", max_concurrent=1), queue_timeout=1)
    key = gateway.add_user()

    answers = parallel(lambda _: gateway.chat(key, "[[delay_ms:4000]] Slow"), range(2), at_once=2)

    refused, answered = sorted(answers, key=lambda answer: -answer.status_code)
    assert answered.status_code == 200
    assert_error(refused, 503, "no_account_available")
    assert int(refused.headers["retry-after"]) >= 1
