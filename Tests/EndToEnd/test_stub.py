"""The stub does what the other tests rely on."""

import httpx
import pytest

from harness.process import eventually
from harness.upstream import Upstream, key


@pytest.fixture
def client(upstream: Upstream):
    headers = {"Authorization": f"Bearer {key('a')}"}
    with httpx.Client(base_url=upstream.url, headers=headers, timeout=10) as client:
        yield client


def ask(client: httpx.Client, prompt: str, **members) -> httpx.Response:
    body = {"model": "m", "messages": [{"role": "user", "content": prompt}], **members}
    return client.post("/chat/completions", json=body)


def test_echoes_the_prompt_and_counts_the_messages(client, upstream):
    answer = ask(client, "Hello there").json()

    assert answer["choices"][0]["message"]["content"] == "You said: Hello there (messages: 1)"
    assert answer["usage"] == {"prompt_tokens": 2, "completion_tokens": 6, "total_tokens": 8}
    [record] = upstream.requests()
    assert (record["status"], record["client_closed"], upstream.accounts()) == (200, False, ["a"])
    assert ["Authorization".lower(), f"Bearer {key('a')}"] in [[n.lower(), v] for n, v in record["headers"]]


def test_streams_pieces_then_usage_then_done(client):
    lines = ask(client, "Hi", stream=True, stream_options={"include_usage": True}).text.split("\n\n")

    assert lines[-2:] == ["data: [DONE]", ""]
    assert '"usage": {"prompt_tokens"' in lines[-3]
    assert '"content": "You "' in lines[1]


def test_refuses_an_unknown_account(upstream):
    answer = httpx.get(f"{upstream.url}/models", headers={"Authorization": "Bearer nobody"})

    assert answer.status_code == 401


def test_counts_requests_for_titles_apart(client, upstream):
    system = {"role": "system", "content": "Give this conversation a title of two words."}
    answer = client.post("/chat/completions", json={
        "messages": [system, {"role": "user", "content": "[[status:500]] A title"}], "max_tokens": 16})
    assert answer.status_code == 200

    assert len(upstream.requests("title")) == 1
    assert upstream.requests("chat") == []


def test_plays_a_script_in_order_and_for_one_account_only(client, upstream):
    upstream.script({"status": 429, "headers": {"Retry-After": 7}}, account="a")
    upstream.script({"status": 500}, account="b")

    refused = ask(client, "One")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    assert ask(client, "Two").status_code == 200


@pytest.mark.parametrize("fault", ["close_before_head", "garbage", "close_mid_stream:2"])
@pytest.mark.parametrize("is_streamed", [False, True])
def test_breaks_the_connection(client, fault, is_streamed):
    with pytest.raises(httpx.TransportError):
        ask(client, f"[[{fault}]] Hello", stream=is_streamed)


@pytest.mark.parametrize("step, text", [("html_200", "<html>"), ("error_in_200", '"error"'), ("invalid_json", "{")])
def test_answers_200_with_something_else(client, step, text):
    answer = ask(client, f"[[{step}]] Hello")

    assert answer.status_code == 200
    assert text in answer.text


def test_writes_byte_by_byte_without_changing_the_answer(client):
    assert ask(client, "[[one_byte]] A").json()["choices"][0]["message"]["content"].startswith("You said: [[one_byte]]")
    assert ask(client, "[[one_byte]] A", stream=True).text.endswith("data: [DONE]\n\n")


def test_notices_a_client_that_leaves_an_endless_stream(client, upstream):
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "[[never_ending]] A"}]}
    with client.stream("POST", "/chat/completions", json=body) as answer:
        lines = answer.iter_lines()
        for _ in range(50):
            next(lines)
        assert upstream.in_flight() == 1

    [record] = eventually(lambda: [r for r in upstream.requests() if r["finished"]], "the stub notices")
    assert record["client_closed"]


def test_notices_a_client_that_leaves_before_the_answer(client, upstream):
    with pytest.raises(httpx.ReadTimeout):
        ask(client.__class__(base_url=upstream.url, headers=client.headers, timeout=0.3), "[[hang]] A")

    eventually(lambda: upstream.requests()[0]["client_closed"], "the stub notices")


def test_refuses_a_script_it_does_not_understand(upstream):
    answer = upstream.control.post("/_stub/script", json={"step": {"explode": True}})

    assert answer.status_code == 400
