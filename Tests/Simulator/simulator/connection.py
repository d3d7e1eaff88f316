"""HTTP/1.1 on one connection: reading requests, writing whole or chunked answers, noticing that the client left."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from .http_message import Request, Response

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 8 * 1024 * 1024

Handler = Callable[["Exchange"], Awaitable[None]]


class ClientGone(Exception):
    """The client closed its side while an answer was being made."""


class BadRequest(Exception):
    """What arrived is not a request that this server reads."""


class Exchange:
    """One request and the answer to it.

    Exactly one of `respond`, `start`…`finish`, `drop` or `reset` ends it. Writing raises `ClientGone` once the client
    left.
    """

    def __init__(self, request: Request, connection: Connection) -> None:
        self.request = request
        self.connection = connection
        self.status: int | None = None
        self.bytes_sent = 0
        self.is_over = False

    @property
    def gone(self) -> asyncio.Event:
        """Set when the client closed the connection or its sending side."""
        return self.connection.gone

    async def respond(self, response: Response) -> None:
        self._begin(response.status)
        names = {name.lower() for name, _ in response.headers}
        headers = list(response.headers)
        if "content-length" not in names:
            headers.append(("Content-Length", str(len(response.body))))
        body = b"" if self.request.method == "HEAD" else response.body
        await self.connection.write(_head(response.status, headers) + body)
        self.bytes_sent += len(body)
        self.is_over = True

    async def start(self, status: int, headers: list[tuple[str, str]]) -> None:
        """Sends the head of a chunked answer."""
        self._begin(status)
        await self.connection.write(_head(status, [*headers, ("Transfer-Encoding", "chunked")]))

    async def write(self, data: bytes) -> None:
        """Sends one chunk; an empty one is skipped, since it would end the answer."""
        if data:
            await self.connection.write(b"%x\r\n%b\r\n" % (len(data), data))
            self.bytes_sent += len(data)

    async def finish(self) -> None:
        """Sends the last chunk."""
        await self.connection.write(b"0\r\n\r\n")
        self.is_over = True

    def drop(self) -> None:
        """Closes the connection in the middle, after what was written has been sent."""
        self.is_over = True
        self.connection.close()

    async def reset(self) -> None:
        """Closes the connection with RST, after a moment in which the peer can read what was written."""
        self.is_over = True
        await asyncio.sleep(0.02)
        self.connection.reset()

    def _begin(self, status: int) -> None:
        if self.status is not None:
            raise RuntimeError("the answer has already begun")
        self.status = status


class Connection(asyncio.Protocol):
    """One TCP connection: requests one after another, kept alive until either side closes."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._buffer = bytearray()
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self.gone = asyncio.Event()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._arrived.set()

    def eof_received(self) -> bool:
        self._leave()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._leave()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # used by Exchange

    async def write(self, data: bytes) -> None:
        if self.gone.is_set() or self._transport is None or self._transport.is_closing():
            raise ClientGone
        self._transport.write(data)
        await self._writable.wait()
        if self.gone.is_set():
            raise ClientGone

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    # reading

    async def _serve(self) -> None:
        try:
            while not self.gone.is_set():
                request = await self._read_request()
                exchange = Exchange(request, self)
                await self._handler(exchange)
                if not exchange.is_over or request.headers.get("connection", "").lower() == "close":
                    break
        except ClientGone:
            pass
        except BadRequest as error:
            if self._transport is not None and not self._transport.is_closing():
                body = f"{error}\n".encode()
                self._transport.write(_head(400, [("Content-Length", str(len(body)))]) + body)
        finally:
            self.close()

    async def _read_request(self) -> Request:
        head = await self._read_until(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise BadRequest("bad request line")
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise BadRequest("bad header line")
            key = name.lower()
            joined = "; ".join([headers[key], value.strip()]) if key == "cookie" and key in headers else value.strip()
            headers[key] = joined
        if headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return Request(parts[0], parts[1], headers, await self._read_body(headers))

    async def _read_body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = bytearray()
            while True:
                size = _number((await self._read_until(b"\r\n")).split(b";")[0], 16)
                if len(body) + size > MAX_BODY_BYTES:
                    raise BadRequest("body too long")
                body += await self._read_exactly(size)
                await self._read_exactly(2)
                if size == 0:
                    return bytes(body)
        size = _number(headers.get("content-length", "0").encode(), 10)
        if size > MAX_BODY_BYTES:
            raise BadRequest("body too long")
        return await self._read_exactly(size)

    async def _read_until(self, end: bytes) -> bytes:
        while (at := self._buffer.find(end)) < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise BadRequest("head too long")
            await self._more()
        found = bytes(self._buffer[:at])
        del self._buffer[: at + len(end)]
        return found

    async def _read_exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            await self._more()
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found

    async def _more(self) -> None:
        if self.gone.is_set():
            raise ClientGone
        self._arrived.clear()
        await self._arrived.wait()

    def _leave(self) -> None:
        self.gone.set()
        self._arrived.set()
        self._writable.set()


def _head(status: int, headers: list[tuple[str, str]]) -> bytes:
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = "Unknown"
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _number(text: bytes, base: int) -> int:
    try:
        value = int(text.strip(), base)
    except ValueError:
        raise BadRequest("bad length") from None
    if value < 0:
        raise BadRequest("bad length")
    return value
