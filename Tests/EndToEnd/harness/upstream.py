"""The stub upstream as the tests see it."""

import subprocess
import sys
import time
from pathlib import Path

import httpx

from . import process

FOLDER = Path(__file__).resolve().parent.parent
#: Accounts of the stub; the names are their API keys.
KEYS = [f"sk-upstream-{name}-0123456789abcdef" for name in ("a", "b", "c", "plus")]


class Upstream:
    """A running stub."""

    def __init__(self, log: Path) -> None:
        self.process = process.start(
            [sys.executable, str(FOLDER / "stub_upstream.py"), "--accounts", ",".join(KEYS)], log,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        words = (self.process.stdout.readline() if self.process.stdout else "").split()
        assert words[:1] == ["ready"], f"the stub did not start: {log.read_text()}"
        self.port = int(words[1])
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.control = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def stop(self) -> None:
        self.control.close()
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait(10)

    def instance(self, name: str, **members) -> dict:
        """An entry of `openai.instances` for the account `name`: a, b, c or plus."""
        return {
            "id": name, "kind": "openai", "base_url": self.url, "api_key": key(name), "models": ["stub-model"],
            "plus": name == "plus", **members,
        }

    def reset(self) -> None:
        self.control.post("/_stub/reset").raise_for_status()

    def script(
        self, step: dict, account: str = "*", kind: str = "chat", times: int = 1, holding: str = ""
    ) -> None:
        """Lets the next `times` requests (-1: all) of an account and kind, with a text in them, be answered by `step`."""
        rule = {
            "step": step, "account": account if account == "*" else key(account), "kind": kind, "times": times,
            "holding": holding,
        }
        answer = self.control.post("/_stub/script", json=rule)
        assert answer.status_code == 200, answer.text

    def requests(self, kind: str = "chat", account: str | None = None) -> list[dict]:
        """The recorded requests of a kind, in the order of their arrival."""
        records = self.control.get("/_stub/log").json()["requests"]
        return [
            record for record in records
            if record["kind"] == kind and account in (None, name(record["account"]))
        ]

    def accounts(self, kind: str = "chat") -> list[str]:
        """Which accounts were asked, in order."""
        return [name(record["account"]) for record in self.requests(kind)]

    def state(self) -> dict:
        """Counts by account name: `requests`, `in_flight` and `most_in_flight`, each by kind."""
        answer = self.control.get("/_stub/state").json()
        return {what: {name(account): kinds for account, kinds in counts.items()} for what, counts in answer.items()}

    def in_flight(self, kind: str = "chat") -> int:
        return sum(kinds.get(kind, 0) for kinds in self.state()["in_flight"].values())

    def wait_in_flight(self, count: int, patience: float = process.PATIENCE) -> None:
        end = time.monotonic() + patience
        while (found := self.in_flight()) < count:
            assert time.monotonic() < end, f"{found} of {count} requests reached the stub"
            time.sleep(0.02)


def key(account: str) -> str:
    return f"sk-upstream-{account}-0123456789abcdef"


def name(api_key: str | None) -> str:
    return api_key.split("-")[2] if api_key else ""
