"""A user as the one client that works with it knows it: what was acknowledged, and what is in doubt."""

import random
import threading
import uuid
from collections import Counter
from dataclasses import dataclass, field

import httpx

from harness.gateway import Gateway

YES, NO, DOUBT = "yes", "no", "in doubt"


@dataclass
class Thread:
    """A conversation: the prompts whose turns were acknowledged, and those that may be stored behind them."""

    prompts: list[str]
    doubtful: list[str] = field(default_factory=list)
    is_there: str = YES


class Person:
    """Does one thing at a time, so that everything acknowledged to it has one order."""

    def __init__(self, gateway: Gateway, chance: random.Random) -> None:
        self.gateway = gateway
        self.chance = chance
        self.user_id = f"p-{uuid.uuid4().hex[:10]}"
        self.name = "Nobody"
        self.is_there = NO
        self.key = ""
        self.is_key_in_doubt = False
        self.revoked: list[str] = []
        self.threads: dict[str, Thread] = {}
        self.is_changed = False
        #: Set while the machine has no power: whatever is answered then was never told to anybody.
        self.is_dark = threading.Event()
        self.too_late = 0
        self.acknowledged = self.doubted = self.turns = 0
        #: The ids of acknowledged requests that were turns.
        self.turn_ids: list[str] = []
        #: How often each answer came, by status and code; 0 for none.
        self.answers: Counter[str] = Counter()

    # What it does

    def act(self) -> None:
        """One step; most are turns."""
        if self.is_there != YES or self.is_key_in_doubt:
            return self.add() if self.is_there == NO else self.remove()
        deeds = [self.begin, self.go_on, self.go_on, self.rotate, self.rename, self.forget, self.remove]
        self.chance.choices(deeds, [4, 5, 5, 2, 2, 1, 0.5])[0]()

    def ask(self, path: str, key: str, **members) -> httpx.Response | None:
        """The answer; nil where none came or it does not say what was done."""
        self.is_changed = True
        try:
            answer = self.gateway.post(path, key, **members)
        except httpx.TransportError:
            answer = None
        if self.is_dark.is_set():
            self.too_late += answer is not None and answer.status_code == 200
            answer = None
        self.answers[words_of(answer)] += 1
        if answer is not None and answer.status_code == 200:
            self.acknowledged += 1
            if path == "/api/chat":
                self.turn_ids.append(answer.headers["X-Request-Id"])
            return answer
        self.doubted += 1
        return None

    def add(self) -> None:
        answer = self.ask("/api/client/add-user", self.gateway.admin_key, user_id=self.user_id, username="One")
        if answer is None:
            self.is_there, self.key, self.is_key_in_doubt = DOUBT, "", True
            return
        self.is_there, self.key, self.name = YES, self.keep(answer.json()["api_key"]), "One"

    def remove(self) -> None:
        answer = self.ask("/api/client/remove-user", self.gateway.admin_key, user_id=self.user_id)
        if answer is None:
            self.is_there = DOUBT
            return
        self.revoked += [self.key] if self.key else []
        self.user_id = f"p-{uuid.uuid4().hex[:10]}"
        self.is_there, self.key, self.is_key_in_doubt, self.threads = NO, "", False, {}

    def rotate(self) -> None:
        answer = self.ask("/api/client/rotate-key", self.key)
        if answer is None:
            self.is_key_in_doubt = True
            return
        self.revoked.append(self.key)
        self.key = self.keep(answer.json()["api_key"])

    def rename(self) -> None:
        name = f"Name {self.chance.random()}"
        answer = self.ask("/api/client/update-user", self.gateway.admin_key, user_id=self.user_id, username=name)
        self.name = name if answer else ""

    def begin(self) -> None:
        prompt = f"Begin {uuid.uuid4().hex}"
        if answer := self.ask("/api/chat", self.key, prompt=prompt):
            self.threads[answer.json()["conversation_id"]] = Thread([prompt])
            self.turns += 1

    def go_on(self) -> None:
        if not (choices := self.open_threads()):
            return self.begin()
        identity, thread = self.chance.choice(choices)
        prompt = f"Go on {uuid.uuid4().hex}"
        if self.ask("/api/chat", self.key, prompt=prompt, conversation_id=identity):
            # A turn in doubt that is stored stands before this one; it was offered as history already.
            thread.prompts.append(prompt)
            self.turns += 1
        else:
            thread.doubtful.append(prompt)

    def forget(self) -> None:
        if not (choices := self.open_threads()):
            return
        identity, thread = self.chance.choice(choices)
        answer = self.ask("/api/remove-conversation", self.key, conversation_id=identity)
        thread.is_there = NO if answer else DOUBT

    def open_threads(self) -> list[tuple[str, Thread]]:
        return [item for item in self.threads.items() if item[1].is_there == YES]

    def keep(self, key: str) -> str:
        return self.gateway.secrets.keep(key)


def words_of(answer: httpx.Response | None) -> str:
    if answer is None:
        return "no answer"
    is_ours = answer.status_code != 200 and answer.headers.get("content-type", "").startswith("application/json")
    return f"{answer.status_code} {answer.json().get('code', '')}".strip() if is_ours else str(answer.status_code)
