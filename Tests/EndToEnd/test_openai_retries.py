"""What the openai package does by itself after a refusal, and who it then asks."""

import time

import openai
import pytest

from test_openai_sdk import ask, client_of


def test_a_rate_limit_upstream_says_when_to_come_back(launch, upstream):
    gateway = launch("a")
    upstream.script({"status": 429, "headers": {"Retry-After": "1"}})
    with pytest.raises((openai.RateLimitError, openai.InternalServerError)) as caught:
        ask(client_of(gateway))

    assert caught.value.status_code in (429, 503)
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 2
    assert caught.value.response.headers.get("x-should-retry") != "false"
    assert caught.value.request_id and caught.value.code


def test_the_package_waits_for_a_resting_account(launch, upstream):
    gateway = launch("a")
    client = client_of(gateway, retries=2)
    upstream.script({"status": 429, "headers": {"Retry-After": "1"}})
    begun = time.monotonic()
    answer = ask(client)

    assert answer.choices[0].message.content == "You said: Hello (messages: 1)"
    assert 0.9 <= time.monotonic() - begun < 10
    assert len(upstream.requests()) == 2


def test_a_refusal_that_cannot_change_is_not_repeated(launch, upstream):
    gateway = launch("a")
    upstream.script({"status": 400}, times=-1)
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client_of(gateway, retries=3))

    assert caught.value.request_id
    assert "secret-upstream-detail" not in caught.value.response.text
    assert len(upstream.requests()) == 1


def test_an_upstream_that_is_down_is_an_internal_server_error(launch, upstream):
    gateway = launch("a")
    upstream.script({"close_before_head": True}, times=-1)
    with pytest.raises(openai.InternalServerError) as caught:
        ask(client_of(gateway))

    assert caught.value.status_code in (502, 503)
    assert caught.value.code and caught.value.request_id
