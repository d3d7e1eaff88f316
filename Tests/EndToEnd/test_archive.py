"""What the archive keeps of a conversation: all that came, in every form in which it is read."""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from harness.answers import assert_error

TOOLS = [{"type": "function", "function": {"name": "lookup", "parameters": {"type": "object", "properties": {}}}}]


def sdk(gateway, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0, timeout=30)


def user(text) -> dict:
    return {"role": "user", "content": text}


def complete(gateway, key: str, messages: list, stream: bool = False, **options) -> tuple[str, list[dict]]:
    """One call; the id of its conversation and the messages of its choices."""
    answer = sdk(gateway, key).chat.completions.create(model="stub-model", messages=messages, stream=stream, **options)
    if not stream:
        return answer.conversation_id, [item.message.model_dump(exclude_none=True) for item in answer.choices]
    for chunk in answer:
        conversation = chunk.conversation_id
    return conversation, []


def turns(gateway, key: str, conversation: str) -> list[dict]:
    """The turns of a conversation, which must be the same in a recall and in an export."""
    exported = gateway.get("/api/recall", key, conversation_id=conversation, format="json").json()["turns"]
    recalled = [turn for message in gateway.recall(key, conversation)["messages"] for turn in message.values()]
    beside = ("prompt", "reply", "choices", "tool_calls", "tool_results", "refusal", "reasoning", "given", "prompt_parts")
    assert [[turn.get(name) for name in beside] for turn in recalled] == [
        [turn.get(name) for name in beside] for turn in exported]
    return exported


def markdown(gateway, key: str, conversation: str) -> str:
    return gateway.get("/api/recall", key, conversation_id=conversation, format="markdown").text


def sent(upstream) -> list[dict]:
    return upstream.requests()[-1]["body"]["messages"]


@pytest.fixture
def key(gateway) -> str:
    return gateway.add_user()


# Models


def test_a_follow_up_asks_for_the_model_that_was_asked_for(gateway, upstream, key):
    upstream.script({"model": "stub-model-2026-01-01"}, times=2)
    conversation = gateway.talk(key, "One", model="stub-model")["conversation_id"]
    gateway.talk(key, "Two", conversation_id=conversation)
    assert upstream.requests()[-1]["body"]["model"] == "stub-model"
    assert upstream.requests("title")[-1]["body"]["model"] == "stub-model"
    kept = turns(gateway, key, conversation)
    assert [turn["model"] for turn in kept] == ["stub-model-2026-01-01"] * 2
    assert [turn["requested_model"] for turn in kept] == ["stub-model"] * 2


def test_a_follow_up_of_a_turn_that_named_no_model_asks_for_none_but_the_accounts(gateway, upstream, key):
    upstream.script({"model": "stub-model-2026-01-01"}, times=2)
    conversation = gateway.talk(key, "One")["conversation_id"]
    gateway.talk(key, "Two", conversation_id=conversation)
    assert upstream.requests()[-1]["body"]["model"] == "stub-model"
    assert all("requested_model" not in turn for turn in turns(gateway, key, conversation))


# What came


@pytest.mark.parametrize("stream", [False, True])
def test_choices_are_kept_apart(gateway, key, stream):
    conversation, _ = complete(gateway, key, [user("Hi")], stream, n=3)
    (turn,) = turns(gateway, key, conversation)
    reply = "You said: Hi (messages: 1)"
    assert turn["reply"] == reply
    assert [(item["index"], item["reply"]) for item in turn["choices"]] == [
        (1, f"{reply} (choice 1)"), (2, f"{reply} (choice 2)")]
    assert f"{reply} (choice 2)" in markdown(gateway, key, conversation)


@pytest.mark.parametrize("choice", [0, 2])
def test_a_thread_goes_on_with_any_choice(gateway, key, choice):
    conversation, choices = complete(gateway, key, [user("Hi")], n=3)
    again, _ = complete(gateway, key, [user("Hi"), choices[choice], user("More")])
    assert again == conversation


@pytest.mark.parametrize("stream", [False, True])
def test_refusal_and_reasoning_are_kept(gateway, upstream, key, stream):
    upstream.script({"refusal": "I cannot do that.", "reasoning": "Is this allowed? No."})
    conversation, _ = complete(gateway, key, [user("Do it")], stream)
    (turn,) = turns(gateway, key, conversation)
    assert turn["refusal"] == "I cannot do that." and turn["reasoning"] == "Is this allowed? No."
    for words in ("I cannot do that.", "Is this allowed? No."):
        assert words in markdown(gateway, key, conversation)
    gateway.talk(key, "Why?", conversation_id=conversation)
    assert [message["role"] for message in sent(upstream)] == ["user", "assistant", "user"]
    assert sent(upstream)[1]["refusal"] == "I cannot do that."
    assert "Is this allowed" not in json.dumps(sent(upstream))


@pytest.mark.parametrize("stream", [False, True])
def test_refusal_and_reasoning_of_the_chat_are_kept(gateway, upstream, key, stream):
    upstream.script({"refusal": "I cannot do that.", "reasoning": "Is this allowed? No."})
    answer = gateway.chat(key, "Do it", stream=stream)
    assert "I cannot do that." in answer.text
    (conversation,) = gateway.recall(key)
    (turn,) = turns(gateway, key, conversation)
    assert turn["refusal"] == "I cannot do that." and turn["reasoning"] == "Is this allowed? No."


@pytest.mark.parametrize("stream", [False, True])
def test_calls_of_tools_and_their_results_are_kept_and_sent_again(gateway, upstream, key, stream):
    upstream.script({"tool_calls": True})
    conversation, messages = complete(gateway, key, [user("Weather?")], tools=TOOLS)
    result = {"role": "tool", "tool_call_id": messages[0]["tool_calls"][0]["id"], "content": "Sun"}
    again, _ = complete(gateway, key, [user("Weather?"), messages[0], result], stream, tools=TOOLS)
    assert again == conversation

    first, second = turns(gateway, key, conversation)
    assert (first["prompt"], first["reply"]) == ("Weather?", "")
    assert first["tool_calls"] == messages[0]["tool_calls"]
    assert second["prompt"] == "" and second["tool_results"] == [result] and second["reply"]
    for words in ("lookup", "Sun"):
        assert words in markdown(gateway, key, conversation)

    gateway.talk(key, "Thanks", conversation_id=conversation)
    roles = [message["role"] for message in sent(upstream)]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]
    assert sent(upstream)[1]["tool_calls"] == messages[0]["tool_calls"] and sent(upstream)[2] == result


def test_results_of_tools_alone_continue_a_named_conversation(gateway, upstream, key):
    upstream.script({"tool_calls": True})
    conversation, messages = complete(gateway, key, [user("Weather?")], tools=TOOLS)
    result = {"role": "tool", "tool_call_id": messages[0]["tool_calls"][0]["id"], "content": "Sun"}
    complete(gateway, key, [result], extra_body={"conversation_id": conversation})
    assert [message["role"] for message in sent(upstream)] == ["user", "assistant", "tool"]


def test_a_call_that_nobody_answered_is_not_sent_again(gateway, upstream, key):
    upstream.script({"tool_calls": True})
    conversation, _ = complete(gateway, key, [user("Weather?")], tools=TOOLS)
    gateway.talk(key, "Never mind", conversation_id=conversation)
    assert [message["content"] for message in sent(upstream)] == ["Weather?", "Never mind"]


def test_pictures_are_kept_while_they_are_small(gateway, upstream, key):
    def picture(size: int) -> dict:
        data = base64.b64encode(bytes(size)).decode()
        return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}

    parts = [{"type": "text", "text": "What is this?"}, picture(90), picture(300_000),
             {"type": "image_url", "image_url": {"url": "https://example.org/x.png"}}]
    conversation, _ = complete(gateway, key, [user(parts)])
    (turn,) = turns(gateway, key, conversation)
    assert turn["prompt"] == "What is this?"
    kept = turn["prompt_parts"]
    assert kept[0] == parts[0] and kept[1] == parts[1] and kept[3] == parts[3]
    assert kept[2]["image_url"]["url"] == {"omitted": {"media_type": "image/png", "bytes": 300_000}}
    assert "https://example.org/x.png" in markdown(gateway, key, conversation)
    gateway.talk(key, "And now?", conversation_id=conversation)
    assert sent(upstream)[0]["content"][1] == parts[1]
    assert sent(upstream)[0]["content"][2] == {"type": "text", "text": "[image/png of 300000 bytes, not kept]"}


# Threads


def test_an_unknown_thread_makes_a_conversation_that_holds_it_whole(gateway, upstream, key):
    thread = [
        {"role": "system", "content": "Be kind."}, user("One"), {"role": "assistant", "content": "Two"},
        user("Three"), {"role": "assistant", "content": "Four"}, user("Five")]
    conversation, _ = complete(gateway, key, thread)
    kept = turns(gateway, key, conversation)
    assert [(turn["prompt"], turn["reply"]) for turn in kept[:2]] == [("One", "Two"), ("Three", "Four")]
    assert [turn.get("given") for turn in kept] == [True, True, None]
    assert "usage" not in kept[0] and kept[2]["usage"]
    assert gateway.recall(key)[conversation]["title"] == "One"

    gateway.talk(key, "Six", conversation_id=conversation)
    assert [message["content"] for message in sent(upstream)][:6] == [
        "Be kind.", "One", "Two", "Three", "Four", "Five"]


def test_an_edited_thread_is_a_conversation_of_its_own_with_all_of_it(gateway, key):
    conversation, (reply,) = complete(gateway, key, [user("One")])
    edited, _ = complete(gateway, key, [user("One, but better"), reply, user("Two")])
    assert edited != conversation
    assert [turn["prompt"] for turn in turns(gateway, key, edited)] == ["One, but better", "Two"]
    assert len(turns(gateway, key, conversation)) == 1


def test_a_system_prompt_with_a_clock_and_names_make_no_other_conversation(gateway, key):
    def system(text: str) -> dict:
        return {"role": "system", "content": text}

    conversation, (reply,) = complete(gateway, key, [system("It is 10:00."), user("One")])
    named = {"role": "assistant", "name": "Bot", "content": [{"type": "text", "text": reply["content"] + "\n"}]}
    again, _ = complete(gateway, key, [system("It is 10:01."), user("One"), named, user("Two")])
    assert again == conversation
    assert len(turns(gateway, key, conversation)) == 2


@pytest.mark.alone
def test_samples_of_one_thread_take_one_upstream_time(gateway, upstream, key):
    conversation, (reply,) = complete(gateway, key, [user("One")])
    upstream.script({"delay_ms": 1500}, times=-1)
    thread = [user("One"), reply, user("Two")]
    started = time.monotonic()
    with ThreadPoolExecutor(5) as pool:
        ids = list(pool.map(lambda _: complete(gateway, key, thread)[0], range(5)))
    assert time.monotonic() - started < 5
    assert len(set(ids)) == 5 and ids.count(conversation) == 1
    for made in ids:
        assert [turn["prompt"] for turn in turns(gateway, key, made)] == ["One", "Two"]


def test_calls_that_name_their_conversation_wait_for_each_other(gateway, upstream, key):
    conversation, _ = complete(gateway, key, [user("One")])
    upstream.script({"delay_ms": 300}, times=-1)
    with ThreadPoolExecutor(3) as pool:
        ids = list(pool.map(
            lambda number: complete(gateway, key, [user(f"More {number}")], extra_body={"conversation_id": conversation})[0],
            range(3)))
    assert set(ids) == {conversation}
    assert len(turns(gateway, key, conversation)) == 4
    assert upstream.state()["most_in_flight"]["a"].get("chat", 0) <= 1


@pytest.mark.parametrize("messages", [
    [{"role": "critic", "content": "no"}], [user("")], [user(None)], [user([])], [{"role": "assistant", "content": "Once"}],
    [{"role": "tool", "content": 3, "tool_call_id": 4}], [user({"a": 1})], [{"role": "system", "content": "x"}],
    [{"role": "assistant", "tool_calls": "x"}, {"role": "assistant", "tool_calls": [1, {}]}, user("x")],
])
def test_odd_messages_are_answered_and_kept(gateway, key, messages):
    answer = gateway.post("/v1/chat/completions", key, model="stub-model", messages=messages)
    assert answer.status_code == 200, answer.text
    assert turns(gateway, key, answer.json()["conversation_id"])
    assert gateway.chat(key, "Go on", conversation_id=answer.json()["conversation_id"]).status_code == 200


# Sizes


def test_a_conversation_that_is_full_is_refused_before_the_upstream_is_asked(launch, upstream):
    gateway = launch("a", max_conversation_bytes=4096)
    key = gateway.add_user()
    conversation = gateway.talk(key, "x" * 1500)["conversation_id"]
    before = len(upstream.requests())

    assert_error(gateway.chat(key, "y" * 1500, conversation_id=conversation), 413, "conversation_too_large")
    call = {"model": "stub-model", "messages": [user("y" * 1500)]}
    refused = gateway.post("/v1/chat/completions", key, **call, conversation_id=conversation)
    assert refused.status_code == 413 and refused.json()["error"]["code"] == "conversation_too_large"
    assert_error(gateway.chat(key, "z" * 5000), 413, "conversation_too_large")
    assert len(upstream.requests()) == before

    assert len(turns(gateway, key, conversation)) == 1
    assert gateway.post("/v1/chat/completions", key, **call).status_code == 200


def test_a_thread_whose_conversation_is_full_goes_on_in_a_new_one_with_its_end(launch):
    gateway = launch("a", max_conversation_bytes=4096)
    key = gateway.add_user()
    thread, ids = [], []
    for number in range(6):
        thread.append(user(f"{number} " + "x" * 700))
        conversation, (reply,) = complete(gateway, key, thread)
        thread.append(reply)
        ids.append(conversation)
    assert ids[0] == ids[1] and len(set(ids)) > 1
    last = turns(gateway, key, ids[-1])
    assert last[-1]["prompt"].startswith("5 ") and last[0]["given"]


def test_no_title_is_larger_than_its_bytes(gateway, upstream, key):
    many = "a" + "\u0301" * 100_000
    upstream.script({"text": many}, kind="title")
    conversation = gateway.talk(key, "Hi")["conversation_id"]
    assert gateway.post("/api/rename-conversation", key, conversation_id=conversation, title=many).status_code == 200
    complete(gateway, key, [user(many)])
    gateway.post("/api/rename-conversation", key, conversation_id=conversation, title="a\u202eb\u009bc").raise_for_status()
    titles = [entry["title"] for entry in gateway.recall(key).values()]
    assert all(len(title.encode()) <= 256 for title in titles)
    assert "abc" in titles
