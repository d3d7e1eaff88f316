"""The record of every request, without its secrets."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from .http_message import Request
from .tokens import fingerprint

MAX_ENTRIES = 50_000
SECRETS = {"password", "refresh_token", "token", "code", "code_verifier", "csrfToken", "access_token", "id_token"}


@dataclass
class Entry:
    """One request; `start` and `end` are monotonic seconds, `end` and `status` absent while it runs.

    A secret is kept as its fingerprint, the first 12 hexadecimal digits of its SHA-256.
    """

    id: int
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    cookies: dict[str, str]
    account: str | None
    token: str
    body: Any
    start: float
    end: float | None = None
    status: int | None = None
    bytes_sent: int = 0
    aborted: bool = False
    faults: list[str] = field(default_factory=list)


class Journal:
    """The requests since the last reset, oldest first; beyond a limit the oldest are dropped."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)
        self._count = 0

    def open(self, request: Request, account: str | None, token: str) -> Entry:
        self._count += 1
        entry = Entry(
            id=self._count,
            method=request.method,
            path=request.path,
            query=_masked(request.query),
            headers={k: v for k, v in request.headers.items() if k not in ("authorization", "cookie")},
            cookies={name: fingerprint(value) for name, value in request.cookies().items()},
            account=account,
            token=token,
            body=_shown_body(request),
            start=time.monotonic(),
        )
        self._entries.append(entry)
        return entry

    def shown(self, since: int = 0) -> list[dict[str, Any]]:
        """The entries with an id above `since`."""
        return [asdict(entry) for entry in self._entries if entry.id > since]


def _shown_body(request: Request) -> Any:
    if not request.body:
        return None
    if form := request.form():
        return _masked(form)
    try:
        value = request.json()
    except ValueError:
        return request.body.decode("utf-8", "replace")
    return _masked(value) if isinstance(value, dict) else value


def _masked(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: fingerprint(value) if name in SECRETS and isinstance(value, str) else value
        for name, value in values.items()
    }
