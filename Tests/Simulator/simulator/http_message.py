"""Requests and responses as values, without a socket."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

JSON_TYPE = "application/json"
HTML_TYPE = "text/html; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass
class Request:
    """One request, read completely.

    Header names are lower case; a repeated header keeps its last value, except `cookie`, whose values are joined.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    path: str = field(init=False)
    query: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.target)
        self.path = unquote(parts.path)
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def json(self) -> Any:
        """Decodes the body; raises `ValueError` if it is not JSON in UTF-8."""
        return json.loads(self.body.decode("utf-8"))

    def form(self) -> dict[str, str]:
        """The fields of a urlencoded form; empty if the body is something else."""
        if self.content_type != "application/x-www-form-urlencoded":
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def cookies(self) -> dict[str, str]:
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(self.headers.get("cookie", ""))
        except CookieError:
            return {}
        return {name: morsel.value for name, morsel in jar.items()}


@dataclass
class Response:
    """A whole answer. `Content-Length` is added by the connection."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def of_json(cls, value: Any, status: int = 200, headers: list[tuple[str, str]] | None = None) -> Response:
        return cls(status, json.dumps(value).encode(), [("Content-Type", JSON_TYPE), *(headers or [])])

    @classmethod
    def of_html(cls, text: str, status: int = 200, headers: list[tuple[str, str]] | None = None) -> Response:
        return cls(status, text.encode(), [("Content-Type", HTML_TYPE), *(headers or [])])

    @classmethod
    def of_text(cls, text: str, status: int = 200) -> Response:
        return cls(status, text.encode(), [("Content-Type", TEXT_TYPE)])

    @classmethod
    def redirect(cls, location: str, headers: list[tuple[str, str]] | None = None, status: int = 302) -> Response:
        return cls(status, b"", [("Location", location), *(headers or [])])
