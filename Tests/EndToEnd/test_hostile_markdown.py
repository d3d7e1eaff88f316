"""Texts for which the Markdown renderer alone would need minutes or gigabytes: HTML or 413 comes soon."""

import time

import pytest

from harness import process
from harness.load import parallel

SIZE = 500 * 1024
SMALL = 64 * 1024 - 100


def fill(unit: str, size: int) -> str:
    return unit * (size // len(unit))


#: Without bounds, on two busy cores: each large one took more than 30 s of cmark-gfm alone, most of them more than 45;
#: the two tables of columns and rows, even the small one, passed 4 GiB of memory before they were stopped. The many
#: delimiter rows took more than 10 minutes.
TEXTS = {
    "quotes": fill("> ", 20_000) + "a\n" + fill("b\n", SIZE - 20_000),
    "lists": fill("- ", 20_000) + "a\n" + fill("\n", SIZE - 20_000),
    "parentheses": "http://a" + fill(")", SIZE),
    "columns and rows": f"{fill('|x', 20_000)}|\n{fill('|-', 20_000)}|\n{fill('x' + chr(10), SIZE - 40_000)}",
    "instructions": fill("a <?b ", SIZE),
    "lines before a table": fill("a\n", SIZE) + "|-|\n",
    "small: quotes": fill("> ", 20_000) + "a\n" + fill("b\n", SMALL - 20_100),
    "small: parentheses": "http://a" + fill(")", SMALL),
    "small: columns and rows": f"{fill('|x', 10_000)}|\n{fill('|-', 10_000)}|\n{fill('x' + chr(10), SMALL - 20_100)}",
    "small: instructions": fill("a <?b ", SMALL),
    "small: declarations": fill("a <!A ", SMALL),
    "small: lines before a table": fill("a\n", SMALL) + "|-|\n",
    "small: many delimiter rows": fill("a\n", SMALL // 2) + fill("|-|-|\na\n", SMALL // 2),
    "small: cells": "|a|\n|-|\n" + fill("|*a _b", SMALL),
    "small: addresses": fill("a@a.", SMALL),
}


@pytest.mark.alone
@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_is_answered_soon(gateway, name):
    began = time.monotonic()

    answer = gateway.post("/api/render", gateway.add_user(), markdown=TEXTS[name])

    # The slowest takes about half a second where nothing else runs.
    assert time.monotonic() - began < 10
    assert answer.status_code == 413 or len(answer.json()["html"]) < 20 * len(TEXTS[name])


def test_many_hostile_texts_leave_the_server_small_and_answering(gateway):
    key = gateway.add_user()
    before = max(process.resident_bytes(pid) for pid in gateway.worker_pids())

    answers = parallel(lambda text: gateway.post("/api/render", key, markdown=text), [*TEXTS.values()] * 2, at_once=8)

    assert {answer.status_code for answer in answers} == {200, 413}
    assert gateway.get("/healthz").status_code == 200
    assert max(process.resident_bytes(pid) for pid in gateway.worker_pids()) < before + 200 * 2**20


def test_a_reply_that_cannot_be_rendered_is_shown_as_it_is(gateway):
    prompt = "<script>alert(1)</script>" + ">" * 200 + "\n" + "b\n" * 1000

    answer = gateway.request(
        "POST", "/api/chat", gateway.add_user(), data={"prompt": prompt, "reply_only": "true", "pretty": "true"})

    assert answer.status_code == 200 and "<script>alert" not in answer.text
    deep = gateway.request(
        "POST", "/api/chat", gateway.add_user(),
        data={"prompt": "\n" + ">" * 200 + "a", "reply_only": "true", "pretty": "true"})
    assert "<pre>You said:" in deep.text and "&gt;" * 200 in deep.text
