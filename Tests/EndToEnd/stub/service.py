"""What the stub answers: chat completions, models, and the controls."""

import asyncio
import json

from .completion import Completion
from .connection import ClientLeft, Connection, Request
from .faults import Script, Step, step_of_prompt
from .recorder import Record, Recorder

TITLE_PROMPT = "Give this conversation a title"
MEBIBYTE = 1024 * 1024


class Service:
    def __init__(self, accounts: list[str], models: list[str], recorder: Recorder) -> None:
        self.accounts = set(accounts)
        self.models = models
        self.recorder = recorder
        self.script = Script()

    async def answer(self, request: Request, connection: Connection) -> None:
        path = request.path.partition("?")[0]
        if path.startswith("/_stub/"):
            await self.control(path, request, connection)
            return
        try:
            body = json.loads(request.body) if request.body else None
        except ValueError:
            body = request.body.decode("latin-1")
        scheme, _, key = (request.header("authorization") or "").partition(" ")
        account = key if scheme.lower() == "bearer" and key in self.accounts else None
        kind = self.kind(path, body)
        record = self.recorder.begin(account, kind, request.method, request.path, request.headers, body)
        try:
            await self.answer_upstream(path, body, record, connection)
        except (ClientLeft, asyncio.CancelledError):
            record.client_closed = True
            raise
        finally:
            record.bytes_sent = connection.bytes_sent
            self.recorder.end(record)

    @staticmethod
    def kind(path: str, body: object) -> str:
        if not path.endswith("/chat/completions"):
            return "models" if path.endswith("/models") else "other"
        messages = body.get("messages") if isinstance(body, dict) else None
        first = messages[0] if isinstance(messages, list) and messages else None
        text = first.get("content") if isinstance(first, dict) else None
        return "title" if isinstance(text, str) and text.startswith(TITLE_PROMPT) else "chat"

    async def answer_upstream(self, path: str, body: object, record: Record, connection: Connection) -> None:
        if record.account is None:
            await self.refuse(401, "invalid_api_key", "Incorrect API key provided.", record, connection)
            return
        completion = Completion(body, self.models[0], is_title=record.kind == "title")
        step = self.script.next(record.account, record.kind, json.dumps(body))
        if step is None and record.kind == "chat":
            step = step_of_prompt(completion.prompt)
        step = step or Step()
        if step.delay_ms:
            await asyncio.sleep(step.delay_ms / 1000)
        if await self.fail(step, record, connection):
            return
        record.status = 200
        match record.kind:
            case "models":
                names = step.models if step.models is not None else self.models
                data = [{"id": model, "object": "model", "created": 0, "owned_by": "stub"} for model in names]
                await connection.whole(200, json.dumps({"object": "list", "data": data}).encode())
            case "other":
                await self.refuse(404, "not_found", "There is nothing here.", record, connection)
            case _ if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
                await self.refuse(400, "invalid_request_error", "messages must be a list.", record, connection)
            case _:
                await completion.send(step, connection)

    async def fail(self, step: Step, record: Record, connection: Connection) -> bool:
        """Answers with the fault of `step`, if it is one that needs no good answer."""
        if step.hang:
            await connection.left()
        elif step.close_before_head:
            connection.close()
        elif step.garbage:
            await connection.write(b"\x00\xffthis is no HTTP\r\n\r\n")
            connection.close()
        elif step.status:
            record.status = step.status
            body = step.body or {"error": {"message": f"Scripted secret-upstream-detail {step.status}.", "code": None}}
            headers = {str(name): str(value) for name, value in step.headers.items()}
            await connection.whole(step.status, json.dumps(body).encode(), headers=headers)
        elif step.html_200:
            record.status = 200
            page = b"<html><body><h1>secret-upstream-detail: checking your browser</h1></body></html>"
            await connection.whole(200, page, content_type="text/html")
        elif step.invalid_json:
            record.status = 200
            await connection.whole(200, b'{"choices": [{"message": secret-upstream-detail')
        elif step.error_in_200:
            record.status = 200
            error = {"error": {"message": "secret-upstream-detail", "type": "server_error", "code": "boom"}}
            await connection.whole(200, json.dumps(error).encode())
        elif step.oversized:
            record.status = 200
            await self.oversized(step.oversized, record, connection)
        else:
            return False
        return True

    @staticmethod
    async def oversized(mebibytes: int, record: Record, connection: Connection) -> None:
        """One JSON document or, if a stream was asked for, one event; well formed but for its size."""
        front = b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "'
        back = b'"}, "finish_reason": "stop"}]}'
        content_type = "application/json"
        if isinstance(record.body, dict) and record.body.get("stream") is True:
            front = b'data: {"choices": [{"index": 0, "delta": {"content": "'
            back = b'"}, "finish_reason": null}]}\n\ndata: [DONE]\n\n'
            content_type = "text/event-stream"
        length = len(front) + mebibytes * MEBIBYTE + len(back)
        await connection.head(200, {"Content-Type": content_type, "Content-Length": length})
        await connection.write(front)
        for _ in range(mebibytes):
            await connection.write(b"x" * MEBIBYTE)
        await connection.write(back)

    @staticmethod
    async def refuse(status: int, code: str, message: str, record: Record, connection: Connection) -> None:
        record.status = status
        error = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
        await connection.whole(status, json.dumps(error).encode())

    async def control(self, path: str, request: Request, connection: Connection) -> None:
        match path:
            case "/_stub/log":
                answer: object = {"requests": self.recorder.log()}
            case "/_stub/state":
                answer = self.recorder.state()
            case "/_stub/reset":
                self.recorder.reset()
                self.script = Script()
                answer = {}
            case "/_stub/script":
                rules = json.loads(request.body)
                try:
                    for rule in rules if isinstance(rules, list) else [rules]:
                        self.script.add(rule)
                except (TypeError, ValueError) as error:
                    await connection.whole(400, json.dumps({"error": str(error)}).encode())
                    return
                answer = {}
            case _:
                await connection.whole(404, b"{}")
                return
        await connection.whole(200, json.dumps(answer).encode())
