"""HTTP as bytes: requests that no client library would send, answers with every header field as it came."""

import http.client
import socket
from dataclasses import dataclass

from .process import PATIENCE


@dataclass(frozen=True)
class RawAnswer:
    """An answer; `status` is 0 where the connection was closed without one."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def all(self, name: str) -> list[str]:
        """The values of a header field, one for each time that it was sent."""
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def one(self, name: str) -> str | None:
        """The value of a header field that must not be sent twice."""
        values = self.all(name)
        assert len(values) < 2, f"{name} was sent {len(values)} times: {values}"
        return values[0] if values else None


def send(port: int, request: bytes, host: str = "127.0.0.1", source: str | None = None) -> RawAnswer:
    """Sends bytes on a new connection, from the address `source` where one is given, and reads the answer."""
    origin = (source, 0) if source else None
    with socket.create_connection((host, port), timeout=PATIENCE, source_address=origin) as connection:
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # The server may refuse a large request before it has all of it.
        method = request.split(b" ", 1)[0].decode(errors="replace")
        answer = http.client.HTTPResponse(connection, method=method)
        try:
            answer.begin()
            return RawAnswer(answer.status, tuple(answer.getheaders()), answer.read())
        except (http.client.BadStatusLine, ConnectionResetError):
            return RawAnswer(0, (), b"")


def request_bytes(
    method: str, path: str, fields: list[tuple[str, str]] | None = None, body: bytes | None = None
) -> bytes:
    """A request that is well-formed as far as its parts are; `fields` may replace Host and Content-Length."""
    given = {name.lower() for name, _ in fields or []}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields or [])]
    if "host" not in given:
        lines.append("Host: gateway.example")
    if body is not None and not given & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    lines.append("Connection: close")
    # Latin-1 lets a table write any byte as one character.
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")
