"""The backend's other endpoints: titles, lists, trees, models, accounts."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from . import models
from .accounts import Account
from .call import Call
from .conversations import Conversation
from .faults import FaultSet, Place
from .http_message import Response
from .refusals import refusal, unknown_conversation
from .stream import pause
from .turns import title_of
from .validation import MISSING, NOT_NUMBER, NOT_TEXT, read_object, refuse_shape

Inner = Callable[[Call, Account], Awaitable[Response]]


def authorized(inner: Inner) -> Callable[[Call], Awaitable[Response | None]]:
    """Puts the check of the access token in front of a handler."""

    async def outer(call: Call) -> Response:
        account = call.world.tokens.check(call.request)
        return account if isinstance(account, Response) else await inner(call, account)

    return outer


@authorized
async def gen_title(call: Call, account: Account) -> Response:
    """Names a conversation once; a second time the title that it has is told instead."""
    body = read_object(call.request)
    if isinstance(body, Response):
        return body
    message_id = body.get("message_id")
    if not isinstance(message_id, str):
        return _wrong("message_id", NOT_TEXT if "message_id" in body else MISSING)
    if body.get("model") is not None and not isinstance(body["model"], str):
        return _wrong("model", NOT_TEXT)
    found = call.world.archive.find(call.groups["id"], account)
    if found is None or message_id not in found.nodes:
        return refusal(404, "conversation")
    faults = FaultSet([*found.title_faults, *call.struck(Place.TITLE, account).all()])
    found.title_faults.clear()
    if (slow := faults.get("title_slow")) is not None:
        await pause(call.exchange, slow.number(default=10_000) / 1000)
    if "title_fail" in faults:
        return refusal(500)
    if "title_exists" in faults and found.title is None:
        found.title = "A title from before"
    if found.title is not None:
        return Response.of_json({"message": f"Conversation {found.id} already has title '{found.title}'"})
    found.title = title_of(_first_prompt(call, found))
    return Response.of_json({"title": found.title})


@authorized
async def list_conversations(call: Call, account: Account) -> Response:
    values = {"offset": 0, "limit": 20}
    for name in values:
        text = call.request.query.get(name, str(values[name]))
        if not text.isdigit() or len(text) > 9:
            return refuse_shape([{"loc": ["query", name], "msg": NOT_NUMBER[0], "type": NOT_NUMBER[1]}])
        values[name] = int(text)
    offset, limit = values["offset"], min(values["limit"], 100)
    mine = call.world.archive.of(account)
    items = [each.listed(call.world.era.has_plain_list) for each in mine[offset: offset + limit]]
    answer = {"items": items, "total": len(mine), "limit": limit, "offset": offset}
    if not call.world.era.has_plain_list:
        answer["has_missing_conversations"] = False
    return Response.of_json(answer)


@authorized
async def clear_conversations(call: Call, account: Account) -> Response:
    body = read_object(call.request)
    if isinstance(body, Response):
        return body
    if body.get("is_visible") is not False:
        return _wrong("is_visible", MISSING)
    for each in call.world.archive.of(account):
        each.is_visible = False
    return Response.of_json({"success": True})


@authorized
async def read_conversation(call: Call, account: Account) -> Response:
    found = call.world.archive.find(call.groups["id"], account)
    if found is None or found.is_temporary:
        return unknown_conversation(call.groups["id"])
    return Response.of_json(found.tree())


@authorized
async def change_conversation(call: Call, account: Account) -> Response:
    """Renames a conversation, or hides it for good."""
    body = read_object(call.request)
    if isinstance(body, Response):
        return body
    found = call.world.archive.find(call.groups["id"], account)
    if found is None or body.get("is_visible") is True:
        return unknown_conversation(call.groups["id"])
    if isinstance(body.get("title"), str):
        found.title = body["title"]
    elif body.get("is_visible") is False:
        found.is_visible = False
    else:
        return _wrong("title", MISSING)
    return Response.of_json({"success": True})


@authorized
async def list_models(call: Call, account: Account) -> Response:
    return Response.of_json(models.listing(account, call.world.era))


@authorized
async def check_account(call: Call, account: Account) -> Response:
    return Response.of_json({
        "account_plan": {
            "is_paid_subscription_active": account.plus,
            "subscription_plan": "chatgptplusplan" if account.plus else "chatgptfreeplan",
            "account_user_role": "account-owner",
            "was_paid_customer": account.plus,
            "has_customer_object": account.plus,
            "subscription_expires_at_timestamp": int(call.world.now()) + 30 * 86400 if account.plus else None,
        },
        "user_country": "ZZ",
        "features": ["system_message"],
    })


@authorized
async def check_account_v4(call: Call, account: Account) -> Response:
    account_id = str(uuid.uuid5(uuid.NAMESPACE_URL, account.email))
    default: dict[str, Any] = {
        "account": {
            "account_user_role": "account-owner",
            "account_user_id": f"{account.user_id}__{account_id}",
            "account_id": account_id,
            "processor": {
                "a001": {"has_customer_object": account.plus}, "b001": {"has_transaction_history": False},
            },
            "has_previously_paid_subscription": account.plus,
            "structure": "personal",
            "plan_type": "plus" if account.plus else "free",
            "is_deactivated": account.deactivated,
        },
        "features": ["shareable_links"],
        "entitlement": {
            "subscription_id": f"sub-{account_id}" if account.plus else None,
            "has_active_subscription": account.plus,
            "subscription_plan": "chatgptplusplan" if account.plus else "chatgptfreeplan",
            "expires_at": None,
        },
        "last_active_subscription": {
            "subscription_id": None, "purchase_origin_platform": "chatgpt_not_purchased", "will_renew": account.plus,
        },
    }
    return Response.of_json({"accounts": {"default": default}})


@authorized
async def moderate(call: Call, account: Account) -> Response:
    body = read_object(call.request)
    if isinstance(body, Response):
        return body
    if not isinstance(body.get("input"), str):
        return _wrong("input", NOT_TEXT if "input" in body else MISSING)
    moderation_id = "modr-" + uuid.uuid4().hex[:16]
    return Response.of_json({"flagged": False, "blocked": False, "moderation_id": moderation_id})


@authorized
async def give_feedback(call: Call, account: Account) -> Response:
    body = read_object(call.request)
    if isinstance(body, Response):
        return body
    if body.get("rating") not in ("thumbsUp", "thumbsDown"):
        return _wrong("rating", MISSING)
    found = call.world.archive.find(str(body.get("conversation_id")), account)
    if found is None or body.get("message_id") not in found.nodes:
        return refusal(404, "conversation")
    names = ("conversation_id", "message_id", "rating")
    return Response.of_json({**{n: body[n] for n in names}, "user_id": account.user_id, "content": "{}"})


async def conversation_limit(call: Call) -> Response:
    """The only endpoint without a token; the window is in minutes."""
    limit = call.world.settings.gpt4_limit or 40
    return Response.of_json({
        "message_cap": float(limit), "message_cap_window": call.world.settings.gpt4_window_seconds / 60,
        "message_disclaimer": {"model-switcher": f"At most {limit} messages", "textarea": "Mind the limit"},
    })


def _first_prompt(call: Call, conversation: Conversation) -> str:
    prompts = [node.parts[0] for node in conversation.nodes.values() if node.role == "user" and node.parts]
    return call.world.prompt_faults.bare(prompts[0]) if prompts else ""


def _wrong(name: str, kind: tuple[str, str]) -> Response:
    return refuse_shape([{"loc": ["body", name], "msg": kind[0], "type": kind[1]}])
