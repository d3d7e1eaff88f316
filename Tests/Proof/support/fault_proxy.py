"""An HTTP/1.1 proxy before the stub that breaks answers as the prompt's mark says.

    fault_proxy.py STUB_PORT

prints `ready PORT` and serves 127.0.0.1 until its standard input ends. A request whose body holds `<<fault:NAME>>`
gets that fault; every other one goes through untouched.
"""

import asyncio
import contextlib
import re
import struct
import sys
import socket

MARK = re.compile(rb"<<fault:([a-z_0-9]+)>>")
PIECE = b'data: {"choices": [{"index": 0, "delta": {"content": "%s"}, "finish_reason": null}]}\n\n' % (b"more " * 400)
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LONGEST = 120


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Faults:
    """Each takes the client's writer and the bytes of the good answer."""

    async def reset_at_once(self, client, answer: bytes) -> None:
        abort(client)

    async def reset_in_answer(self, client, answer: bytes) -> None:
        await send(client, answer[: len(answer) // 2])
        await asyncio.sleep(0.05)
        abort(client)

    async def stall_at_once(self, client, answer: bytes) -> None:
        await asyncio.sleep(LONGEST)

    async def stall_in_answer(self, client, answer: bytes) -> None:
        await send(client, answer[: len(answer) // 2])
        await asyncio.sleep(LONGEST)

    async def one_byte_a_second(self, client, answer: bytes) -> None:
        for number in range(min(len(answer), LONGEST)):
            await send(client, answer[number:number + 1])
            await asyncio.sleep(1)

    async def half_an_event(self, client, answer: bytes) -> None:
        await send(client, EVENTS + chunk(PIECE) + chunk(PIECE[: len(PIECE) // 2]) + b"0\r\n\r\n")

    async def garbage(self, client, answer: bytes) -> None:
        await send(client, bytes(range(256)) * 64)

    async def garbage_in_stream(self, client, answer: bytes) -> None:
        await send(client, EVENTS + chunk(PIECE) + chunk(b"data: {\x00\xff\xfe\n\n") + b"zz not a chunk\r\n")

    async def status_429(self, client, answer: bytes) -> None:
        await status(client, b"429 Too Many Requests", b"Retry-After: 1\r\n")

    async def status_500(self, client, answer: bytes) -> None:
        await status(client, b"500 Internal Server Error")

    async def status_503(self, client, answer: bytes) -> None:
        await status(client, b"503 Service Unavailable", b"Retry-After: 1\r\n")

    async def oversized(self, client, answer: bytes) -> None:
        await send(client, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 268435456\r\n\r\n")
        for _ in range(256):
            await send(client, b'"' + bytes([0x78]) * 1048575)

    async def oversized_head(self, client, answer: bytes) -> None:
        await send(client, b"HTTP/1.1 200 OK\r\n" + b"X-Filler: " + b"y" * 4_000_000 + b"\r\n\r\n")

    async def never_ending(self, client, answer: bytes) -> None:
        await send(client, EVENTS)
        for _ in range(LONGEST * 100):
            await send(client, chunk(PIECE * 10))
            await asyncio.sleep(0.01)


NAMES = [name for name in vars(Faults) if not name.startswith("_")]


async def send(client: asyncio.StreamWriter, data: bytes) -> None:
    client.write(data)
    await client.drain()


async def status(client: asyncio.StreamWriter, line: bytes, headers: bytes = b"") -> None:
    body = b'{"error": {"message": "from the fault proxy", "code": null}}'
    await send(client, b"HTTP/1.1 " + line + b"\r\nContent-Type: application/json\r\n" + headers
               + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def abort(client: asyncio.StreamWriter) -> None:
    """Ends with RST."""
    place = client.get_extra_info("socket")
    place.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.transport.abort()


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """A whole request or answer, as it came."""
    message = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", message, re.IGNORECASE)
    if length:
        return message + await reader.readexactly(int(length[1]))
    while b"transfer-encoding: chunked" in message.lower() and not message.endswith(b"\r\n0\r\n\r\n"):
        message += await reader.readuntil(b"\r\n")
    return message


async def serve(client_reader: asyncio.StreamReader, client: asyncio.StreamWriter, port: int) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, OSError):
        while True:
            request = await read_message(client_reader)
            reader, stub = await asyncio.open_connection("127.0.0.1", port)
            stub.write(request)
            answer = await read_message(reader)
            stub.close()
            if mark := MARK.search(request):
                await getattr(Faults(), mark[1].decode())(client, answer)
                break
            await send(client, answer)
    client.close()


async def main() -> None:
    port = int(sys.argv[1])
    server = await asyncio.start_server(lambda r, w: serve(r, w, port), "127.0.0.1", 0, backlog=4096)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(ended), sys.stdin)
    await ended.read()


if __name__ == "__main__":
    asyncio.run(main())
