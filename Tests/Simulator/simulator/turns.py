"""`POST /backend-api/conversation`: from the request to the streamed reply."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from . import models
from .accounts import Account
from .call import Call
from .connection import ClientGone
from .conversations import Conversation, Node
from .delta import delta_frames
from .faults import BadFault, FaultSet, Place
from .http_message import Response
from .refusals import refusal
from .stream import HEADERS, StreamWriter, pause
from .turn import Turn
from .validation import conversation_problems, read_object, refuse_shape

MARKER_TEXT = (
    'A reply with data: [DONE] in it,\n\ndata: {"message": {"id": "not an event"}}\n\n'
    'and "quotes", \\backslashes\\, a tab\t, \u00e4\u00f6\u00fc, \U0001f600 and a\u2028line separator.\n\n'
    "data: [DONE]\n\nThe end."
)
HOUR = 3600


async def post_conversation(call: Call) -> Response | None:
    """Takes a prompt. An account takes one at a time; everything that is wrong is refused before the first byte."""
    world = call.world
    account = world.tokens.check(call.request)
    if isinstance(account, Response):
        return account
    body = read_object(call.request)
    if isinstance(body, Response):
        return body
    if problems := conversation_problems(body, world.era):
        return refuse_shape(problems)
    if account.counters.is_busy or account.counters.locked_until > world.now():
        account.counters.busy_refusals += 1
        return refusal(429, "busy")
    counters = account.counters
    counters.is_busy = True
    try:
        return await _take(call, account, body)
    except ClientGone:
        counters.locked_until = world.now() + world.settings.lock_after_abort_seconds
        raise
    finally:
        counters.is_busy = False


async def _take(call: Call, account: Account, body: dict[str, Any]) -> Response | None:
    world = call.world
    model = models.answering(account, world.era, body["model"])
    if (limited := _limited(call, account, model)) is not None:
        return limited
    prompt = "" if body["action"] == "continue" else "".join(body["messages"][-1]["content"]["parts"])
    if len(prompt) > world.settings.max_prompt_chars:
        return refusal(413)
    conversation = _conversation(call, account, body)
    if isinstance(conversation, Response):
        return conversation
    try:
        prompt_faults, bare = world.prompt_faults.read(prompt)
    except BadFault as error:
        return refusal(418, str(error))
    call.entry.faults += [str(fault) for fault in prompt_faults]
    waiting = call.struck(Place.CONVERSATION, account)
    faults = FaultSet([*prompt_faults, *waiting.all()])
    early = await _refused(call, faults)
    if early is not None:
        return early
    turn = _turn(call, conversation, body, model, prompt, bare, faults)
    if isinstance(turn, Response):
        return turn
    conversation.title_faults += [fault for fault in prompt_faults if fault.place is Place.TITLE]
    account.counters.turns += 1
    account.counters.turn_times.append(world.now())
    if model.startswith("gpt-4"):
        account.counters.gpt4_times.append(world.now())
    world.archive.by_id[conversation.id] = conversation
    node = _store(conversation, turn, body)
    status = faults.get("status")
    if status is not None:
        return refusal(status.number())
    if "json_200" in faults or world.era.hands_off:
        return _hand_off(turn)
    await _stream(call, body, conversation, turn, node)
    return None


def _limited(call: Call, account: Account, model: str) -> Response | None:
    settings, counters, moment = call.world.settings, account.counters, call.world.now()
    while counters.turn_times and counters.turn_times[0] <= moment - HOUR:
        counters.turn_times.popleft()
    if 0 < settings.hourly_limit <= len(counters.turn_times):
        return refusal(429, "hour")
    while counters.gpt4_times and counters.gpt4_times[0] <= moment - settings.gpt4_window_seconds:
        counters.gpt4_times.popleft()
    if model.startswith("gpt-4") and 0 < settings.gpt4_limit <= len(counters.gpt4_times):
        clears_in = counters.gpt4_times[0] + settings.gpt4_window_seconds - moment
        return refusal(429, f"cap={max(1, int(clears_in + 0.999))}")
    return None


def _conversation(call: Call, account: Account, body: dict[str, Any]) -> Conversation | Response:
    """The conversation of a request, or a fresh one that is not in the archive yet."""
    parent = body["parent_message_id"]
    if body.get("conversation_id") is None:
        return Conversation(
            account, parent or str(uuid.uuid4()), call.world.now(),
            is_temporary=body.get("history_and_training_disabled") is True,
        )
    found = call.world.archive.find(body["conversation_id"], account)
    if found is None or found.is_temporary:
        return refusal(404, "conversation")
    if parent not in found.nodes:
        return refusal(429, "reload")
    return found


async def _refused(call: Call, faults: FaultSet) -> Response | None:
    """Carries out the faults that come instead of a stream; gives the answer, or nothing if the turn goes on."""
    slow = faults.get("slow_headers")
    if slow is not None:
        await pause(call.exchange, slow.number() / 1000)
    if "hang_headers" in faults:
        await pause(call.exchange, 3600)
    if "reset" in faults:
        await call.exchange.reset()
        raise ClientGone
    if "early_revoke" in faults:
        token, _ = call.world.tokens.presented(call.request)
        if token is not None:
            token.is_revoked = True
        return refusal(401, "token_expired")
    status = faults.get("status")
    if status is not None and status.word(1) != "accepted":
        return refusal(status.number(), status.word(1))
    ise = faults.get("plain_ise")
    if ise is not None:
        answer = Response.of_text("Internal Server Error")
        return replace(answer, headers=list(HEADERS)) if ise.word(0) == "sse" else answer
    return None


def _turn(
    call: Call, conversation: Conversation, body: dict[str, Any], model: str, prompt: str, bare: str, faults: FaultSet
) -> Turn | Response:
    """Decides what is said."""
    world, action = call.world, body["action"]
    is_word = not world.era.has_continue and bare.strip().lower() == "continue"
    piece = None
    if action == "continue" or is_word:
        piece = conversation.take_piece() if body["parent_message_id"] == conversation.cut_node else None
        if piece is None and action == "continue":
            return refusal(429, "reload")
    user_id = None if action == "continue" else body["messages"][-1]["id"]
    turn = Turn(
        era=world.era, conversation_id=conversation.id, model=model, prompt=prompt, text="", created=world.now(),
        faults=faults, user_id=user_id, is_new=body.get("conversation_id") is None, action=action,
        title=conversation.title or title_of(bare),
    )
    if piece is not None:
        turn.text, turn.is_cut = piece
        return turn
    number = conversation.turn_number(body["parent_message_id"]) + 1
    turn.text = _reply(world.settings.reply, bare, number, faults)
    cuts = faults.get("max_tokens")
    conversation.pending, conversation.endless_pieces = [], -1
    if cuts is not None and cuts.number() < 0:
        turn.is_cut, conversation.endless_pieces = True, 0
    elif cuts is not None and cuts.number() > 0:
        size = -(-len(turn.text) // (cuts.number() + 1))
        pieces = [turn.text[at * size: (at + 1) * size] for at in range(cuts.number() + 1)]
        turn.is_cut, turn.text, conversation.pending = True, pieces[0], pieces[1:]
    return turn


def _reply(template: str, prompt: str, number: int, faults: FaultSet) -> str:
    if "marker_text" in faults:
        return MARKER_TEXT
    big = faults.get("big")
    if big is not None:
        size = max(1, min(big.number(), 1_000_000))
        return ("A sentence of a long reply. " * (size // 28 + 1))[:size]
    return template.replace("{turn}", str(number)).replace("{prompt}", prompt)


def title_of(prompt: str) -> str:
    """The title that the backend makes from the first prompt."""
    return "About " + " ".join(prompt.split()[:4]) if prompt.strip() else "About nothing"


def _store(conversation: Conversation, turn: Turn, body: dict[str, Any]) -> Node | None:
    """Hangs the turn into the tree as it will be when all has been said; gives the reply's node."""
    parent = body["parent_message_id"] or conversation.root_id
    if turn.is_new and turn.era.echoes_prompt:
        parent = conversation.add(Node(str(uuid.uuid4()), parent, "system", [""], turn.created, end_turn=True)).id
    if turn.user_id is not None:
        known = conversation.nodes.get(turn.user_id)
        if known is None:
            conversation.add(Node(
                turn.user_id, parent, "user", [turn.prompt], turn.created, metadata={"timestamp_": "absolute"}))
        parent = turn.user_id
    node = None
    if "no_text" not in turn.faults:
        status, end_turn = turn.final_state()
        node = conversation.add(Node(
            turn.reply_id, parent, "assistant", [turn.text], turn.created, status, end_turn, turn.stored_metadata()))
    conversation.cut_node = turn.reply_id if turn.is_cut else None
    return node


def _hand_off(turn: Turn) -> Response:
    return Response.of_json({
        "wss_url": "wss://websocket.invalid/client/hubs/conversations",
        "conversation_id": turn.conversation_id,
        "response_id": uuid.uuid4().hex,
        "websocket_request_id": str(uuid.uuid4()),
    })


async def _stream(
    call: Call, body: dict[str, Any], conversation: Conversation, turn: Turn, node: Node | None
) -> None:
    frames = turn.frames()
    encodings = body.get("supported_encodings")
    if turn.era.has_delta and isinstance(encodings, list) and "v1" in encodings:
        frames = delta_frames(frames)
    writer = StreamWriter(call.exchange, turn.faults, turn.created, call.world.settings.event_delay_ms)
    if "title_event" in turn.faults:
        conversation.title = turn.title
    has_lost = turn.faults.first("cut", "cut_bytes")
    try:
        await writer.send(frames)
    except ClientGone:
        _leave_partial(node, writer)
        raise
    if has_lost is not None and "lost" in has_lost.arguments:
        _leave_partial(node, writer)
    if "interrupted" in turn.faults and node is not None:
        node.parts = [writer.text]


def _leave_partial(node: Node | None, writer: StreamWriter) -> None:
    """Keeps of a reply only what was said before the stream broke."""
    if node is not None and not writer.is_complete:
        node.parts, node.status, node.end_turn = [writer.text], "in_progress", None
        node.metadata.pop("finish_details", None)
