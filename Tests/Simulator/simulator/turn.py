"""One turn as the events that its stream carries, in the format of an era."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .eras import Era
from .faults import FaultSet

STOP_TOKEN = 100001
MAX_SNAPSHOTS = 2000


class Part(Enum):
    """What a frame is in the turn."""

    PROMPT = "prompt"
    TOOL = "tool"
    REPLY = "reply"
    LAST = "last"
    EXTRA = "extra"
    DONE = "done"


@dataclass
class Frame:
    """One event: a JSON value, or a text that is sent as it is.

    `text` is how much of the reply the client knows after it; frames that do not carry the reply have none.
    """

    part: Part
    payload: Any
    event: str | None = None
    text: str | None = None
    is_raw: bool = False


@dataclass
class Turn:
    """What is said in one turn. `user_id` is absent when a cut reply is continued."""

    era: Era
    conversation_id: str
    model: str
    prompt: str
    text: str
    created: float
    faults: FaultSet
    user_id: str | None = None
    is_new: bool = False
    is_cut: bool = False
    action: str = "next"
    title: str = ""
    reply_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def frames(self) -> list[Frame]:
        """All events of the turn in order, `[DONE]` last."""
        made: list[Frame] = []
        if self.era.echoes_prompt and self.user_id is not None:
            if self.is_new:
                made.append(self._frame(Part.PROMPT, self._message(
                    str(uuid.uuid4()), "system", "", {}, "finished_successfully", True)))
            made.append(self._frame(Part.PROMPT, self._message(
                self.user_id, "user", self.prompt, {"timestamp_": "absolute", "message_type": None},
                "finished_successfully", None)))
        if self.era.has_moderation and self.user_id is not None:
            made.append(self._moderation(self.user_id, is_completion=False))
        if "tool_turn" in self.faults:
            made += self._tool_frames()
        if "no_text" not in self.faults:
            made += self._reply_frames()
            if self.era.has_moderation:
                made.append(self._moderation(self.reply_id, is_completion=True))
        if "title_event" in self.faults:
            made.append(Frame(Part.EXTRA, {
                "type": "title_generation", "title": self.title, "conversation_id": self.conversation_id}))
        if "moderation_stop" in self.faults:
            made.append(Frame(Part.EXTRA, {
                "type": "moderation", "conversation_id": self.conversation_id, "message_id": self.reply_id}))
        made.append(Frame(Part.DONE, "[DONE]", is_raw=True))
        return self._with_errors(made)

    def stored_metadata(self) -> dict[str, Any]:
        return {"model_slug": self.model, "finish_details": self._finish_details()}

    # the reply

    def _snapshots(self) -> list[str]:
        words = re.findall(r"\S+\s*|\s+", self.text)
        step = max(1, -(-len(words) // MAX_SNAPSHOTS))
        texts = [""]
        for at in range(0, len(words), step):
            texts.append(texts[-1] + "".join(words[at: at + step]))
        if "replace" in self.faults:
            texts.insert(max(1, len(texts) // 2), "Let me begin again. \u2026")
        return texts

    def _reply_frames(self) -> list[Frame]:
        texts = self._snapshots()
        if "interrupted" in self.faults:
            texts = texts[: max(2, len(texts) // 2)]
        if not self.era.has_status:
            texts, last = texts[:-1], texts[-1]
        else:
            last = texts[-1]
        made = []
        for index, text in enumerate(texts):
            metadata: dict[str, Any] = {"message_type": self.action, "model_slug": self.model}
            from_middle = self.era.finishes_early and index >= len(texts) // 2
            if "early_finish" in self.faults or from_middle:
                metadata["finish_details"] = self._stop()
            made.append(self._frame(Part.REPLY, self._message(
                self.reply_id, "assistant", text, metadata, "in_progress", None), text))
        metadata = {"message_type": self.action, "model_slug": self.model, "finish_details": self._finish_details()}
        status, end_turn = self.final_state()
        if self.era.has_stop_tokens:
            metadata["is_complete"] = not self.is_cut
        made.append(self._frame(Part.LAST, self._message(
            self.reply_id, "assistant", last, metadata, status, end_turn), last))
        return made

    def final_state(self) -> tuple[str, bool | None]:
        """The status and `end_turn` of the last snapshot."""
        if "interrupted" in self.faults:
            return "finished_partial_completion", None
        return "finished_successfully", not self.is_cut

    def _finish_details(self) -> dict[str, Any]:
        if "interrupted" in self.faults:
            return {"type": "interrupted"}
        return {"type": "max_tokens"} if self.is_cut else self._stop()

    def _stop(self) -> dict[str, Any]:
        if self.era.has_stop_tokens:
            return {"type": "stop", "stop_tokens": [STOP_TOKEN]}
        return {"type": "stop", "stop": "<|simulated_stop|>"}

    def _tool_frames(self) -> list[Frame]:
        """A browsing turn in front of the reply: a call to the tool, its output, a message without parts."""
        call = self._message(str(uuid.uuid4()), "assistant", "", {"message_type": self.action}, "in_progress", None)
        call["content"] = {"content_type": "code", "language": "unknown", "text": "search(\"rivers\")"}
        call["recipient"] = "browser"
        called = {**call, "end_turn": False}
        output = self._message(str(uuid.uuid4()), "tool", "", {}, "finished_successfully", None)
        output["content"] = {"content_type": "tether_browsing_display", "result": "Two pages", "summary": None}
        if "author" in output:
            output["author"]["name"] = "browser"
        quote = self._message(str(uuid.uuid4()), "tool", "", {}, "finished_successfully", None)
        quote["content"] = {"content_type": "tether_quote", "text": "A quoted page that is not the answer."}
        silent = self._message(str(uuid.uuid4()), "assistant", "", {"message_type": self.action}, "in_progress", None)
        silent["content"] = {"content_type": "text", "parts": []}
        without = {**silent, "content": {"content_type": "text", "parts": None}}
        return [self._frame(Part.TOOL, message) for message in (call, called, output, quote, silent, without)]

    # errors in the stream

    def _with_errors(self, frames: list[Frame]) -> list[Frame]:
        fault = self.faults.first("error_event", "detail_event")
        if fault is None:
            return frames
        kept = frames[: max(0, fault.number(default=len(frames) - 1))]
        if fault.kind == "detail_event":
            return [*kept, Frame(Part.EXTRA, {"detail": {"message": "Something broke upstream", "code": "broken"}})]
        error: Any = "Something went wrong in the middle of the reply"
        if fault.word(1) == "object":
            error = {"message": error, "code": "stream_error"}
        payload = {"message": None, "conversation_id": self.conversation_id, "error": error}
        return [*kept, Frame(Part.EXTRA, payload), Frame(Part.DONE, "[DONE]", is_raw=True)]

    # building blocks

    def _frame(self, part: Part, message: dict[str, Any], text: str | None = None) -> Frame:
        return Frame(part, {"message": message, "conversation_id": self.conversation_id, "error": None}, text=text)

    def _moderation(self, message_id: str, is_completion: bool) -> Frame:
        return Frame(Part.EXTRA, {
            "conversation_id": self.conversation_id,
            "message_id": message_id,
            "is_completion": is_completion,
            "moderation_response": {
                "flagged": False, "blocked": False, "moderation_id": "modr-" + uuid.uuid4().hex[:16]},
        })

    def _message(
        self, message_id: str, role: str, text: str, metadata: dict[str, Any], status: str, end_turn: bool | None
    ) -> dict[str, Any]:
        message: dict[str, Any] = {"id": message_id}
        if self.era.needs_role:
            message |= {"role": role, "user": None, "create_time": None}
        else:
            message |= {"author": {"role": role, "name": None, "metadata": {}}}
            # Always of one length, so that `cut_bytes` meets the same place in every run.
            message["create_time"] = int(self.created) + 0.25
        message |= {"update_time": None, "content": {"content_type": "text", "parts": [text]}}
        if self.era.has_status:
            message["status"] = status
        return message | {"end_turn": end_turn, "weight": 1.0, "metadata": metadata, "recipient": "all"}
