"""The small language model of `make run` as the upstream, asked by the tools that people use. What it says is its own."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import openai
import pytest

from conftest import run
from harness import process
from harness.gateway import Gateway

ROOT = Path(__file__).resolve().parents[2]
MODEL = "smollm2-135m-instruct"
PROMPT = "Write one short sentence about the sea."
#: Beside a build the model writes a few tokens a second.
PATIENCE = 180


@pytest.fixture(scope="module")
def model(tmp_path_factory, stub):
    """A gateway whose one account is the embedded model."""
    port = process.free_port()
    server = process.start(
        [str(ROOT / ".venv/bin/python"), str(ROOT / "scripts/embedded_upstream.py"), "--port", str(port)],
        tmp_path_factory.mktemp("model") / "model.log")
    try:
        process.eventually(lambda: is_ready(port), "the embedded model is ready", PATIENCE)
        instance = {"id": "embedded", "base_url": f"http://127.0.0.1:{port}/v1"}
        yield from run(Gateway(stub, {"openai": {"instances": [instance]}}))
    finally:
        process.stop(server)


def is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
    except httpx.TransportError:
        return False


def is_text(text: str) -> bool:
    return any(character.isalpha() for character in text)


def test_the_openai_sdk_chats_and_streams(model):
    client = openai.OpenAI(base_url=f"{model.url}/v1", api_key=model.add_user(), timeout=PATIENCE, max_retries=0)
    assert [entry.id for entry in client.models.list()] == [MODEL]
    messages = [{"role": "user", "content": PROMPT}]
    answer = client.chat.completions.create(model=MODEL, messages=messages, max_tokens=24)
    assert is_text(answer.choices[0].message.content) and answer.usage.completion_tokens > 0

    chunks = list(client.chat.completions.create(
        model=MODEL, messages=messages, max_tokens=24, stream=True, stream_options={"include_usage": True}))
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(pieces) > 3 and is_text("".join(pieces)) and chunks[-1].usage.completion_tokens > 0


def test_langchain_chats_and_streams(model):
    from langchain_openai import ChatOpenAI

    chat = ChatOpenAI(
        model=MODEL, base_url=f"{model.url}/v1", api_key=model.add_user(), max_tokens=24, timeout=PATIENCE)
    assert is_text(chat.invoke(PROMPT).content)
    pieces = [chunk.content for chunk in chat.stream(PROMPT) if chunk.content]
    assert len(pieces) > 3 and is_text("".join(pieces))


@pytest.mark.parametrize("flags", [["--no-stream"], []], ids=["whole", "streamed"])
def test_the_llm_tool_chats_and_streams(model, tmp_path, flags):
    (tmp_path / "extra-openai-models.yaml").write_text(
        f"- model_id: pool\n  model_name: {MODEL}\n  api_base: {model.url}/v1\n  api_key_name: pool\n")
    result = subprocess.run(
        [sys.executable, "-m", "llm", "-m", "pool", "--key", model.add_user(), "-o", "max_tokens", "24", *flags, PROMPT],
        env={**os.environ, "LLM_USER_PATH": str(tmp_path)}, capture_output=True, text=True, timeout=PATIENCE,
        stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stderr
    assert is_text(result.stdout)


def test_a_chat_and_its_follow_up(model):
    key = model.add_user()
    options = {"timeout": PATIENCE, "headers": {"Authorization": f"Bearer {key}"}}
    first = model.http.post("/api/chat", json={"prompt": PROMPT}, **options).json()
    assert is_text(first["message"]["content"]["parts"][0]) and is_text(first["conversation_title"])
    body = {"prompt": "And the sky?", "conversation_id": first["conversation_id"], "reply_only": True}
    second = model.http.post("/api/chat", json=body, **options)
    assert second.status_code == 200 and is_text(second.text)
