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
        self.is_streamed = body.get("stream") is True
        options = body.get("stream_options")
        self.wants_usage = isinstance(options, dict) and options.get("include_usage") is True
        self.identity = f"chatcmpl-stub-{next(numbers)}"
        self.prompt_tokens = sum(len(str(item.get("content")).split()) for item in messages)

    async def send(self, step: Step, connection: Connection) -> None:
        self.reply = step.text if step.text is not None else self.reply
        if self.is_streamed:
            await self.stream(step, connection)
        else:
            await self.whole(step, connection)

    @property
    def usage(self) -> dict:
        tokens = len(self.reply.split())
        return {
            "prompt_tokens": self.prompt_tokens, "completion_tokens": tokens,
            "total_tokens": self.prompt_tokens + tokens,
        }

    async def whole(self, step: Step, connection: Connection) -> None:
        message: dict = {"role": "assistant", "content": self.reply}
        reason = "stop"
        if step.tool_calls:
            message, reason = {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]}, "tool_calls"
        answer = {
            "id": self.identity, "object": "chat.completion", "created": 1, "model": self.model,
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
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

    async def stream(self, step: Step, connection: Connection) -> None:
        await connection.head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        if step.error_at_once is not None:
            await self.event(step.error_at_once, step, connection)
            await connection.write(b"0\r\n\r\n")
            return
        await self.event(self.chunk({"role": "assistant", "content": ""}), step, connection)
        if await self.odd_stream(step, connection):
            return
        pieces = re.findall(r"\S+\s*|\s+", self.reply) or [""]
        if step.tool_calls:
            await self.event(self.chunk({"tool_calls": [{"index": 0, **TOOL_CALL}]}), step, connection)
            pieces = [""]
        for number in itertools.count():
            if number == step.close_mid_stream or number == step.hang_mid_stream:
                await self.stop(step, connection)
                return
            if number >= len(pieces) and not step.never_ending:
                break
            await self.event(self.chunk({"content": pieces[number % len(pieces)]}), step, connection)
            await asyncio.sleep(step.piece_delay_ms / 1000)
        await self.event(self.chunk({}, "tool_calls" if step.tool_calls else "stop"), step, connection)
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

    def chunk(self, delta: dict, reason: str | None = None) -> dict:
        return {
            "id": self.identity, "object": "chat.completion.chunk", "created": 1, "model": self.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
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
