"""HTTP/1.1 on one connection: reads requests one after another and lets the service answer them."""

import asyncio
from dataclasses import dataclass

HEAD_LIMIT = 64 * 1024
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


@dataclass
class Request:
    method: str
    path: str
    headers: list[list[str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


class ClientLeft(Exception):
    """The client closed the connection."""


class Connection(asyncio.Protocol):
    """Owns a connection; its methods besides asyncio's are for the service, while it answers."""

    def __init__(self, service) -> None:
        self.service = service
        self.buffer = bytearray()
        self.task: asyncio.Task | None = None
        self.is_open = True
        self.drained = asyncio.Event()
        self.drained.set()
        self.bytes_sent = 0

    def connection_made(self, transport) -> None:
        self.transport = transport
        # Pauses the writer early, so that a client that does not read is noticed.
        transport.set_write_buffer_limits(high=256 * 1024)

    def pause_writing(self) -> None:
        self.drained.clear()

    def resume_writing(self) -> None:
        self.drained.set()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error) -> None:
        self.is_open = False
        self.drained.set()
        if self.task is not None:
            self.task.cancel()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.task is None:
            self.next_request()

    def next_request(self) -> None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > HEAD_LIMIT:
                self.transport.abort()
            return
        lines = bytes(self.buffer[:end]).decode("latin-1").split("\r\n")
        headers = [[name, value.strip()] for name, _, value in (line.partition(":") for line in lines[1:])]
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        if len(self.buffer) < end + 4 + length:
            return
        body = bytes(self.buffer[end + 4 : end + 4 + length])
        del self.buffer[: end + 4 + length]
        method, path, _ = lines[0].split(" ", 2)
        self.bytes_sent = 0
        self.task = asyncio.ensure_future(self.answer(Request(method, path, headers, body)))

    async def answer(self, request: Request) -> None:
        try:
            await self.service.answer(request, self)
        except (ClientLeft, asyncio.CancelledError):
            self.transport.abort()
        finally:
            self.task = None
        if self.is_open and self.buffer:
            self.next_request()

    async def write(self, data: bytes) -> None:
        # A transport whose connection broke takes what is written without a word.
        if not self.is_open or self.transport.is_closing():
            raise ClientLeft
        self.transport.write(data)
        self.bytes_sent += len(data)
        if not self.drained.is_set():
            await self.drained.wait()
            if not self.is_open:
                raise ClientLeft

    async def head(self, status: int, headers: dict) -> None:
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        await self.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")

    async def whole(self, status: int, body: bytes, content_type="application/json", headers: dict | None = None) -> None:
        await self.head(status, {"Content-Type": content_type, "Content-Length": len(body), **(headers or {})})
        await self.write(body)

    def close(self) -> None:
        """Closes after what was written went out."""
        self.transport.close()

    async def left(self) -> None:
        """Waits until the client closes; the task is cancelled then."""
        await asyncio.Event().wait()
