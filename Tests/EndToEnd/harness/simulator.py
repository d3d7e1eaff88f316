"""The simulator of the ChatGPT web backend as the tests see it."""

import json
import subprocess
import sys
from pathlib import Path

import httpx

from . import process

FOLDER = Path(__file__).resolve().parents[2] / "Simulator"
ACCOUNTS = {
    "a": {"email": "a@example.org", "password": "Secret-of-account-a"},
    "b": {"email": "b@example.org", "password": "Secret-of-account-b"},
    "plus": {"email": "plus@example.org", "password": "Secret-of-account-plus", "plus": True},
    "mfa": {"email": "mfa@example.org", "password": "Secret-of-account-mfa", "mfa_code": "123456"},
    "captcha": {"email": "captcha@example.org", "password": "Secret-of-account-captcha", "captcha": True},
    "closed": {"email": "closed@example.org", "password": "Secret-of-account-closed", "deactivated": True},
    "blocked": {"email": "blocked@example.org", "password": "Secret-of-account-blocked", "blocked": True},
    "abroad": {"email": "abroad@example.org", "password": "Secret-of-account-abroad", "country_refused": True},
}
CONVERSATION = "/backend-api/conversation"


class Simulator:
    """A running simulator."""

    def __init__(self, folder: Path) -> None:
        fixture = folder / "accounts.json"
        fixture.write_text(json.dumps({"accounts": list(ACCOUNTS.values()), "era": "2023-06"}))
        self.process = process.start(
            [sys.executable, "-m", "simulator", "--fixture", str(fixture)], folder / "simulator.log",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=FOLDER)
        words = (self.process.stdout.readline() if self.process.stdout else "").split()
        assert words[:1] == ["ready"], (folder / "simulator.log").read_text()
        self.port = int(words[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.control = httpx.Client(base_url=self.url, timeout=30)
        self.secrets = {account["password"] for account in ACCOUNTS.values()}

    def stop(self) -> None:
        self.control.close()
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait(10)

    def settings(self, *accounts: str | dict, **openai) -> dict:
        """The member `openai` of a settings file with accounts given by name or as entries."""
        return {
            "base_url": f"{self.url}/backend-api", "web_base_url": f"{self.url}/web",
            "auth_base_url": f"{self.url}/auth0",
            "instances": [self.instance(item) if isinstance(item, str) else item for item in accounts], **openai,
        }

    def instance(self, name: str, **members) -> dict:
        """An entry of `openai.instances`: with its password, unless `members` has a token."""
        account = ACCOUNTS[name]
        entry = {"id": name, "kind": "chatgpt", "plus": account.get("plus", False), **members}
        if not any(member.endswith("_token") for member in members):
            entry |= {"email": account["email"], "password": account["password"]}
        return entry

    def sim(self, what: str, **values) -> dict:
        answer = self.control.post(f"/_sim/{what}", json=values)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def reset(self) -> None:
        self.sim("reset")

    def next(self, fault: str | list[str], name: str | None = None, **more) -> None:
        if name:
            more["account"] = ACCOUNTS[name]["email"]
        self.sim("next", fault=fault, **more)

    def credential(self, name: str, kind: str = "access", **more) -> str:
        """A token without a login."""
        answer = self.sim("token", account=ACCOUNTS[name]["email"], kind=kind, **more)
        token = answer[f"{kind}_token"]
        self.secrets.add(token)
        return token

    def counters(self, name: str) -> dict:
        return self.control.get("/_sim/state").json()["accounts"][ACCOUNTS[name]["email"]]

    def conversations(self) -> list[dict]:
        return self.control.get("/_sim/state").json()["conversations"]

    def log(self) -> list[dict]:
        return self.control.get("/_sim/log").json()["requests"]

    def prompts(self, text: str | None = None) -> list[dict]:
        """The requests to the conversation endpoint, or those whose prompt holds `text`."""
        found = [each for each in self.log() if each["method"] == "POST" and each["path"] == CONVERSATION]
        return [each for each in found if text is None or text in json.dumps(each["body"])]

    def paths(self, ending: str) -> list[dict]:
        return [each for each in self.log() if each["path"].endswith(ending)]

    def requests(self, kind: str = "chat") -> list[dict]:
        """What the check for leaked keys looks through."""
        return self.log() if kind == "chat" else []
