"""Turns snapshots into the delta encoding of late 2024, for requests that ask for it."""

from __future__ import annotations

from typing import Any

from .turn import Frame, Part

TEXT_PATH = "/message/content/parts/0"


def delta_frames(frames: list[Frame]) -> list[Frame]:
    """The same turn as deltas; other events keep their payload, `[DONE]` its place.

    A path, operation or channel that equals the one before is left out.
    """
    made = [Frame(Part.EXTRA, '"v1"', event="delta_encoding", is_raw=True)]
    known: str | None = None
    last_path: str | None = None
    channel = -1
    for frame in frames:
        if frame.part is Part.DONE or "message" not in frame.payload or frame.payload["message"] is None:
            made.append(frame)
        elif frame.text is None or known is None:
            channel += 1
            made.append(_delta(frame, {"p": "", "o": "add", "v": frame.payload, "c": channel}))
            known, last_path = frame.text, ""
        elif frame.part is Part.LAST:
            message = frame.payload["message"]
            changes: list[dict[str, Any]] = []
            if frame.text != known:
                changes.append({"p": TEXT_PATH, "o": "replace", "v": frame.text})
            for name in ("status", "end_turn", "metadata"):
                changes.append({"p": f"/message/{name}", "o": "replace", "v": message[name]})
            made.append(_delta(frame, {"p": "", "o": "patch", "v": changes}))
            made.append(Frame(Part.EXTRA, {
                "type": "message_stream_complete", "conversation_id": frame.payload["conversation_id"]}))
        elif not frame.text.startswith(known):
            made.append(_delta(frame, {"p": TEXT_PATH, "o": "replace", "v": frame.text}))
            known, last_path = frame.text, None
        elif frame.text != known:
            added: dict[str, Any] = {"v": frame.text[len(known):]}
            if last_path != TEXT_PATH:
                added = {"p": TEXT_PATH, "o": "append", **added}
            made.append(_delta(frame, added))
            known, last_path = frame.text, TEXT_PATH
    return made


def _delta(frame: Frame, payload: dict[str, Any]) -> Frame:
    return Frame(frame.part, payload, event="delta", text=frame.text)
