"""One turn, in every form in which it can be asked for and answered."""

import re

import pytest

from harness.answers import assert_error, reply_of
from harness.gateway import new_id
from harness.load import parallel


def test_answers_with_all_fields_of_the_contract(gateway):
    user_id = new_id()
    key = gateway.add_user(user_id, username="Ada Lovelace")

    answer = gateway.talk(key, "What is an engine?")

    assert answer["status"] == "success"
    assert answer["error"] is None
    assert reply_of(answer) == "You said: What is an engine? (messages: 1)"
    message = answer["message"]
    assert message["author"]["role"] == "assistant"
    assert message["content"]["content_type"] == "text"
    assert message["end_turn"] is True
    assert message["metadata"]["model_slug"] == "stub-model"
    assert "finish_details" in message["metadata"]
    assert message["id"] and answer["conversation_id"]
    assert answer["conversation_title"] == "Stub Title"
    assert (answer["api_user"], answer["api_client_id"]) == ("Ada Lovelace", "self")
    assert answer["api_prompt"] == "What is an engine?"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", answer["api_prompt_time_origin"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \| \d\d:\d\d:\d\d", answer["api_prompt_time_origin_readable"])
    assert re.fullmatch(r"\d+\.\d\d", answer["api_response_time_taken"])
    assert answer["usage"] == {"prompt_tokens": 4, "completion_tokens": 8, "total_tokens": 12}
    assert answer["finish_reason"] == "stop"
    assert "last_message_prompt" not in answer


def test_says_neither_who_answered_nor_to_the_upstream_who_asked(gateway, upstream):
    user_id = new_id()
    answer = gateway.chat(gateway.add_user(user_id), "Hello")

    assert answer.headers["x-request-id"] == answer.json()["request_id"]
    assert "sk-upstream" not in answer.text and "account" not in answer.text
    [record] = upstream.requests()
    assert record["body"]["user"] and user_id not in str(record)


def test_the_upstream_knows_a_user_by_the_same_name_each_time(gateway, upstream):
    key, other = gateway.add_user(), gateway.add_user()
    for sender in (key, key, other):
        gateway.talk(sender, "Hello")

    names = [record["body"]["user"] for record in upstream.requests()]
    assert names[0] == names[1] != names[2]


def ask_by_query(gateway, key, members):
    return gateway.request("GET", "/api/chat", params={"user": key, **members})


def ask_by_bearer(gateway, key, members):
    return gateway.request("GET", "/api/chat", key, params=members)


def ask_by_json(gateway, key, members):
    return gateway.request("POST", "/api/chat", json={"user": key, **members})


def ask_by_form(gateway, key, members):
    return gateway.request("POST", "/api/chat", data={"user": key, **members})


def ask_by_multipart(gateway, key, members):
    return gateway.request("POST", "/api/chat", files={n: (None, v) for n, v in {"user": key, **members}.items()})


WAYS = [ask_by_query, ask_by_bearer, ask_by_json, ask_by_form, ask_by_multipart]


@pytest.mark.parametrize("ask", WAYS)
def test_understands(gateway, ask):
    prompt = "Grüße & 100 % = \"é\" + 漢字\n🙂"

    answer = ask(gateway, gateway.add_user(), {"prompt": prompt, "reply_only": "true"})

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == f"You said: {prompt} (messages: 1)"


@pytest.mark.parametrize("ask", WAYS)
def test_answers_the_same_in_json_to(gateway, ask):
    answer = ask(gateway, gateway.add_user(), {"prompt": "Hi"}).json()

    assert reply_of(answer) == "You said: Hi (messages: 1)"


@pytest.mark.parametrize("name", ["plus", "reply_only", "pretty"])
@pytest.mark.parametrize("value", ["maybe", "1", "TRUE", 1, [True]])
def test_names_the_boolean_that_is_none(gateway, name, value):
    answer = gateway.chat(gateway.add_user(), "Hi", **{name: value})

    assert answer.status_code == 422, answer.text
    assert name in answer.text


@pytest.mark.parametrize("value", [True, "true"])
def test_takes_booleans_as_such_and_as_words(gateway, value):
    assert gateway.chat(gateway.add_user(), "Hi", reply_only=value).text == "You said: Hi (messages: 1)"


def test_ignores_parameters_that_it_does_not_know(gateway):
    gateway.talk(gateway.add_user(), "Hi", favourite_colour="green")


@pytest.mark.parametrize("prompt", [None, "", "  \n\t"])
def test_sends_the_default_prompt_for_a_blank_one(gateway, upstream, prompt):
    gateway.talk(gateway.add_user(), prompt)

    [record] = upstream.requests()
    assert record["body"]["messages"][-1]["content"].strip()


def test_requires_a_prompt_where_the_operator_has_no_default(launch):
    gateway = launch("a", default_prompt=None)

    assert_error(gateway.chat(gateway.add_user(), " "), 422, "prompt_required")


def test_sends_the_system_prompt_and_keeps_it_for_follow_ups(gateway, upstream):
    key = gateway.add_user()
    first = gateway.talk(key, "Hi", system="Answer in Latin.")
    gateway.talk(key, "Again", conversation_id=first["conversation_id"])

    for record in upstream.requests():
        assert record["body"]["messages"][0] == {"role": "system", "content": "Answer in Latin."}


def test_an_unknown_model_is_not_found(gateway):
    assert_error(gateway.chat(gateway.add_user(), "Hi", model="no-such-model"), 404, "model_not_found")


def test_counts_tokens_itself_where_the_upstream_does_not(gateway):
    usage = gateway.talk(gateway.add_user(), "[[missing_usage]] One two three")["usage"]

    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0


def test_puts_a_reply_together_that_comes_byte_by_byte(gateway):
    assert reply_of(gateway.talk(gateway.add_user(), "[[one_byte]] é漢🙂")).endswith("é漢🙂 (messages: 1)")


ATTACK = """# Title
<script>alert(1)</script><img src=x onerror=alert(2)>
[link](javascript:alert(3)) ![pixel](https://evil.example/p.png) <a href="https://x" onclick="alert(4)">a</a>

| a | b |
|---|---|
| 1 | 2 |

```python
print("</code></pre><script>alert(5)</script>")
```
"""


def test_a_pretty_reply_is_a_page_in_which_nothing_of_the_model_runs(gateway, upstream):
    key = gateway.add_user()
    upstream.script({"text": ATTACK})

    answer = gateway.chat(key, "Attack", reply_only=True, pretty=True)

    assert answer.headers["content-type"].startswith("text/html")
    page = answer.text.lower()
    assert page.startswith("<!doctype html>") and "<table" in page and "<h1" in page
    for harm in ("<script>alert", "onerror=", 'href="javascript:', "<img", 'onclick="'):
        assert harm not in page, harm
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_failed_reply_only_is_plain_text_with_the_same_status(gateway, upstream):
    upstream.script({"status": 400})

    answer = gateway.chat(gateway.add_user(), "Hi", reply_only=True)

    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert "secret-upstream-detail" not in answer.text


def test_plus_is_for_those_who_have_it(gateway, upstream):
    without, having = gateway.add_user(), gateway.add_user(plus=True)

    assert_error(gateway.chat(without, "Hi", plus=True), 403)
    gateway.talk(having, "Hi", plus=True)
    gateway.talk(without, "Hi", plus="any")

    accounts = upstream.accounts()
    assert accounts[0] == "plus" and accounts[1] in ("a", "b")


def test_any_uses_all_accounts_for_those_who_have_plus(gateway, upstream):
    key = gateway.add_user(plus=True)
    for number in range(3):
        gateway.talk(key, f"Hi {number}", plus="any")

    assert sorted(upstream.accounts()) == ["a", "b", "plus"]


def test_a_follow_up_goes_to_the_same_account_with_the_whole_history(gateway, upstream):
    key = gateway.add_user()
    conversations = {gateway.talk(key, f"First {number}")["conversation_id"]: number for number in range(4)}
    begun_on = dict(zip(conversations, upstream.accounts()))

    for conversation, number in conversations.items():
        upstream.reset()
        answer = gateway.talk(key, f"Second {number}", conversation_id=conversation)

        [record] = upstream.requests()
        assert upstream.accounts() == [begun_on[conversation]]
        assert record["body"]["messages"] == [
            {"role": "user", "content": f"First {number}"},
            {"role": "assistant", "content": f"You said: First {number} (messages: 1)"},
            {"role": "user", "content": f"Second {number}"},
        ]
        assert answer["conversation_id"] == conversation
        assert answer["last_message_prompt"] == f"First {number}"
        assert answer["last_message_reply"] == f"You said: First {number} (messages: 1)"
        assert upstream.requests("title") == []


def test_parallel_follow_ups_of_a_conversation_run_one_after_another(gateway, upstream):
    key = gateway.add_user()
    conversation = gateway.talk(key, "First")["conversation_id"]

    parallel(lambda n: gateway.talk(key, f"Next {n}", conversation_id=conversation), range(4), at_once=4)

    counts = sorted(len(record["body"]["messages"]) for record in upstream.requests())
    assert counts == [1, 3, 5, 7, 9]
    assert len(gateway.recall(key, conversation)["messages"]) == 5


def test_a_follow_up_that_waits_too_long_is_told_so(launch, upstream):
    gateway = launch("a", queue_timeout=1)
    key = gateway.add_user()
    conversation = gateway.talk(key, "First")["conversation_id"]

    prompts = ["[[delay_ms:4000]] Slow"] * 2
    answers = parallel(lambda p: gateway.chat(key, p, conversation_id=conversation), prompts, at_once=2)

    refused, answered = sorted(answers, key=lambda answer: -answer.status_code)
    assert_error(refused, 400, "conversation_busy")
    assert answered.status_code == 200


def test_a_follow_up_in_an_unknown_conversation_is_not_found(gateway):
    assert_error(gateway.chat(gateway.add_user(), "Hi", conversation_id="nothing"), 404)
