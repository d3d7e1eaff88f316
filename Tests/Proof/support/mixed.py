"""Mixed operations of one process on users and conversations that all processes share; writes a history."""

import json
import random
import subprocess
import sys
import uuid
from pathlib import Path

from .caller import Caller

#: How many turns in a row a process adds to one shared conversation before it moves on.
TURNS_IN_A_ROW = 5


class Mixed:
    def __init__(self, plan: dict, number: int, program: str) -> None:
        self.plan = plan
        self.number = number
        self.program = program
        self.chance = random.Random(number)
        self.caller = Caller(plan["port"])
        self.admin = plan["admin"]
        self.turns = 0
        self.commands = 0
        self.faults: list[str] = []
        self.history: list[list] = []
        self.counts: dict[str, int] = {}
        self.user_id = f"own-{number}"
        self.key = self.must(*self.ask("/api/client/add-user", self.admin, user_id=self.user_id, username="Own"))["api_key"]

    def run(self, operations: int) -> None:
        deeds = [self.go_on, self.read_shared, self.update, self.rotate, self.contest, self.begin_and_forget, self.command]
        weights = [40, 20, 15, 5, 12, 7, 0.25]
        while self.caller.requests + self.commands < operations:
            self.chance.choices(deeds, weights)[0]()

    def ask(self, path: str, key: str, **members) -> tuple[int, dict]:
        return self.caller.ask(path, key, **members)

    def must(self, status: int, answer: dict, wanted: int = 200) -> dict:
        if status != wanted:
            self.fault(f"{status} instead of {wanted}: {answer}")
        return answer

    def fault(self, words: str) -> None:
        self.faults.append(f"process {self.number}: {words}")

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    # The deeds

    def shared(self) -> str:
        """The conversation at which all processes are about now."""
        return self.plan["conversations"][(self.turns // TURNS_IN_A_ROW) % len(self.plan["conversations"])]

    def go_on(self) -> None:
        identity, prompt = self.shared(), f"{self.number}-{self.turns}"
        self.turns += 1
        status, answer = self.ask("/api/chat", self.plan["shared_key"], prompt=prompt, conversation_id=identity)
        if status == 200:
            self.history.append(["turn", identity, prompt])
            self.count("turns in shared conversations")
        else:
            self.fault(f"a shared turn gives {status}: {answer}")

    def read_shared(self) -> None:
        """What this process was told is stored is there, whichever worker answers."""
        identity = self.shared()
        own = [item[2] for item in self.history[-3 * TURNS_IN_A_ROW:] if item[:2] == ["turn", identity]]
        answer = self.must(*self.ask("/api/recall", self.plan["shared_key"], conversation_id=identity))
        stored = [turn["prompt"] for message in answer.get("messages", []) for turn in message.values()]
        if [prompt for prompt in stored if prompt in own] != own:
            self.fault(f"{identity} lacks turns or has them in another order: {own} in {stored}")
        self.count("reads after writes")

    def update(self) -> None:
        """Each process owns one field of a shared user: nobody may undo another's change."""
        user = self.plan["shared_users"][self.number // 2]
        field, value = ("username", uuid.uuid4().hex) if self.number % 2 else ("plus", self.chance.random() < 0.5)
        answer = self.must(*self.ask("/api/client/update-user", self.admin, user_id=user, **{field: value}))
        self.history.append(["field", user, field, value])
        if answer.get("user", {}).get(field) != value:
            self.fault(f"{field} of {user} is {answer} and not {value}")
        self.count("changes of shared users")

    def rotate(self) -> None:
        old = self.key
        answer = self.must(*self.ask("/api/client/rotate-key", old))
        self.key = answer["api_key"]
        status, _ = self.ask("/api/recall", old)
        if status != 401:
            self.fault(f"a key works after it was revoked: {status}")
        self.must(*self.ask("/api/recall", self.key))
        self.count("revocations")

    def contest(self) -> None:
        """All processes add and remove the same few users."""
        user = self.chance.choice(self.plan["contested"])
        if self.chance.random() < 0.6:
            status, answer = self.ask("/api/client/add-user", self.admin, user_id=user, username="Contested")
            if status == 200:
                self.history.append(["added", user, answer["api_key"]])
            elif status != 422:
                self.fault(f"add-user gives {status}: {answer}")
        else:
            status, answer = self.ask("/api/client/remove-user", self.admin, user_id=user)
            if status == 200:
                self.history.append(["removed", user])
            elif status != 404:
                self.fault(f"remove-user gives {status}: {answer}")
        self.count("contested adds and removals")

    def begin_and_forget(self) -> None:
        answer = self.must(*self.ask("/api/chat", self.key, prompt="Begin"))
        identity = answer.get("conversation_id", "")
        self.must(*self.ask("/api/recall", self.key, conversation_id=identity))
        self.must(*self.ask("/api/remove-conversation", self.key, conversation_id=identity))
        self.must(*self.ask("/api/recall", self.key, conversation_id=identity), wanted=404)
        self.count("conversations begun and removed")

    def command(self) -> None:
        """The command line writes, the workers see it at once."""
        user = f"cli-{uuid.uuid4().hex[:10]}"
        key = self.cli("add", user, "--username", "C")
        self.must(*self.ask("/api/recall", key))
        newer = self.cli("rotate-key", user)
        self.must(*self.ask("/api/recall", key), wanted=401)
        self.must(*self.ask("/api/recall", newer))
        self.cli("remove", user)
        self.must(*self.ask("/api/recall", newer), wanted=401)
        self.count("users of the command line")

    def cli(self, command: str, user: str, *more: str) -> str:
        self.commands += 1
        done = subprocess.run(
            [self.program, "users", command, "--state-dir", self.plan["state"], "--user-id", user, *more],
            capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            self.fault(f"users {command}: {done.stderr}")
        return done.stdout.strip()


def main() -> None:
    plan_file, number, operations, program = sys.argv[1:]
    mixed = Mixed(json.loads(Path(plan_file).read_text()), int(number), program)
    mixed.run(int(operations))
    print(json.dumps({
        "operations": mixed.caller.requests + mixed.commands, "counts": mixed.counts, "faults": mixed.faults,
        "history": mixed.history}))


if __name__ == "__main__":
    main()
