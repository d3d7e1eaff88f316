"""Titles never cost a reply."""

import time

import pytest


def test_a_slow_title_is_cut_from_the_prompt_in_time(gateway, upstream):
    key = gateway.add_user()
    upstream.script({"delay_ms": 30_000}, kind="title")

    started = time.monotonic()
    answer = gateway.talk(key, "How do bees find their way home?")
    taken = time.monotonic() - started

    assert answer["conversation_title"] == "How do bees find their way home?"
    assert 4 < taken < 9


@pytest.mark.parametrize(
    "step", [{"status": 500}, {"status": 429}, {"close_before_head": True}, {"html_200": True}, {"text": "  \n"}])
def test_a_title_that_fails_is_cut_from_the_prompt_and_rests_no_account(gateway, upstream, step):
    key = gateway.add_user()
    upstream.script(step, kind="title", times=-1)

    answers = [gateway.talk(key, "Why is the sky blue?\nSecond line") for _ in range(4)]

    assert {answer["conversation_title"] for answer in answers} == {"Why is the sky blue?"}
    assert sorted(upstream.accounts()) == ["a", "a", "b", "b"]


def test_a_long_prompt_makes_a_short_title(gateway, upstream):
    upstream.script({"status": 500}, kind="title")

    title = gateway.talk(gateway.add_user(), "word " * 500)["conversation_title"]

    assert title.startswith("word word") and len(title) <= 80


def test_what_a_model_gives_as_title_is_tidied(gateway, upstream):
    upstream.script({"text": '"Bees and Homes"\n\nThis title says …'}, kind="title")

    assert gateway.talk(gateway.add_user(), "Bees")["conversation_title"] == "Bees and Homes"
