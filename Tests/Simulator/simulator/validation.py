"""Checks the body of `POST /conversation` as strictly as the backend does: 422 with a list of problems."""

from __future__ import annotations

import re
from typing import Any

from .eras import Era
from .http_message import Request, Response

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)

Problem = dict[str, Any]

MISSING = ("field required", "value_error.missing")
NULL = ("none is not an allowed value", "type_error.none.not_allowed")
NOT_UUID = ("value is not a valid uuid", "type_error.uuid")
NOT_TEXT = ("str type expected", "type_error.str")
NOT_OBJECT = ("value is not a valid dict", "type_error.dict")
NOT_LIST = ("value is not a valid list", "type_error.list")
NOT_BOOL = ("value could not be parsed to a boolean", "type_error.bool")
NOT_NUMBER = ("value is not a valid integer", "type_error.integer")
NOT_ALLOWED = ("unexpected value", "value_error.const")


def refuse_shape(problems: list[Problem]) -> Response:
    return Response.of_json({"detail": problems}, 422)


def read_object(request: Request) -> dict[str, Any] | Response:
    """The body as an object, or the 422 answer; without the JSON content type it is not even looked at."""
    if request.content_type != "application/json":
        return refuse_shape([_problem(["body"], NOT_OBJECT)])
    try:
        value = request.json()
    except ValueError:
        return refuse_shape([_problem(["body", 0], ("Expecting value", "value_error.jsondecode"))])
    return value if isinstance(value, dict) else refuse_shape([_problem(["body"], NOT_OBJECT)])


def conversation_problems(body: dict[str, Any], era: Era) -> list[Problem]:
    """All that is wrong with a request body in an era; fields that the backend does not know are ignored."""
    problems: list[Problem] = []
    actions = ["next", "variant", "continue"] if era.has_continue else ["next", "variant"]
    action = body.get("action")
    if "action" not in body:
        problems.append(_problem(["body", "action"], MISSING))
    elif action not in actions:
        problems.append(_problem(["body", "action"], NOT_ALLOWED))
    _check(problems, body, "model", NOT_TEXT, is_required=True)
    if body.get("model") == "":
        problems.append(_problem(["body", "model"], NOT_ALLOWED))
    problems += _parent_problems(body, era)
    if body.get("conversation_id") is not None and not _is_uuid(body["conversation_id"]):
        problems.append(_problem(["body", "conversation_id"], NOT_UUID))
    if action == "continue":
        if body.get("conversation_id") is None:
            problems.append(_problem(["body", "conversation_id"], MISSING))
        if body.get("messages") not in (None, []):
            problems.append(_problem(["body", "messages"], NOT_ALLOWED))
    else:
        problems += _messages_problems(body, era)
    for name in ("history_and_training_disabled", "supports_modapi", "force_paragen", "force_rate_limit"):
        _check(problems, body, name, NOT_BOOL)
    _check(problems, body, "timezone_offset_min", NOT_NUMBER)
    for name in ("suggestions", "plugin_ids"):
        _check(problems, body, name, NOT_LIST)
    _check(problems, body, "variant_purpose", NOT_TEXT)
    _check(problems, body, "conversation_mode", NOT_OBJECT)
    return problems


def _parent_problems(body: dict[str, Any], era: Era) -> list[Problem]:
    parent = body.get("parent_message_id")
    place = ["body", "parent_message_id"]
    if "parent_message_id" not in body:
        return [_problem(place, MISSING)]
    if parent is None:
        return [_problem(place, NULL)]
    if parent == "" and era.allows_empty_parent and body.get("conversation_id") is None:
        return []
    return [] if _is_uuid(parent) else [_problem(place, NOT_UUID)]


def _messages_problems(body: dict[str, Any], era: Era) -> list[Problem]:
    messages = body.get("messages")
    if messages is None:
        return [_problem(["body", "messages"], MISSING if "messages" not in body else NULL)]
    if not isinstance(messages, list) or not messages:
        return [_problem(["body", "messages"], NOT_LIST)]
    problems: list[Problem] = []
    for index, message in enumerate(messages):
        place: list[str | int] = ["body", "messages", index]
        if not isinstance(message, dict):
            problems.append(_problem(place, NOT_OBJECT))
            continue
        if not _is_uuid(message.get("id")):
            problems.append(_problem([*place, "id"], MISSING if "id" not in message else NOT_UUID))
        problems += _author_problems(message, place, era)
        problems += _content_problems(message.get("content"), [*place, "content"], "content" in message)
        if "metadata" in message:
            metadata = message["metadata"]
            if metadata is None and not era.allows_null_metadata:
                problems.append(_problem([*place, "metadata"], NULL))
            elif metadata is not None and not isinstance(metadata, dict):
                problems.append(_problem([*place, "metadata"], NOT_OBJECT))
    return problems


def _author_problems(message: dict[str, Any], place: list[str | int], era: Era) -> list[Problem]:
    author = message.get("author")
    flat = message.get("role")
    nested = author.get("role") if isinstance(author, dict) else None
    if era.needs_role:
        return [] if flat == "user" else [_problem([*place, "role"], MISSING if flat is None else NOT_ALLOWED)]
    if not era.needs_author and flat == "user" and author is None:
        return []
    if author is None:
        return [_problem([*place, "author"], MISSING if "author" not in message else NULL)]
    if not isinstance(author, dict):
        return [_problem([*place, "author"], NOT_OBJECT)]
    if nested not in ("user", "critic"):
        return [_problem([*place, "author", "role"], MISSING if nested is None else NOT_ALLOWED)]
    return []


def _content_problems(content: Any, place: list[str | int], is_there: bool) -> list[Problem]:
    if not is_there:
        return [_problem(place, MISSING)]
    if not isinstance(content, dict):
        return [_problem(place, NOT_OBJECT)]
    if content.get("content_type") != "text":
        return [_problem([*place, "content_type"], NOT_ALLOWED if "content_type" in content else MISSING)]
    parts = content.get("parts")
    if not isinstance(parts, list) or not parts:
        return [_problem([*place, "parts"], NOT_LIST if "parts" in content else MISSING)]
    return [_problem([*place, "parts", i], NOT_TEXT) for i, part in enumerate(parts) if not isinstance(part, str)]


def _check(
    problems: list[Problem], body: dict[str, Any], name: str, kind: tuple[str, str], is_required: bool = False
) -> None:
    value = body.get(name)
    if value is None:
        if is_required:
            problems.append(_problem(["body", name], MISSING if name not in body else NULL))
        return
    types = {NOT_TEXT: str, NOT_BOOL: bool, NOT_NUMBER: int, NOT_LIST: list, NOT_OBJECT: dict}
    if not isinstance(value, types[kind]) or (kind == NOT_NUMBER and isinstance(value, bool)):
        problems.append(_problem(["body", name], kind))


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and UUID.fullmatch(value) is not None


def _problem(place: list[Any], kind: tuple[str, str]) -> Problem:
    return {"loc": place, "msg": kind[0], "type": kind[1]}
