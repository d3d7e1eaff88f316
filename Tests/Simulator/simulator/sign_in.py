"""Sign-ins that are under way at the identity provider."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import Enum

from .accounts import Account


class Stage(Enum):
    """What a sign-in waits for."""

    IDENTIFIER = "identifier"
    PASSWORD = "password"
    RESUME = "resume"
    MFA = "mfa"


@dataclass
class SignIn:
    """One sign-in from `/authorize` to the code; its state value changes at the later steps."""

    client_id: str
    redirect_uri: str
    client_state: str
    challenge: str | None
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    stage: Stage = Stage.IDENTIFIER
    username: str = ""
    account: Account | None = None
    wants_captcha: bool = False
    has_passed_mfa: bool = False


@dataclass
class SignIns:
    """The sign-ins by the state value that is valid now."""

    by_state: dict[str, SignIn] = field(default_factory=dict)

    def begin(self, sign_in: SignIn) -> str:
        state = secrets.token_urlsafe(24)
        self.by_state[state] = sign_in
        return state

    def find(self, state: str, cookie: str | None, stage: Stage) -> SignIn | None:
        """A sign-in at this stage, if the browser that began it asks."""
        found = self.by_state.get(state)
        if found is None or found.stage is not stage or cookie is None:
            return None
        return found if secrets.compare_digest(found.cookie.encode(), cookie.encode()) else None

    def move(self, state: str, stage: Stage) -> str:
        """Goes to another stage under a fresh state value; the old value is void."""
        sign_in = self.by_state.pop(state)
        sign_in.stage = stage
        return self.begin(sign_in)

    def end(self, state: str) -> None:
        self.by_state.pop(state, None)
