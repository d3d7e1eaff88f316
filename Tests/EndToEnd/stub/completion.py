"""A good answer to a chat completion, streamed or whole, with the small faults that it can have."""

import asyncio
import itertools
import json
import re

from .connection import Connection
from .faults import Step

TITLE = "Stub Title"
TOOL_CALL = {
    "id": "call_1", "type": "function", "function": {"name": "lookup", "arguments": '{"word": "echo"}'},
}
numbers = itertools.count(1)


class Completion:
    """The reply to one request body.

    Its text is the last prompt and the number of messages, so that a test sees what history was sent.
    """

    def __init__(self, body: object, default_model: str, is_title: bool) -> None:
        body = body if isinstance(body, dict) else {}
        messages = body.get("messages")
        messages = [item for item in messages if isinstance(item, dict)] if isinstance(messages, list) else []
        prompts = [item.get("content") for item in messages if item.get("role") == "user"]
        last = prompts[-1] if prompts else ""
        self.prompt = last if isinstance(last, str) else json.dumps(last)
        self.reply = TITLE if is_title else f"You said: {self.prompt} (messages: {len(messages)})"
        self.model = body.get("model") or default_model
        self.choices = body["n"] if isinstance(body.get("n"), int) else 1
        self.is_streamed = body.get("stream") is True
        options = body.get("stream_options")
        self.wants_usage = isinstance(options, dict) and options.get("include_usage") is True
        self.identity = f"chatcmpl-stub-{next(numbers)}"
        self.prompt_tokens = sum(len(str(item.get("content")).split()) for item in messages)

    async def send(self, step: Step, connection: Connection) -> None:
        self.reply = step.text if step.text is not None else self.reply
        self.model = step.model or self.model
        self.cached, self.reasoning = step.cached_tokens, step.reasoning_tokens
        if self.is_streamed:
            await self.stream(step, connection)
        else:
            await self.whole(step, connection)

    @property
    def usage(self) -> dict:
        tokens = len(self.reply.split())
        usage = {
            "prompt_tokens": self.prompt_tokens, "completion_tokens": tokens,
            "total_tokens": self.prompt_tokens + tokens,
        }
        if self.cached:
            usage["prompt_tokens_details"] = {"cached_tokens": self.cached}
        if self.reasoning:
            usage["completion_tokens_details"] = {"reasoning_tokens": self.reasoning}
        return usage

    async def whole(self, step: Step, connection: Connection) -> None:
        reason = "tool_calls" if step.tool_calls else "stop"
        answer = {
            "id": self.identity, "object": "chat.completion", "created": 1, "model": self.model,
            "choices": [
                {"index": index, "message": self.message(step, index), "finish_reason": reason}
                for index in range(self.choices)
            ],
        }
        if not step.missing_usage:
            answer["usage"] = self.usage
        body = json.dumps(answer).encode()
        if step.close_mid_stream >= 0 or step.hang_mid_stream >= 0 or step.never_ending:
            await connection.head(200, {"Content-Type": "application/json", "Content-Length": len(body)})
            await connection.write(body[: len(body) // 2])
            await self.stop(step, connection)
            return
        if not step.one_byte:
            await connection.whole(200, body)
            return
        await connection.head(200, {"Content-Type": "application/json", "Content-Length": len(body)})
        for byte in body:
            await connection.write(bytes([byte]))
            await asyncio.sleep(0)

    def message(self, step: Step, index: int) -> dict:
        message: dict = {"role": "assistant", "content": self.text(index)}
        if step.tool_calls:
            message |= {"content": None, "tool_calls": [TOOL_CALL]}
        if step.refusal is not None:
            message |= {"content": None, "refusal": step.refusal}
        if step.reasoning is not None:
            message["reasoning_content"] = step.reasoning
        return message

    def text(self, index: int) -> str:
        """The reply as the choice `index` has it."""
        return self.reply if index == 0 else f"{self.reply} (choice {index})"

    async def stream(self, step: Step, connection: Connection) -> None:
        await connection.head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        if step.error_at_once is not None:
            await self.event(step.error_at_once, step, connection)
            await connection.write(b"0\r\n\r\n")
            return
        for index in range(self.choices):
            await self.event(self.chunk({"role": "assistant", "content": ""}, index=index), step, connection)
        if await self.odd_stream(step, connection):
            return
        for word in re.findall(r"\S+\s*", step.reasoning or ""):
            await self.event(self.chunk({"reasoning_content": word}), step, connection)
        # The choices come piece by piece, one beside the other.
        texts = [re.findall(r"\S+\s*|\s+", self.text(index)) for index in range(self.choices)]
        pieces = [
            (index, text[place])
            for place in range(max(map(len, texts))) for index, text in enumerate(texts) if place < len(text)
        ] or [(0, "")]
        if step.refusal is not None:
            for word in re.findall(r"\S+\s*", step.refusal):
                await self.event(self.chunk({"refusal": word}), step, connection)
            pieces = [(0, "")]
        if step.tool_calls:
            await self.event(self.chunk({"tool_calls": [{"index": 0, **TOOL_CALL}]}), step, connection)
            pieces = [(0, "")]
        for number in itertools.count():
            if number == step.close_mid_stream or number == step.hang_mid_stream:
                await self.stop(step, connection)
                return
            if number >= len(pieces) and not step.never_ending:
                break
            index, piece = pieces[number % len(pieces)]
            await self.event(self.chunk({"content": piece}, index=index), step, connection)
            await asyncio.sleep(step.piece_delay_ms / 1000)
        for index in range(self.choices):
            reason = "tool_calls" if step.tool_calls else "stop"
            await self.event(self.chunk({}, reason, index), step, connection)
        if self.wants_usage and not step.missing_usage:
            await self.event({**self.chunk({}), "choices": [], "usage": self.usage}, step, connection)
        if not step.missing_done:
            await self.send_chunk(b"data: [DONE]\n\n", step, connection)
        await connection.write(b"0\r\n\r\n")

    async def odd_stream(self, step: Step, connection: Connection) -> bool:
        """Sends what is no plain text and has no good end, if the step asks for it."""
        if step.error_mid_stream is not None:
            await self.event(self.chunk({"content": "Half of it"}), step, connection)
            await self.event(step.error_mid_stream, step, connection)
            await connection.write(b"0\r\n\r\n")
            return True
        if step.endless_comments or step.endless_empty:
            await self.event(self.chunk({"content": "Half of it"}), step, connection)
            while True:
                if step.endless_comments:
                    await self.send_chunk(b": keep-alive\n\n", step, connection)
                else:
                    await self.event(self.chunk({"role": "assistant", "content": ""}), step, connection)
                await asyncio.sleep(0.1)
        text = "x" * 4096
        floods = {
            "arguments": {"tool_calls": [{"index": 0, "function": {"arguments": text}}]},
            "reasoning": {"reasoning_content": text}, "refusal": {"refusal": text},
        }
        for name, delta in floods.items():
            if mebibytes := getattr(step, f"flood_{name}"):
                for _ in range(mebibytes * 256):
                    await self.event(self.chunk(delta), step, connection)
                await self.event(self.chunk({}, "stop"), step, connection)
                await self.send_chunk(b"data: [DONE]\n\n", step, connection)
                await connection.write(b"0\r\n\r\n")
                return True
        return False

    @staticmethod
    async def stop(step: Step, connection: Connection) -> None:
        """Ends an answer before its end, by closing or by silence."""
        if step.close_mid_stream >= 0:
            connection.close()
        else:
            await connection.left()

    def chunk(self, delta: dict, reason: str | None = None, index: int = 0) -> dict:
        return {
            "id": self.identity, "object": "chat.completion.chunk", "created": 1, "model": self.model,
            "choices": [{"index": index, "delta": delta, "finish_reason": reason}],
        }

    async def event(self, value: dict, step: Step, connection: Connection) -> None:
        await self.send_chunk(b"data: " + json.dumps(value).encode() + b"\n\n", step, connection)

    @staticmethod
    async def send_chunk(data: bytes, step: Step, connection: Connection) -> None:
        framed = b"%x\r\n%s\r\n" % (len(data), data)
        if not step.one_byte:
            await connection.write(framed)
            return
        for byte in framed:
            await connection.write(bytes([byte]))
            await asyncio.sleep(0)
