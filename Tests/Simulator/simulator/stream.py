"""Writes a turn as an event stream, with everything that can go wrong on the way."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timezone

from .connection import ClientGone, Exchange
from .faults import FaultSet
from .turn import Frame, Part

HEADERS = [("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-cache")]
PING_PAUSE_MS = 200


def ping(moment: float) -> bytes:
    """A keep-alive: CRLF line ends and a time without zone, 49 bytes in all."""
    text = datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")
    return f"event: ping\r\ndata: {text}\r\n\r\n".encode()


async def pause(exchange: Exchange, seconds: float) -> None:
    """Waits; raises `ClientGone` as soon as the client leaves."""
    if seconds <= 0:
        return
    try:
        await asyncio.wait_for(exchange.gone.wait(), seconds)
    except TimeoutError:
        return
    raise ClientGone


class Cut(Exception):
    """The stream ends here by order of a fault."""


class StreamWriter:
    """Writes the frames of one turn.

    After `send` returned or raised, `text` is the reply as far as it was written.
    """

    def __init__(self, exchange: Exchange, faults: FaultSet, moment: float, delay_ms: float) -> None:
        self._exchange = exchange
        self._faults = faults
        self._moment = moment
        slow = faults.get("slow")
        self._delay = (slow.number() if slow else delay_ms) / 1000
        cut = faults.get("cut_bytes")
        self._budget = cut.number() if cut else None
        chunking = faults.get("chunking")
        self._piece = chunking.number() if chunking else None
        self._held = bytearray()
        self.text = ""
        self.is_complete = False

    async def send(self, frames: list[Frame]) -> None:
        """Sends the frames and ends the answer, or ends it earlier if a fault says so.

        Raises `ClientGone` when the client left first.
        """
        exchange = self._exchange
        await exchange.start(200, HEADERS)
        try:
            for index, frame in enumerate(frames):
                await self._before(index, frame)
                await self._emit(self.render(frame), is_last=frame.part is Part.DONE)
                if frame.text is not None:
                    self.text = frame.text
                self.is_complete = self.is_complete or frame.part is Part.LAST
                await pause(exchange, self._delay if frame.part is not Part.DONE else 0)
            await self._flush()
            await exchange.finish()
        except Cut as cut:
            await self._flush()
            if str(cut) == "rst":
                await exchange.reset()
            elif str(cut) == "clean":
                await exchange.finish()
            else:
                exchange.drop()

    def render(self, frame: Frame) -> bytes:
        """The frame as bytes on the wire."""
        if frame.is_raw:
            data = str(frame.payload)
        elif "compact" in self._faults:
            data = json.dumps(frame.payload, separators=(",", ":"))
        else:
            data = json.dumps(frame.payload, ensure_ascii="raw_utf8" not in self._faults)
        name = f"event: {frame.event}\n" if frame.event else ""
        text = f"{name}data: {data}\n\n"
        line_ends = self._faults.get("line_ends")
        if line_ends is not None:
            text = text.replace("\n", {"crlf": "\r\n", "cr": "\r"}.get(line_ends.word(0), "\n"))
        return text.encode()

    async def _before(self, index: int, frame: Frame) -> None:
        """What comes in front of the event with this index, or instead of it and all that follow."""
        faults = self._faults
        hang = faults.first("hang", "hang_ping")
        if hang is not None and hang.number() == index:
            await self._flush()
            await self._hang(hang.number(1, PING_PAUSE_MS) if hang.kind == "hang_ping" else 0)
        cut = faults.get("cut")
        if cut is not None and cut.number() == index:
            raise Cut("rst" if "rst" in cut.arguments else "")
        garbage = faults.get("garbage")
        if garbage is not None and garbage.number() == index:
            for noise in GARBAGE:
                await self._emit(noise)
        early = faults.get("ping")
        if early is not None and early.number() == index:
            await self._emit(ping(self._moment))
        if frame.part is Part.DONE:
            if "ping_after_last" in faults:
                await self._emit(ping(self._moment))
            no_done = faults.get("no_done")
            if no_done is not None:
                raise Cut(no_done.word(0) or "clean")

    async def _hang(self, ping_ms: int) -> None:
        while True:
            await pause(self._exchange, ping_ms / 1000 if ping_ms else 3600)
            if ping_ms:
                await self._exchange.write(ping(self._moment))

    async def _emit(self, data: bytes, is_last: bool = False) -> None:
        cut = self._budget is not None and len(data) >= self._budget
        if self._budget is not None:
            data = data[: self._budget]
            self._budget -= len(data)
        if self._piece is None:
            await self._exchange.write(data)
        elif self._piece <= 0:
            self._held += data
        else:
            for at in range(0, len(data), self._piece):
                await self._exchange.write(data[at: at + self._piece])
                if not is_last:  # A client that has read the end may come again at once: it must not find us busy.
                    await asyncio.sleep(0)
        if cut:
            raise Cut

    async def _flush(self) -> None:
        held = bytes(self._held)
        self._held.clear()
        await self._exchange.write(held)


GARBAGE = [
    b"\xef\xbb\xbf: a comment after a byte order mark\n\n",
    b'data: {"message": {"id": "\n\n',
    b"data:\n\n",
    b"data: [1, 2]\n\ndata: \"a text\"\n\ndata: null\n\n",
    b"event: mystery\nid: 7\nretry: 10\ndata: {\"kind\": \"unknown\"}\n\n",
    b"data: {\"type\": \"unheard_of\", \"conversation_id\": null}\n\n",
    b"no colon at all\n\n",
]
"""Noise that a reader must step over; the byte order mark is one only in front of the first event."""
