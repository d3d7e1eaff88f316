"""The accounts of the simulated service and what they have done so far."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


@dataclass
class Account:
    """One account: what the fixture says about it, and its counters."""

    email: str
    password: str = ""
    name: str = "Some One"
    plus: bool = False
    mfa_code: str | None = None
    captcha: bool = False
    deactivated: bool = False
    blocked: bool = False
    country_refused: bool = False
    token_life_seconds: float = 14 * 86400
    session_token: str | None = None
    refresh_token: str | None = None

    counters: Counters = field(default_factory=lambda: Counters())

    @property
    def user_id(self) -> str:
        return "user-" + hashlib.sha256(self.email.encode()).hexdigest()[:16]

    @property
    def subject(self) -> str:
        return "auth0|" + hashlib.sha256(self.email.encode()).hexdigest()[16:40]


@dataclass
class Counters:
    """What happened on an account since the last reset; times are those of the simulator's clock."""

    logins: int = 0
    password_tries: int = 0
    wrong_passwords: int = 0
    session_reads: int = 0
    token_refreshes: int = 0
    busy_refusals: int = 0
    turns: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    is_busy: bool = False
    locked_until: float = 0
    turn_times: deque[float] = field(default_factory=deque)
    gpt4_times: deque[float] = field(default_factory=deque)

    def shown(self) -> dict[str, Any]:
        hidden = {"turn_times", "gpt4_times", "locked_until"}
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name not in hidden}


@dataclass
class Settings:
    """What holds for all accounts; `POST /_sim/settings` changes it while the simulator runs."""

    reply: str = "You said: {prompt}. Turn {turn}."
    event_delay_ms: float = 0
    max_prompt_chars: int = 32000
    hourly_limit: int = 0
    """Turns per account and hour; 0 is no limit."""
    gpt4_limit: int = 0
    """Turns per account and window with a `gpt-4` model; 0 is no limit."""
    gpt4_window_seconds: float = 3 * 3600
    lock_after_abort_seconds: float = 0
    block_after_wrong_passwords: int = 10
    has_secure_cookies: bool = True
    rotates_session: bool = False
    splits_session: bool = False

    def change(self, values: dict[str, Any]) -> None:
        """Sets the named values; raises `ValueError` on an unknown name or a wrong type, then nothing is changed."""
        shape = {each.name: getattr(Settings(), each.name) for each in fields(self)}
        for name, value in values.items():
            if name not in shape:
                raise ValueError(f"unknown setting {name}")
            if not _fits(value, shape[name]):
                raise ValueError(f"wrong type for setting {name}")
        for name, value in values.items():
            setattr(self, name, value)


@dataclass
class Fixture:
    """The content of the fixture file: accounts, settings and the era to begin with."""

    accounts: list[dict[str, Any]]
    settings: dict[str, Any]
    era: str | None

    @classmethod
    def read(cls, path: Path) -> Fixture:
        return cls.of(json.loads(path.read_text("utf-8")))

    @classmethod
    def of(cls, value: Any) -> Fixture:
        """Accepts an array of accounts or `{"accounts", "settings", "era"}`; raises `ValueError` with the reason."""
        if isinstance(value, list):
            value = {"accounts": value}
        if not isinstance(value, dict) or not isinstance(value.get("accounts"), list):
            raise ValueError("the fixture needs an array of accounts")
        fixture = cls(value["accounts"], value.get("settings") or {}, value.get("era"))
        fixture.make_accounts()
        Settings().change(fixture.settings)
        return fixture

    def make_accounts(self) -> dict[str, Account]:
        """Fresh accounts by e-mail, in the order of the file."""
        made: dict[str, Account] = {}
        for item in self.accounts:
            account = Account(email="")
            change_account(account, item)
            if not account.email or account.email in made:
                raise ValueError("every account needs an e-mail of its own")
            made[account.email] = account
        return made


def change_account(account: Account, values: Any) -> None:
    """Sets fixture fields of an account; raises `ValueError` on an unknown one or a wrong type."""
    if not isinstance(values, dict):
        raise ValueError("an account is an object")
    model = Account(email="")
    names = {each.name for each in fields(Account)} - {"counters"}
    for name, value in values.items():
        if name not in names:
            raise ValueError(f"unknown account field {name}")
        if not _fits(value, getattr(model, name)):
            raise ValueError(f"wrong type for account field {name}")
        setattr(account, name, value)


def _fits(value: Any, example: Any) -> bool:
    if example is None:
        return value is None or isinstance(value, str)
    if isinstance(example, bool):
        return isinstance(value, bool)
    if isinstance(example, (int, float)):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, type(example))
