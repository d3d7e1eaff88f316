"""The endpoints under `/_sim`, by which a test steers the simulator and asks what happened."""

from __future__ import annotations

from typing import Any

from .accounts import Account, change_account
from .call import Call
from .eras import ERAS
from .faults import BadFault
from .http_message import Response


async def reset(call: Call) -> Response:
    keeps = _body(call).get("keep_tokens", False)
    if not isinstance(keeps, bool):
        return _wrong("keep_tokens is true or false")
    call.world.reset(keeps)
    return _done()


async def order_fault(call: Call) -> Response:
    try:
        call.world.faults.add(_body(call))
    except BadFault as error:
        return _wrong(str(error))
    return _done()


async def set_era(call: Call) -> Response:
    name = _body(call).get("era")
    if not isinstance(name, str) or name not in ERAS:
        return _wrong(f"the eras are {', '.join(ERAS)}")
    call.world.era = ERAS[name]
    return _done()


async def change_settings(call: Call) -> Response:
    try:
        call.world.settings.change(_body(call))
    except ValueError as error:
        return _wrong(str(error))
    return _done()


async def change_one_account(call: Call) -> Response:
    """`{"account": e-mail, "set": {fixture fields}}`."""
    body = _body(call)
    account = _account(call, body)
    values = body.get("set")
    if account is None or not isinstance(values, dict) or "email" in values:
        return _wrong("name an account, and in set the fields to change, but not the e-mail")
    try:
        change_account(account, values)
    except ValueError as error:
        return _wrong(str(error))
    return _done()


async def move_clock(call: Call) -> Response:
    seconds = _body(call).get("advance_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0:
        return _wrong("advance_seconds is a number of seconds")
    call.world.clock_offset += seconds
    return _done()


async def give_credential(call: Call) -> Response:
    """A credential without a login: `{"account", "kind": "access" | "session" | "refresh", "life_seconds"}`."""
    body = _body(call)
    account, kind, life = _account(call, body), body.get("kind", "access"), body.get("life_seconds")
    if account is None:
        return _wrong("no such account")
    if life is not None and (isinstance(life, bool) or not isinstance(life, (int, float))):
        return _wrong("life_seconds is a number of seconds")
    tokens = call.world.tokens
    if kind == "access":
        issued = tokens.issue(account, life)
        return Response.of_json({"access_token": issued.text, "expires_at": issued.expires_at})
    if kind == "session":
        return Response.of_json({"session_token": tokens.open_session(account)})
    if kind == "refresh":
        return Response.of_json({"refresh_token": tokens.open_refresh(account)})
    return _wrong("kind is access, session or refresh")


async def revoke_tokens(call: Call) -> Response:
    """Revokes all access tokens of an account, although their `exp` is still far."""
    account = _account(call, _body(call))
    if account is None:
        return _wrong("no such account")
    for token in call.world.tokens.access.values():
        token.is_revoked = token.is_revoked or token.account is account
    return _done()


async def show_log(call: Call) -> Response:
    since = call.request.query.get("since", "0")
    if not since.isdigit():
        return _wrong("since is the id of an entry")
    return Response.of_json({"requests": call.world.journal.shown(int(since))})


async def show_state(call: Call) -> Response:
    return Response.of_json(call.world.state())


def _body(call: Call) -> dict[str, Any]:
    """The body as an object; an empty or wrong one is an empty object, which the handlers refuse as incomplete."""
    try:
        value = call.request.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _account(call: Call, body: dict[str, Any]) -> Account | None:
    email = body.get("account")
    return call.world.accounts.get(email) if isinstance(email, str) else None


def _done() -> Response:
    return Response.of_json({"ok": True})


def _wrong(message: str) -> Response:
    return Response.of_json({"error": message}, 400)
