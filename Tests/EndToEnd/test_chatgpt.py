"""Accounts of the ChatGPT web backend: turns, rotation, restarts and the state of the accounts."""

import json

import pytest

from harness.chatgpt import health, launch, simulated, simulator
from harness.load import parallel
from harness.simulator import ACCOUNTS


def text_of(answer: dict) -> str:
    return answer["message"]["content"]["parts"][0]


def test_parallel_prompts_never_meet_on_an_account_and_need_one_login_each(launch, simulator):
    gateway = launch("a", "b", workers=4)
    key = gateway.add_user()
    simulator.sim("settings", event_delay_ms=10)

    answers = parallel(lambda number: gateway.talk(key, f"Prompt {number}"), range(12), at_once=12)

    assert sorted(text_of(each) for each in answers) == sorted(f"You said: Prompt {n}. Turn 1." for n in range(12))
    for name in ("a", "b"):
        counters = simulator.counters(name)
        assert (counters["logins"], counters["max_in_flight"], counters["busy_refusals"]) == (1, 1, 0)
        assert counters["turns"] > 0


@pytest.mark.parametrize("era", ["2023-02", "2023-03", "2023-06", "2023-12", "2024-delta"])
def test_each_era_is_understood_with_title_and_follow_up(launch, simulator, era):
    simulator.sim("era", era=era)
    gateway = launch({**simulator.instance("a", access_token=simulator.credential("a"))}, workers=1)
    key = gateway.add_user()

    first = gateway.talk(key, "Hello")
    second = gateway.talk(key, "And more", conversation_id=first["conversation_id"])

    assert text_of(first) == "You said: Hello. Turn 1." and text_of(second) == "You said: And more. Turn 2."
    assert first["message"]["metadata"]["model_slug"].startswith("text-davinci")
    assert second["last_message_reply"] == "You said: Hello. Turn 1."
    assert simulator.conversations()[0]["branches"] == 0
    assert simulator.counters("a")["logins"] == 0


def test_a_restart_in_mid_conversation_keeps_account_and_parent(launch, simulator):
    gateway = launch("a", "b", workers=2)
    key = gateway.add_user()
    first = gateway.talk(key, "Before")

    gateway.hup()
    second = gateway.talk(key, "After", conversation_id=first["conversation_id"])

    assert text_of(second) == "You said: After. Turn 2."
    before, after = simulator.prompts()
    assert before["account"] == after["account"]
    assert after["body"]["parent_message_id"] == first["message"]["id"]
    assert len(simulator.paths("/u/login/password")) == 1, "the token came from the cache"


def test_an_account_that_is_taken_out_of_the_settings_comes_back_with_its_conversations(launch, simulator):
    gateway = launch("a", workers=1)
    key = gateway.add_user()
    first = gateway.talk(key, "Before")
    settings = gateway.settings

    gateway.write_settings({**settings, "openai": simulator.settings("b")})
    gateway.hup()
    refused = gateway.chat(key, "Without", conversation_id=first["conversation_id"])
    assert refused.status_code == 409 and refused.json()["code"] == "account_unavailable"
    assert refused.headers["x-should-retry"] == "false"
    assert len(gateway.recall(key, first["conversation_id"])["messages"]) == 1

    gateway.write_settings(settings)
    gateway.hup()
    assert text_of(gateway.talk(key, "Again", conversation_id=first["conversation_id"])).endswith("Turn 2.")


#: Fault, status, code and the state of the account afterwards, for a new conversation on the only account.
REFUSALS = {
    "status:401:invalid_jwt": (502, "upstream_failed", "disabled"),
    "status:401:deactivated": (502, "upstream_failed", "disabled"),
    "status:403:challenge": (502, "upstream_failed", "resting"),
    "status:403:1020_text": (502, "upstream_failed", "resting"),
    "status:403:unusual": (502, "upstream_failed", "resting"),
    "status:403:country": (502, "upstream_failed", "disabled"),
    "status:404:html": (502, "upstream_failed", "ready"),
    "status:413": (413, "body_too_large", ""),
    "status:422": (400, "upstream_rejected_request", ""),
    "status:429:hour": (429, "rate_limited", "resting"),
    "status:429:busy": (429, "rate_limited", "resting"),
    "status:429:slow_down": (429, "rate_limited", "resting"),
    "status:429:overload": (502, "upstream_failed", "ready"),
    "status:429:cap=60": (503, "no_account_available", ""),
    "status:429:error_object": (429, "rate_limited", "resting"),
    "status:302": (502, "upstream_failed", "ready"),
    "status:524": (504, "upstream_timeout", "ready"),
    "json_200": (502, "upstream_failed", "ready"),
    "no_text": (502, "upstream_failed", "ready"),
    "error_event:0": (502, "upstream_failed", "ready"),
    "detail_event:0": (502, "upstream_failed", "ready"),
    "plain_ise:sse": (502, "upstream_failed", "ready"),
    "status:524:accepted": (504, "upstream_timeout", "ready"),
}
WORDS_OF_BODIES = ("cloudflare", "Just a moment", "Hmm...", "unusual", "loc", "token_expired", "wss_url", "<html")


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refusal_is_told_plainly_and_once(launch, simulator, fault):
    status, code, state = REFUSALS[fault]
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()

    answer = gateway.chat(key, f"[[fault:once:{fault}]] Marked prompt")

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["message"].endswith(".")
    assert not [word for word in WORDS_OF_BODIES if word in answer.text]
    assert health(gateway, "a").get("state", "") == state
    assert len(simulator.prompts("Marked prompt")) == 1


@pytest.mark.parametrize("fault", ["status:500", "status:500:text", "plain_ise", "status:502", "status:503", "reset"])
def test_what_passes_by_itself_is_tried_again_before_the_first_byte(launch, simulator, fault):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()
    simulator.next(fault, "a", path="/backend-api/conversation")

    answer = gateway.talk(key, "Marked prompt")

    assert text_of(answer) == "You said: Marked prompt. Turn 1."
    first, second = simulator.prompts("Marked prompt")
    assert first["body"]["messages"][0]["id"] == second["body"]["messages"][0]["id"]
    assert not health(gateway, "a")


@pytest.mark.parametrize("fault", [
    "ping:1", "ping_after_last", "no_done", "no_done:rst", "garbage:1", "chunking:1", "chunking:0", "chunking:7",
    "line_ends:crlf", "line_ends:cr", "compact", "raw_utf8", "early_finish", "title_event", "moderation_stop",
    "cut:4", "cut:4:rst", "cut_bytes:900", "replace", "tool_turn",
])
def test_an_odd_stream_gives_the_whole_answer_and_one_prompt(launch, simulator, fault):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()
    simulator.next(fault, "a", path="/backend-api/conversation")

    answer = gateway.talk(key, "Grüße, 世界")
    follow_up = gateway.talk(key, "More", conversation_id=answer["conversation_id"])

    assert text_of(answer) == "You said: Grüße, 世界. Turn 1."
    assert text_of(follow_up) == "You said: More. Turn 2."
    assert len(simulator.prompts("Gr")) == 1
    assert simulator.conversations()[0]["branches"] == 0


def test_marks_of_the_protocol_in_an_answer_are_text(launch, simulator):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()
    simulator.next("marker_text", "a", path="/backend-api/conversation")

    assert 'data: [DONE]' in text_of(gateway.talk(key, "Hello"))


def test_a_cut_reply_is_continued_a_few_times_and_threads_on_its_last_part(launch, simulator):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()
    simulator.next("max_tokens:2", "a", path="/backend-api/conversation")

    answer = gateway.talk(key, "Long story")
    follow_up = gateway.talk(key, "More", conversation_id=answer["conversation_id"])

    assert text_of(answer) == "You said: Long story. Turn 1." and answer["finish_reason"] == "stop"
    assert [each["body"]["action"] for each in simulator.prompts()] == ["next", "continue", "continue", "next"]
    assert text_of(follow_up) == "You said: More. Turn 2."


def test_an_interrupted_and_a_long_reply_are_whole_turns(launch, simulator):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()

    interrupted = gateway.talk(key, "[[fault:interrupted]] Stop me")
    long = gateway.talk(key, "[[fault:big:60000]] Tell me all")

    assert interrupted["finish_reason"] == "interrupted"
    assert len(text_of(long)) == 60000 and long["finish_reason"] == "stop"


def test_a_reply_that_is_cut_for_ever_ends(launch, simulator):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()
    simulator.next("max_tokens:-1", "a", path="/backend-api/conversation")

    answer = gateway.talk(key, "Endless story")

    assert answer["finish_reason"] == "length"
    assert len(simulator.prompts()) == 5


def test_a_stream_that_is_lost_keeps_its_part_and_the_thread(launch, simulator):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()
    simulator.next("cut:5:lost", "a", path="/backend-api/conversation")

    answer = gateway.chat(key, "Marked prompt")

    assert answer.status_code == 502 and len(simulator.prompts("Marked prompt")) == 1
    kept = gateway.recall(key, answer.json()["conversation_id"])["messages"]
    (message,) = kept[0].values()
    assert message["reply"] and "You said: Marked prompt. Turn 1.".startswith(message["reply"])


@pytest.mark.parametrize("fault", ["title_fail", "title_slow", "title_exists"])
def test_a_title_never_costs_the_reply(launch, simulator, fault):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1, title_timeout=1)
    key = gateway.add_user()
    simulator.next(fault, "a")

    answer = gateway.talk(key, "A fine question")

    assert text_of(answer) == "You said: A fine question. Turn 1." and answer["conversation_title"]
    assert not health(gateway, "a")


def test_a_conversation_that_the_upstream_lost_is_told_so(launch, simulator):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()
    first = gateway.talk(key, "Hello")
    simulator.next("status:404", "a", path="/backend-api/conversation")

    answer = gateway.chat(key, "More", conversation_id=first["conversation_id"])

    assert (answer.status_code, answer.json()["code"]) == (409, "upstream_conversation_lost")
    assert not health(gateway, "a")


def test_a_stale_parent_is_looked_up_once(launch, simulator):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()
    first = gateway.talk(key, "Hello")
    simulator.next("status:429:reload", "a", path="/backend-api/conversation")

    assert text_of(gateway.talk(key, "More", conversation_id=first["conversation_id"])).endswith("Turn 2.")


def test_a_follow_up_that_timed_out_is_read_back_and_not_repeated(launch, simulator):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()
    first = gateway.talk(key, "Hello")

    answer = gateway.talk(key, "[[fault:status:524:accepted]] Marked", conversation_id=first["conversation_id"])

    assert text_of(answer) == "You said: Marked. Turn 2." and len(simulator.prompts("Marked")) == 1


def test_a_new_conversation_moves_on_but_not_from_a_prompt_that_was_taken(launch, simulator):
    gateway = launch("a", "b", workers=1)
    key = gateway.add_user()
    simulator.next("status:429:hour", "a", path="/backend-api/conversation")
    assert gateway.talk(key, "First")
    assert [each["account"][0] for each in simulator.prompts("First")] == ["a", "b"]

    simulator.next("status:524", "b", path="/backend-api/conversation")
    assert gateway.chat(key, "Second").status_code == 504
    assert len(simulator.prompts("Second")) == 1


def test_the_model_follows_plus_and_the_one_that_answered_is_told(launch, simulator):
    gateway = launch("a", "plus", workers=1)
    key = gateway.add_user(plus=True)

    free, plus = gateway.talk(key, "Free"), gateway.talk(key, "Plus", plus=True)

    assert free["message"]["metadata"]["model_slug"] == "text-davinci-002-render-sha"
    assert plus["message"]["metadata"]["model_slug"] == "gpt-4"


def test_another_settings_file_has_no_use_for_old_secrets(launch, simulator):
    gateway = launch("a", workers=1)
    gateway.talk(gateway.add_user(), "Hello")
    caches = list((gateway.state / "accounts").glob("*.token.json"))

    assert len(caches) == 1 and caches[0].stat().st_mode & 0o077 == 0
    assert ACCOUNTS["a"]["password"] not in caches[0].read_text()


def events_of(text: str) -> list[tuple[str, dict]]:
    blocks = [block.split("\n") for block in text.split("\n\n") if block.startswith("event:")]
    return [(block[0][7:], json.loads(block[1][6:])) for block in blocks]


def test_a_stream_passes_pieces_on_and_tells_a_replaced_text(launch, simulator):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()
    simulator.next(["slow:20", "replace"], "a", path="/backend-api/conversation")

    events = events_of(gateway.chat(key, "Hello", stream=True).text)

    text = ""
    for name, data in events:
        text = text + data["text"] if name == "delta" else data["text"] if name == "replace" else text
    assert events[-1][0] == "done" and text == text_of(events[-1][1]) == "You said: Hello. Turn 1."
    assert [name for name, _ in events].count("replace") >= 1


def test_the_openai_api_is_served_from_such_an_account(launch, simulator):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()
    model = "text-davinci-002-render-sha"
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]

    models = gateway.get("/v1/models", key).json()
    whole = gateway.post("/v1/chat/completions", key, model=model, messages=messages).json()
    stream = gateway.post("/v1/chat/completions", key, model=model, messages=messages, stream=True).text

    assert [each["id"] for each in models["data"]] == [model]
    assert "Hello" in whole["choices"][0]["message"]["content"] and whole["model"] == model
    chunks = [json.loads(line[6:]) for line in stream.split("\n\n") if line.startswith("data: {")]
    told = "".join(each["choices"][0]["delta"].get("content", "") for each in chunks if each["choices"])
    assert told == whole["choices"][0]["message"]["content"] and stream.endswith("data: [DONE]\n\n")
    assert gateway.post("/v1/chat/completions", key, model="none", messages=messages).status_code == 404
