"""Scripted faults: their names, where they strike, and the queue of those that wait for a request."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Place(Enum):
    """The kind of request that a fault strikes."""

    ANY = "any"
    CONVERSATION = "conversation"
    TITLE = "title"
    SIGNIN = "signin"
    AUTHORIZE = "authorize"
    IDENTIFIER = "identifier"
    PASSWORD = "password"
    RESUME = "resume"
    MFA = "mfa"
    CALLBACK = "callback"
    SESSION = "session"
    TOKEN = "token"


BEFORE_ACCOUNT = {Place.SIGNIN, Place.AUTHORIZE}
"""Places where it is not yet known who is logging in."""

KINDS: dict[str, Place] = {
    **dict.fromkeys(["status", "reset", "hang_headers", "slow_headers"], Place.ANY),
    **dict.fromkeys(
        [
            "ping", "ping_after_last", "cut", "cut_bytes", "no_done", "hang", "hang_ping", "slow", "error_event",
            "detail_event", "moderation_stop", "title_event", "garbage", "chunking", "line_ends", "compact", "raw_utf8",
            "max_tokens", "interrupted", "early_finish", "replace", "tool_turn", "no_text", "plain_ise", "json_200",
            "marker_text", "big", "early_revoke",
        ],
        Place.CONVERSATION,
    ),
    **dict.fromkeys(["title_fail", "title_slow", "title_exists"], Place.TITLE),
    **dict.fromkeys(["ratelimit_signin", "signin_400"], Place.SIGNIN),
    "no_state": Place.AUTHORIZE,
    "captcha": Place.IDENTIFIER,
    **dict.fromkeys(["wrong", "blocked", "bounce", "password_429"], Place.PASSWORD),
    **dict.fromkeys(["mfa", "deactivated", "country"], Place.RESUME),
    "mfa_wrong": Place.MFA,
    **dict.fromkeys(["callback_refused", "callback_200"], Place.CALLBACK),
    **dict.fromkeys(["session_empty", "session_error", "session_429"], Place.SESSION),
    **dict.fromkeys(["refresh_absent", "invalid_grant"], Place.TOKEN),
}

NUMBER_FIRST = {
    "status", "ping", "cut", "cut_bytes", "hang", "hang_ping", "slow", "slow_headers", "error_event", "garbage",
    "chunking", "max_tokens", "big",
}
"""Kinds whose first argument must be there and be a number."""


class BadFault(ValueError):
    """A fault that this simulator does not know."""


@dataclass(frozen=True)
class Fault:
    """One fault with its arguments as text, such as `cut:3:rst`."""

    kind: str
    arguments: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Fault:
        kind, _, rest = text.partition(":")
        if kind not in KINDS:
            raise BadFault(f"unknown fault {kind}")
        arguments = tuple(rest.split(":", 1) if kind == "status" else rest.split(":")) if rest else ()
        fault = cls(kind, arguments)
        if kind in NUMBER_FIRST:
            fault.number()
        if kind == "status" and not 200 <= fault.number() <= 599:
            raise BadFault("a status is between 200 and 599")
        return fault

    @property
    def place(self) -> Place:
        return KINDS[self.kind]

    def number(self, index: int = 0, default: int | None = None) -> int:
        """An argument as a whole number; raises `BadFault` if it is something else, or absent without a default."""
        if index >= len(self.arguments):
            if default is None:
                raise BadFault(f"{self.kind} needs a number")
            return default
        try:
            return int(self.arguments[index])
        except ValueError:
            raise BadFault(f"{self.kind} needs a number, not {self.arguments[index]}") from None

    def word(self, index: int) -> str:
        return self.arguments[index] if index < len(self.arguments) else ""

    def __str__(self) -> str:
        return ":".join([self.kind, *self.arguments])


class FaultSet:
    """The faults of one request; at most one of a kind, the first one given."""

    def __init__(self, faults: list[Fault]) -> None:
        self._by_kind: dict[str, Fault] = {}
        for fault in faults:
            self._by_kind.setdefault(fault.kind, fault)

    def get(self, kind: str) -> Fault | None:
        return self._by_kind.get(kind)

    def __contains__(self, kind: str) -> bool:
        return kind in self._by_kind

    def all(self) -> list[Fault]:
        return list(self._by_kind.values())

    def first(self, *kinds: str) -> Fault | None:
        """The first of these kinds that is set, in the order asked."""
        return next((self._by_kind[kind] for kind in kinds if kind in self._by_kind), None)


@dataclass
class Waiting:
    """Faults that wait together for a request; `times` is how many requests they still strike, -1 all."""

    faults: list[Fault]
    account: str | None = None
    path: str | None = None
    times: int = 1

    @property
    def place(self) -> Place:
        """The one place of its faults: those that fit anywhere go where the others go."""
        return next((fault.place for fault in self.faults if fault.place is not Place.ANY), Place.ANY)


@dataclass
class FaultQueue:
    """What `POST /_sim/next` has ordered and no request has met yet, oldest first."""

    waiting: list[Waiting] = field(default_factory=list)

    def add(self, order: Any) -> Waiting:
        """Takes `{"fault": text or texts, "account", "path", "times"}`; raises `BadFault` if it makes no sense."""
        if not isinstance(order, dict) or not set(order) <= {"fault", "account", "path", "times"}:
            raise BadFault("an order has fault, account, path and times")
        texts = order.get("fault")
        texts = [texts] if isinstance(texts, str) else texts
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise BadFault("fault is a text or an array of texts")
        account, path, times = order.get("account"), order.get("path"), order.get("times", 1)
        if any(value is not None and not isinstance(value, str) for value in (account, path)):
            raise BadFault("account and path are texts")
        if isinstance(times, bool) or not isinstance(times, int) or times == 0 or times < -1:
            raise BadFault("times is -1 or more than 0")
        entry = Waiting([Fault.parse(text) for text in texts], account, path, times)
        places = {fault.place for fault in entry.faults} - {Place.ANY}
        if len(places) > 1:
            raise BadFault("these faults strike different requests")
        if account is not None and places & BEFORE_ACCOUNT:
            raise BadFault("this step comes before the account is known")
        self.waiting.append(entry)
        return entry

    def take(self, place: Place, path: str, account: str | None) -> list[Fault]:
        """The faults of the first order for this request, if any.

        An order for any place strikes at the router if it has a path, otherwise it strikes conversations.
        """
        for entry in self.waiting:
            wanted = entry.place
            if wanted is Place.ANY and entry.path is None:
                wanted = Place.CONVERSATION
            if wanted is not place or entry.account not in (None, account):
                continue
            if entry.path is not None and not path.startswith(entry.path):
                continue
            if entry.times > 0:
                entry.times -= 1
            if entry.times == 0:
                self.waiting.remove(entry)
            return entry.faults
        return []


PREFIX = re.compile(r"\s*\[\[fault:(.+?)\]\]\s*", re.DOTALL)


@dataclass
class PromptFaults:
    """Faults in front of a prompt: `[[fault:cut:3]] [[fault:once:slow:20]] text`."""

    met: set[str] = field(default_factory=set)
    """Prompts whose `once` faults have struck."""

    def read(self, prompt: str) -> tuple[list[Fault], str]:
        """The faults of a prompt and its text without them; a `once` fault is given for the first such prompt only."""
        faults: list[Fault] = []
        text = prompt
        while found := PREFIX.match(text):
            spec = found.group(1)
            if spec.startswith("once:"):
                fault = Fault.parse(spec[5:])
                if prompt not in self.met:
                    faults.append(fault)
            else:
                faults.append(Fault.parse(spec))
            text = text[found.end():]
        self.met.add(prompt)
        if any(fault.place not in (Place.ANY, Place.CONVERSATION, Place.TITLE) for fault in faults):
            raise BadFault("only faults of conversations and titles can stand before a prompt")
        return faults, text

    @staticmethod
    def bare(prompt: str) -> str:
        """A prompt without the faults in front of it."""
        while found := PREFIX.match(prompt):
            prompt = prompt[found.end():]
        return prompt
