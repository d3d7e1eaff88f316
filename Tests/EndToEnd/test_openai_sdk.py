"""The OpenAI API as real clients use it: the openai SDK, LangChain, the llm tool."""

import json
import os
import subprocess
import sys
import time

import openai
import pytest

from harness import process


def client(gateway, key: str, **options) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=key, **{"max_retries": 0, "timeout": 30, **options})


def said(text: str) -> list[dict]:
    return [{"role": "user", "content": text}]


def test_a_completion(gateway):
    answer = client(gateway, gateway.add_user()).chat.completions.create(model="stub-model", messages=said("Hi"))
    assert answer.choices[0].message.content == "You said: Hi (messages: 1)"
    assert answer.usage.total_tokens > 0
    assert answer._request_id
    assert answer.conversation_id


def test_a_stream_with_its_usage(gateway):
    stream = client(gateway, gateway.add_user()).chat.completions.create(
        model="stub-model", messages=said("Hi"), stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == (
        "You said: Hi (messages: 1)")
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens > 0


def test_a_stream_without_usage_shows_none_but_counts_it(gateway, upstream):
    chunks = list(client(gateway, gateway.add_user()).chat.completions.create(
        model="stub-model", messages=said("Hi"), stream=True))
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert upstream.requests()[-1]["body"]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("stream", [False, True])
def test_tool_calls_come_back_untouched_and_their_thread_continues(gateway, upstream, stream):
    sdk = client(gateway, gateway.add_user())
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]
    upstream.script({"tool_calls": True})
    asked = {"model": "stub-model", "messages": said("Weather?"), "tools": tools, "temperature": 0.25}
    if stream:
        name = arguments = call_id = ""
        for chunk in sdk.chat.completions.create(**asked, stream=True):
            conversation = chunk.conversation_id
            for call in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
                name += call.function.name or ""
                arguments += call.function.arguments or ""
                call_id = call.id or call_id
        message = {"role": "assistant", "tool_calls": [
            {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}]}
    else:
        answer = sdk.chat.completions.create(**asked)
        conversation = answer.conversation_id
        message = answer.choices[0].message.model_dump(exclude_none=True)
    assert message["tool_calls"][0]["function"]["name"]
    json.loads(message["tool_calls"][0]["function"]["arguments"])
    assert upstream.requests()[-1]["body"]["tools"] == tools
    assert upstream.requests()[-1]["body"]["temperature"] == 0.25

    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "Sun"}
    second = sdk.chat.completions.create(model="stub-model", messages=[*said("Weather?"), message, result], tools=tools)
    assert second.conversation_id == conversation


def test_models(gateway):
    sdk = client(gateway, gateway.add_user())
    assert [model.id for model in sdk.models.list()] == ["stub-model"]
    assert sdk.models.retrieve("stub-model").object == "model"
    with pytest.raises(openai.NotFoundError) as caught:
        sdk.models.retrieve("nothing")
    assert caught.value.code == "model_not_found"


ERRORS = {
    "bad request": (openai.BadRequestError, "invalid_parameter", {"messages": []}),
    "unknown model": (openai.NotFoundError, "model_not_found", {"model": "nothing"}),
    "unknown conversation": (
        openai.NotFoundError, "conversation_not_found", {"extra_body": {"conversation_id": "nothing"}}),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_the_sdks_own_exception(gateway, name):
    exception, code, change = ERRORS[name]
    with pytest.raises(exception) as caught:
        client(gateway, gateway.add_user()).chat.completions.create(
            **{"model": "stub-model", "messages": said("Hi"), **change})
    assert caught.value.code == code
    assert caught.value.request_id


def test_wrong_and_forbidden_keys(gateway):
    with pytest.raises(openai.AuthenticationError) as caught:
        client(gateway, "sk-cas-wrong").chat.completions.create(model="stub-model", messages=said("Hi"))
    assert caught.value.code == "invalid_api_key" and caught.value.request_id
    with pytest.raises(openai.PermissionDeniedError) as caught:
        client(gateway, gateway.admin_key).chat.completions.create(model="stub-model", messages=said("Hi"))
    assert caught.value.code == "not_allowed"


def test_the_sdk_waits_as_long_as_it_is_told_and_tries_again(launch, upstream):
    gateway = launch("a")
    upstream.script({"status": 429, "headers": {"Retry-After": "2"}})
    begin = time.monotonic()
    answer = client(gateway, gateway.add_user(), max_retries=3).chat.completions.create(
        model="stub-model", messages=said("Hi"))
    assert answer.choices[0].message.content
    assert 1 <= time.monotonic() - begin < 20


def test_the_sdk_does_not_repeat_what_cannot_help(launch, upstream):
    gateway = launch("a")
    sdk = client(gateway, gateway.add_user(), max_retries=3)
    conversation = sdk.chat.completions.create(model="stub-model", messages=said("Hi")).conversation_id
    upstream.script({"status": 401})
    with pytest.raises(openai.APIStatusError):
        client(gateway, gateway.add_user()).chat.completions.create(model="stub-model", messages=said("Hi"))
    before = len(upstream.requests())
    with pytest.raises(openai.ConflictError) as caught:
        sdk.chat.completions.create(
            model="stub-model", messages=said("Hi"), extra_body={"conversation_id": conversation})
    assert caught.value.code == "account_unavailable"
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert len(upstream.requests()) == before


def test_a_broken_stream_raises_and_is_kept_in_part(launch, upstream):
    gateway = launch("a")
    key = gateway.add_user()
    upstream.script({"close_mid_stream": 2})
    text = ""
    with pytest.raises(openai.APIError):
        for chunk in client(gateway, key).chat.completions.create(
                model="stub-model", messages=said("Hi"), stream=True):
            text += chunk.choices[0].delta.content or ""
    assert text
    (conversation,) = gateway.recall(key)
    kept = gateway.get("/api/recall", key, conversation_id=conversation, format="json").json()
    assert kept["turns"][0]["outcome"] == "truncated" and kept["turns"][0]["reply"] == text


@pytest.mark.alone
@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_frees_the_account_at_once(launch, upstream, stream):
    gateway = launch({**upstream.instance("a"), "max_concurrent": 1}, workers=2)
    key = gateway.add_user()
    upstream.script({"delay_ms": 8000})
    with pytest.raises(openai.APITimeoutError):
        client(gateway, key, timeout=1).chat.completions.create(
            model="stub-model", messages=said("Hi"), stream=stream)
    begin = time.monotonic()
    client(gateway, key).chat.completions.create(model="stub-model", messages=said("Next"))
    assert time.monotonic() - begin < 6


def test_a_stream_that_is_closed_is_kept_as_interrupted(launch, upstream):
    gateway = launch("a")
    key = gateway.add_user()
    upstream.script({"piece_delay_ms": 400})
    stream = client(gateway, key).chat.completions.create(model="stub-model", messages=said("Hi"), stream=True)
    for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    stream.close()
    process.eventually(lambda: gateway.recall(key), "the part is stored")
    (conversation,) = gateway.recall(key)
    kept = gateway.get("/api/recall", key, conversation_id=conversation, format="json").json()
    assert kept["turns"][0]["outcome"] == "interrupted"


def test_a_clients_key_acts_for_the_user_in_the_field_user(gateway):
    sdk = client(gateway, gateway.add_client())
    answer = sdk.chat.completions.create(model="stub-model", messages=said("Hi"), user="member-1")
    assert answer.conversation_id
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.chat.completions.create(model="stub-model", messages=said("Hi"))
    assert caught.value.param == "user"


def test_a_streamed_repeat_with_an_idempotency_key_is_the_same_stream(gateway, upstream):
    sdk = client(gateway, gateway.add_user())
    first, again = (
        list(sdk.chat.completions.create(
            model="stub-model", messages=said("Hi"), stream=True, extra_headers={"Idempotency-Key": "stream"}))
        for _ in range(2))
    assert len(first) > 3 and first == again
    assert len(upstream.requests()) == 1


def test_a_repeat_with_an_idempotency_key_costs_nothing(gateway, upstream):
    sdk = client(gateway, gateway.add_user())
    headers = {"Idempotency-Key": "once"}
    first, again = (
        sdk.chat.completions.create(model="stub-model", messages=said("Hi"), extra_headers=headers) for _ in range(2))
    assert first.id == again.id and first.conversation_id == again.conversation_id
    assert len(upstream.requests()) == 1
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        sdk.chat.completions.create(model="stub-model", messages=said("Ho"), extra_headers=headers)
    assert caught.value.code == "idempotency_key_reused"


def test_calls_stay_out_of_the_archive_where_the_operator_says_so(launch, upstream):
    gateway = launch("a", archive_v1=False)
    key = gateway.add_user()
    assert client(gateway, key).chat.completions.create(model="stub-model", messages=said("Hi")).choices
    assert gateway.recall(key) == {}


def test_langchain_chats_and_streams(gateway):
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(model="stub-model", base_url=f"{gateway.url}/v1", api_key=gateway.add_user())
    assert model.invoke("Hi").content == "You said: Hi (messages: 1)"
    assert "".join(chunk.content for chunk in model.stream("Ho")) == "You said: Ho (messages: 1)"


@pytest.mark.parametrize("flags", [["--no-stream"], []])
def test_the_llm_tool_chats_and_streams(gateway, tmp_path, flags):
    (tmp_path / "extra-openai-models.yaml").write_text(
        f"- model_id: pool\n  model_name: stub-model\n  api_base: {gateway.url}/v1\n  api_key_name: pool\n")
    environment = {**os.environ, "LLM_USER_PATH": str(tmp_path), "OPENAI_API_KEY": gateway.add_user()}
    result = subprocess.run(
        [sys.executable, "-m", "llm", "-m", "pool", "--key", environment["OPENAI_API_KEY"], *flags, "Hi"],
        env=environment, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "You said: Hi (messages: 1)"
