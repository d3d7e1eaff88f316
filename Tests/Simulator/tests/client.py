"""A plain client of the simulator, on the standard library only."""

from __future__ import annotations

import http.client
import json
import socket
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CONVERSATION = "/backend-api/conversation"


@dataclass
class Answer:
    """A response that was read to its end, or as far as it went."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    is_whole: bool = True

    def json(self) -> Any:
        return json.loads(self.body)

    def events(self) -> list[Any]:
        """The data of all events that are JSON, in order."""
        found = []
        for block in self.body.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n\n"):
            for line in block.split("\n"):
                if line.startswith("data: {"):
                    try:
                        found.append(json.loads(line[6:]))
                    except ValueError:
                        pass
        return found

    def snapshots(self) -> list[dict[str, Any]]:
        """The messages of the assistant for the user, in order."""
        messages = [event["message"] for event in self.events() if event.get("message")]
        return [m for m in messages if role(m) == "assistant" and m["recipient"] == "all"]

    def text(self) -> str:
        return self.snapshots()[-1]["content"]["parts"][0]


def role(message: dict[str, Any]) -> str:
    return message["author"]["role"] if "author" in message else message["role"]


@dataclass
class Client:
    """Speaks to one simulator; `cookies` is the jar of one browser."""

    port: int
    token: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def call(
        self, method: str, path: str, value: Any = None, form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None, timeout: float = 5,
    ) -> Answer:
        sent = dict(headers or {})
        body = None
        if value is not None:
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            sent.setdefault("Content-Type", "application/json")
        if form is not None:
            body = urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, b"")
            try:
                answer.body = response.read()
            except http.client.IncompleteRead as cut:
                answer.body, answer.is_whole = cut.partial, False
            for text in response.headers.get_all("Set-Cookie") or []:
                name, _, content = text.split(";")[0].partition("=")
                self.cookies[name] = content
            return answer
        finally:
            connection.close()

    # control

    def sim(self, what: str, **values: Any) -> Any:
        answer = self.call("POST", f"/_sim/{what}", values)
        assert answer.status == 200, answer.body
        return answer.json()

    def next(self, fault: str | list[str], **more: Any) -> None:
        self.sim("next", fault=fault, **more)

    def state(self) -> Any:
        return self.call("GET", "/_sim/state").json()

    def log(self) -> list[dict[str, Any]]:
        return self.call("GET", "/_sim/log").json()["requests"]

    def issue(self, account: str, **more: Any) -> None:
        """Takes an access token without a login."""
        self.token = self.sim("token", account=account, **more)["access_token"]

    # conversations

    def say(self, prompt: str, after: Answer | None = None, **more: Any) -> Answer:
        return self.call("POST", CONVERSATION, request(prompt, after, **more))

    # sign-in

    def authorize(self, **query: str) -> str:
        """Goes from the csrf token to the state of the sign-in."""
        token = self.call("GET", "/web/api/auth/csrf").json()["csrfToken"]
        form = {"callbackUrl": "/", "csrfToken": token, "json": "true"}
        url = self.call("POST", "/web/api/auth/signin/auth0?prompt=login", form=form).json()["url"]
        return state_of(self.call("GET", target(url)))

    def identify(self, state: str, email: str) -> Answer:
        form = {"state": state, "username": email, "js-available": "true", "action": "default"}
        return self.call("POST", f"/auth0/u/login/identifier?state={state}", form=form)

    def give_password(self, state: str, email: str, password: str) -> Answer:
        form = {"state": state, "username": email, "password": password, "action": "default"}
        return self.call("POST", f"/auth0/u/login/password?state={state}", form=form)

    def to_resume(self, email: str, password: str) -> Answer:
        state = self.authorize()
        assert self.identify(state, email).status == 302
        return self.follow(self.give_password(state, email, password))

    def log_in(self, email: str, password: str) -> Answer:
        """The whole way; gives the answer of the callback."""
        return self.follow(self.to_resume(email, password))

    def follow(self, answer: Answer) -> Answer:
        assert answer.status == 302, answer.body
        return self.call("GET", target(answer.headers["Location"]))

    def session(self) -> Answer:
        return self.call("GET", "/web/api/auth/session")


def request(prompt: str, after: Answer | None = None, **more: Any) -> dict[str, Any]:
    """A body that every era accepts."""
    body: dict[str, Any] = {
        "action": "next",
        "messages": [{
            "id": str(uuid.uuid4()), "role": "user", "author": {"role": "user"},
            "content": {"content_type": "text", "parts": [prompt]},
        }],
        "parent_message_id": str(uuid.uuid4()),
        "model": "text-davinci-002-render-sha",
    }
    if after is not None:
        body["conversation_id"] = conversation_of(after)
        body["parent_message_id"] = after.snapshots()[-1]["id"]
    return body | more


def conversation_of(answer: Answer) -> str:
    return answer.events()[0]["conversation_id"]


def target(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def state_of(answer: Answer) -> str:
    assert answer.status == 302, answer.body
    return parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]


def open_stream(client: Client, prompt: str) -> socket.socket:
    """Sends a prompt and leaves the answer unread."""
    body = json.dumps(request(prompt)).encode()
    head = (
        f"POST {CONVERSATION} HTTP/1.1\r\nHost: s\r\nAuthorization: Bearer {client.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", client.port), timeout=5)
    connection.sendall(head.encode() + body)
    return connection
