"""One bad request and the exact answer to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness import raw

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


@dataclass(frozen=True)
class Bad:
    """A row of the table; `<name>` in path, header fields and body stands for a value of the cast."""

    name: str
    status: int
    #: None where the connection may also be closed without a word (status 0).
    code: str | None
    #: The parameter that the answer names; None: it names none.
    parameter: str | None = None
    method: str = "POST"
    path: str = "/api/chat"
    #: Whose key stands in Authorization; None: nobody's.
    who: str | None = "user"
    json: Any = None
    form: str | None = None
    body: bytes | None = None
    content_type: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    #: The whole request, instead of all that.
    raw: bytes | None = None
    #: What the answer must not hold, beside the secrets that none may.
    absent: tuple[str, ...] = ()
    #: json, openai, text, page or none (no body); by default what the path has.
    shape: str = ""
    allow: str | None = None

    def request(self, cast: Mapping[str, str]) -> bytes:
        if self.raw is not None:
            return fill(self.raw.decode("latin-1"), cast).encode("latin-1")
        fields = list(self.fields)
        if self.who is not None:
            fields.append(("Authorization", f"Bearer {cast[f'{self.who}_key']}"))
        body, content_type = self.body, self.content_type
        if self.json is not None:
            body, content_type = json.dumps(self.json).encode(), content_type or JSON
        elif self.form is not None:
            body, content_type = self.form.encode(), content_type or FORM
        if content_type is not None:
            fields.append(("Content-Type", content_type))
        if body is not None and b"<" in body:
            body = fill(body.decode("latin-1"), cast).encode("latin-1")
        filled = [(name, fill(value, cast)) for name, value in fields]
        return raw.request_bytes(self.method, fill(self.path, cast), filled, body)

    @property
    def expected_shape(self) -> str:
        if self.shape:
            return self.shape
        if self.method == "HEAD" or self.status == 0:
            return "none"
        return "openai" if self.path.startswith("/v1/") else "json"


def fill(text: str, cast: Mapping[str, str]) -> str:
    for name, value in cast.items():
        text = text.replace(f"<{name}>", value)
    return text
