"""Programs that people point at the API, each with its own way to send a thread back.

Their libraries take seconds to import, and each process that runs tests reads all files: so each test imports its own.
"""

import asyncio
import base64
import json
import os
import subprocess
import sys

import pytest
from openai import AsyncOpenAI, OpenAI


@pytest.fixture
def key(gateway) -> str:
    return gateway.add_user()


def the_one_conversation(gateway, key: str) -> list[dict]:
    """The turns of the only conversation there is."""
    (conversation,) = gateway.recall(key)
    return gateway.get("/api/recall", key, conversation_id=conversation, format="json").json()["turns"]


def test_pydantic_ai_with_a_tool_has_one_conversation(gateway, upstream, key):
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=f"{gateway.url}/v1", api_key=key)
    agent = Agent(OpenAIChatModel("stub-model", provider=provider))

    @agent.tool_plain
    def lookup(word: str) -> str:
        return f"{word} means sound"

    upstream.script({"tool_calls": True})
    first = agent.run_sync("What is an echo?")
    agent.run_sync("And a shadow?", message_history=first.all_messages())

    turns = the_one_conversation(gateway, key)
    assert [turn["prompt"] for turn in turns] == ["What is an echo?", "", "And a shadow?"]
    assert turns[1]["tool_results"][0]["content"] == "echo means sound"


def test_langchain_with_a_tool_has_one_conversation(gateway, upstream, key):
    from langchain_core.messages import HumanMessage, ToolMessage
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(model="stub-model", base_url=f"{gateway.url}/v1", api_key=key)
    upstream.script({"tool_calls": True})
    thread: list = [HumanMessage("What is an echo?")]
    thread.append(model.bind_tools([{"type": "function", "function": {
        "name": "lookup", "parameters": {"type": "object", "properties": {"word": {"type": "string"}}}}}]).invoke(thread))
    thread.append(ToolMessage("a sound", tool_call_id=thread[-1].tool_calls[0]["id"]))
    thread += [model.invoke(thread), HumanMessage("And a shadow?")]
    model.invoke(thread)
    assert len(the_one_conversation(gateway, key)) == 3


def test_semantic_kernel_has_one_conversation(gateway, key):
    from semantic_kernel import Kernel
    from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion, OpenAIChatPromptExecutionSettings
    from semantic_kernel.contents import ChatHistory

    async def chat() -> None:
        kernel = Kernel()
        service = OpenAIChatCompletion(
            ai_model_id="stub-model", async_client=AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=key))
        history = ChatHistory(system_message="Be kind.")
        for prompt in ("One", "Two"):
            history.add_user_message(prompt)
            reply = await service.get_chat_message_content(
                history, OpenAIChatPromptExecutionSettings(), kernel=kernel)
            history.add_assistant_message(str(reply), name="Bot")

    asyncio.run(chat())
    assert len(the_one_conversation(gateway, key)) == 2


def test_litellm_knows_a_context_that_is_too_long(gateway, upstream, key):
    import litellm

    upstream.script({"status": 400, "body": {"error": {
        "message": "This model's maximum context length is 10 tokens. However, your messages resulted in 20 tokens.",
        "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}}}, times=-1)
    with pytest.raises(litellm.ContextWindowExceededError):
        litellm.completion(
            model="openai/stub-model", api_base=f"{gateway.url}/v1", api_key=key, num_retries=0, max_retries=0,
            messages=[{"role": "user", "content": "Hi"}])


def test_litellm_has_one_conversation(gateway, key):
    import litellm

    thread = []
    for prompt in ("One", "Two"):
        thread.append({"role": "user", "content": prompt})
        answer = litellm.completion(
            model="openai/stub-model", api_base=f"{gateway.url}/v1", api_key=key, messages=thread)
        thread.append(json.loads(answer.choices[0].message.model_dump_json()))
    assert len(the_one_conversation(gateway, key)) == 2


def test_a_picture_of_five_megabytes_passes(gateway, upstream, key):
    picture = "data:image/jpeg;base64," + base64.b64encode(bytes(5_000_000)).decode()
    upstream.script({"text": "A picture."})
    sdk = OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0)
    answer = sdk.chat.completions.create(model="stub-model", messages=[{"role": "user", "content": [
        {"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": picture}}]}])
    assert answer.choices[0].message.content
    sent = upstream.requests()[-1]["body"]["messages"][0]["content"][1]["image_url"]["url"]
    assert len(sent) == len(picture)
    (turn,) = the_one_conversation(gateway, key)
    assert turn["prompt_parts"][1]["image_url"]["url"]["omitted"] == {"media_type": "image/jpeg", "bytes": 5_000_000}


def test_inspect_ai_goes_on_where_one_sample_has_too_long_a_context(gateway, upstream, key, tmp_path):
    upstream.script({"status": 400, "body": {"error": {
        "message": "This model's maximum context length is 10 tokens. However, your messages resulted in 20 tokens.",
        "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}}})
    # A program of its own, because it runs an event loop that does not end with the evaluation.
    answer = subprocess.run(
        [sys.executable, "-c", """
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.solver import generate
samples = [Sample(input=f"Say {word}") for word in ("one", "two", "three", "four", "five")]
log, = eval(Task(dataset=samples, solver=generate()), model="openai-api/gateway/stub-model", display="none")
print(log.status, *sorted(sample.output.stop_reason for sample in log.samples))
"""],
        env={**os.environ, "GATEWAY_API_KEY": key, "GATEWAY_BASE_URL": f"{gateway.url}/v1"},
        cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert answer.stdout.split() == ["success", "model_length", "stop", "stop", "stop", "stop"], answer.stderr
