"""Credentials that the simulator issues: access tokens, sessions, refresh tokens and authorization codes."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .accounts import Account
from .http_message import Request, Response
from .refusals import refusal


def encode_part(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def fingerprint(secret: str) -> str:
    """Tells secrets apart in logs without giving them away."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


@dataclass
class AccessToken:
    """An access token and whom it belongs to; `expires_at` is in seconds since the epoch."""

    account: Account
    text: str
    expires_at: float
    is_revoked: bool = False


@dataclass
class Session:
    """A signed-in browser. Reading it gives the same access token until that has expired or was revoked."""

    account: Account
    access_token: AccessToken


@dataclass
class AuthorizationCode:
    """What a code stands for; it can be exchanged once."""

    account: Account
    client_id: str
    redirect_uri: str
    challenge: str | None


@dataclass
class TokenBook:
    """All credentials that are valid now."""

    now: Callable[[], float]
    access: dict[str, AccessToken] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    refresh: dict[str, Account] = field(default_factory=dict)
    codes: dict[str, AuthorizationCode] = field(default_factory=dict)

    def issue(self, account: Account, life: float | None = None, client_id: str = "SIMULATORWEB") -> AccessToken:
        """Makes an access token; its `exp` is real and its third part random."""
        moment = self.now()
        expires_at = moment + (account.token_life_seconds if life is None else life)
        payload = {
            "https://api.openai.com/profile": {"email": account.email, "email_verified": True},
            "https://api.openai.com/auth": {"user_id": account.user_id},
            "iss": "https://auth0.openai.com/",
            "sub": account.subject,
            "aud": ["https://api.openai.com/v1", "https://openai.openai.auth0app.com/userinfo"],
            "iat": int(moment),
            "exp": int(expires_at),
            "azp": client_id,
            "scope": "openid profile email model.read model.request organization.read offline_access",
        }
        token = AccessToken(account, make_jwt(payload), int(expires_at))
        self.access[token.text] = token
        return token

    def open_session(self, account: Account) -> str:
        """Signs a browser in and gives the value of its cookie."""
        value = secrets.token_urlsafe(48)
        self.install_session(account, value)
        return value

    def install_session(self, account: Account, value: str) -> None:
        """Makes a cookie value of the caller's choice a session."""
        self.sessions[value] = Session(account, self.issue(account))

    def open_refresh(self, account: Account) -> str:
        value = "v1." + secrets.token_urlsafe(32)
        self.refresh[value] = account
        return value

    def read_session(self, value: str) -> Session | None:
        """The session of a cookie, with an access token that is valid now."""
        session = self.sessions.get(value)
        if session is None:
            return None
        if session.access_token.is_revoked or session.access_token.expires_at <= self.now():
            session.access_token = self.issue(session.account)
        return session

    def presented(self, request: Request) -> tuple[AccessToken | None, str]:
        """The token of a request if this book issued it, and its fingerprint."""
        text = _bearer(request)
        return self.access.get(text), fingerprint(text) if text else ""

    def check(self, request: Request) -> Account | Response:
        """Whose request it is, or the 401 answer."""
        text = _bearer(request)
        if not text:
            return refusal(401, "missing")
        token = self.access.get(text)
        if token is None:
            return refusal(401, "invalid_jwt")
        if token.account.deactivated:
            return refusal(401, "deactivated")
        if token.is_revoked or token.expires_at <= self.now():
            return refusal(401, "token_expired")
        return token.account


def make_jwt(payload: dict[str, Any]) -> str:
    head = {"alg": "RS256", "typ": "JWT", "kid": "simulator"}
    parts = [json.dumps(each, separators=(",", ":")).encode() for each in (head, payload)]
    return ".".join([*(encode_part(part) for part in parts), encode_part(secrets.token_bytes(32))])


def _bearer(request: Request) -> str:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""
