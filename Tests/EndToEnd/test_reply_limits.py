"""A reply that has no end, in bytes or in time, ends."""

import json
import time

import pytest

from harness.process import eventually

LIMITS = {"reply_idle_seconds": 2, "reply_total_seconds": 6}


def most_memory(gateway) -> int:
    """The most MiB that any worker ever held."""
    peaks = []
    for pid in gateway.worker_pids():
        with open(f"/proc/{pid}/status") as status:
            peaks += [int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")]
    return max(peaks)


def ask(gateway, key, **members):
    return gateway.post(
        "/v1/chat/completions", key, model="stub-model", messages=[{"role": "user", "content": "Hi"}], **members)


@pytest.mark.parametrize("flood", ["flood_arguments", "flood_reasoning", "flood_refusal"])
def test_everything_that_a_reply_holds_counts(launch, upstream, flood):
    gateway = launch("a", workers=1)
    key = gateway.add_user()
    upstream.script({flood: 56}, times=-1)

    answer = ask(gateway, key, stream=True)

    assert len(answer.content) < 16 * 1024 * 1024
    last = json.loads(answer.text.strip().rpartition("data: ")[2])
    assert last["error"]["code"] == "upstream_failed" and "longer" in last["error"]["message"]
    eventually(lambda: upstream.in_flight() == 0, "the connection to the upstream is closed")
    assert upstream.requests()[0]["client_closed"]
    assert most_memory(gateway) < 256
    # It was the prompt's fault: the account goes on.
    upstream.reset()
    assert gateway.talk(key, "After it")["status"] == "success"


def test_the_limit_is_a_setting_and_counts_whole_answers_too(launch, upstream):
    gateway = launch("a", workers=1, max_reply_bytes=20_000)
    key = gateway.add_user()

    upstream.script({"text": "word " * 3_000})
    assert ask(gateway, key).status_code == 200
    upstream.script({"text": "word " * 5_000})
    refused = ask(gateway, key)

    assert refused.status_code == 502
    assert "longer" in refused.json()["error"]["message"]


def test_what_came_before_the_limit_is_archived(launch, upstream):
    gateway = launch("a", workers=1, max_reply_bytes=20_000)
    key = gateway.add_user()
    upstream.script({"text": "word " * 5_000})

    answer = gateway.chat(key, "Much")

    assert answer.status_code == 502, answer.text
    kept = gateway.recall(key, answer.json()["conversation_id"])
    assert "word word" in json.dumps(kept)


@pytest.mark.parametrize("step", ["endless_comments", "endless_empty"])
@pytest.mark.parametrize("is_v1", [True, False])
def test_a_stream_without_progress_ends(launch, upstream, step, is_v1):
    gateway = launch("a", workers=1, **LIMITS)
    key = gateway.add_user()
    upstream.script({step: True}, times=-1)

    started = time.monotonic()
    if is_v1:
        answer = ask(gateway, key, stream=True)
        error = json.loads(answer.text.strip().rpartition("data: ")[2])["error"]
    else:
        answer = gateway.chat(key, "Hi")
        assert answer.status_code == 504
        error = answer.json()
    taken = time.monotonic() - started

    assert error["code"] == "upstream_timeout"
    assert 1.5 < taken < 10
    assert "Half of it" in json.dumps(gateway.recall(key, error["conversation_id"]))
    eventually(lambda: upstream.in_flight() == 0, "the connection to the upstream is closed")


def test_a_reply_that_goes_on_and_on_ends(launch, upstream):
    gateway = launch("a", workers=1, **LIMITS)
    key = gateway.add_user()
    upstream.script({"never_ending": True, "piece_delay_ms": 50}, times=-1)

    started = time.monotonic()
    answer = gateway.chat(key, "Hi")

    assert answer.status_code == 504 and answer.json()["code"] == "upstream_timeout"
    assert 5 < time.monotonic() - started < 20


def test_a_slow_reply_that_goes_on_is_not_cut(launch, upstream):
    gateway = launch("a", workers=1, reply_idle_seconds=2)
    upstream.script({"text": "one two three four", "piece_delay_ms": 1000})

    assert gateway.talk(gateway.add_user(), "Hi")["status"] == "success"
