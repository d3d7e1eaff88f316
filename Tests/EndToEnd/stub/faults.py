"""The steps that a script or the front of a prompt can ask for, instead of a good answer."""

import re
from dataclasses import dataclass, field, fields


@dataclass
class Step:
    """How one request is answered. An empty step is a good answer.

    The faults that exclude one another are taken in the order of the fields.
    """

    #: Waits before anything is sent.
    delay_ms: int = 0
    #: Never answers.
    hang: bool = False
    #: Closes the connection instead of an answer.
    close_before_head: bool = False
    #: Sends bytes that are not HTTP, then closes.
    garbage: bool = False
    #: Answers with this status; `headers` and `body` go with it.
    status: int = 0
    headers: dict = field(default_factory=dict)
    body: object = None
    #: Status 200, but a page of HTML, broken JSON, or an error object.
    html_200: bool = False
    invalid_json: bool = False
    error_in_200: bool = False
    #: Status 200, one JSON document of that many MiB.
    oversized: int = 0
    #: A good answer that ends after this many pieces, without its end: the connection is closed.
    close_mid_stream: int = -1
    #: A good answer that stops after this many pieces and keeps the connection open.
    hang_mid_stream: int = -1
    #: Pieces without an end, until the client leaves.
    never_ending: bool = False
    #: A good answer, written byte by byte.
    one_byte: bool = False
    #: Waits between the pieces of a stream.
    piece_delay_ms: int = 0
    #: A good answer without its `usage`, or without `data: [DONE]`.
    missing_usage: bool = False
    missing_done: bool = False
    #: How many of the tokens in `usage` were cached, or thoughts.
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    #: A good answer that calls a tool.
    tool_calls: bool = False
    #: A refusal in place of the reply's text, and the thoughts before it.
    refusal: str | None = None
    reasoning: str | None = None
    #: The name of the model that answered, where it is another than was asked for.
    model: str | None = None
    #: What a list of models names, instead of the stub's own.
    models: list | None = None
    #: A stream that goes on for ever after its first piece: with comments, or with pieces that hold nothing.
    endless_comments: bool = False
    endless_empty: bool = False
    #: A stream of that many MiB in arguments of a tool call, in reasoning, or in a refusal.
    flood_arguments: int = 0
    flood_reasoning: int = 0
    flood_refusal: int = 0
    #: An object that ends a stream after its first piece, or in place of one.
    error_mid_stream: dict | None = None
    error_at_once: dict | None = None
    #: The reply, instead of the echo.
    text: str | None = None

    @classmethod
    def of(cls, members: dict) -> "Step":
        unknown = set(members) - {item.name for item in fields(cls)}
        if unknown:
            raise ValueError(f"unknown members of a step: {sorted(unknown)}")
        return cls(**members)


PREFIX = re.compile(r"\s*\[\[([a-z0-9_:;]+)\]\]")


def step_of_prompt(prompt: str) -> Step | None:
    """The step that the prompt asks for, if any; numbers and flags only."""
    match = PREFIX.match(prompt)
    if match is None:
        return None
    types = {item.name: item.type for item in fields(Step)}
    members = {}
    for part in match[1].split(";"):
        name, _, value = part.partition(":")
        if name not in types:
            return None
        members[name] = int(value) if value.isdecimal() else True
    return Step.of(members)


@dataclass
class Rule:
    """A step for the next `times` requests (-1: all) of an account and a kind; `*` is any.

    With `holding` it is for those only whose body has that text in it.
    """

    step: Step
    account: str = "*"
    kind: str = "chat"
    times: int = 1
    holding: str = ""

    def takes(self, account: str, kind: str, body: str) -> bool:
        return (
            self.times != 0 and self.account in ("*", account) and self.kind in ("*", kind) and self.holding in body)


@dataclass
class Script:
    rules: list[Rule] = field(default_factory=list)

    def add(self, rule: dict) -> None:
        self.rules.append(Rule(**{**rule, "step": Step.of(rule.get("step", {}))}))

    def next(self, account: str, kind: str, body: str = "") -> Step | None:
        for rule in self.rules:
            if rule.takes(account, kind, body):
                if rule.times > 0:
                    rule.times -= 1
                return rule.step
        return None
