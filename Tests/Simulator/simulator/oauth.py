"""The token endpoint of the identity provider: codes, refreshing and revoking."""

from __future__ import annotations

import hashlib
from typing import Any

from .accounts import Account
from .call import Call
from .faults import FaultSet, Place
from .http_message import Response
from .tokens import AuthorizationCode, encode_part, make_jwt


async def token(call: Call) -> Response:
    fields = _fields(call)
    grant = fields.get("grant_type")
    if not fields.get("client_id"):
        return _refusal(401, "invalid_client", "client_id is missing")
    if grant == "authorization_code":
        return _exchange(call, fields)
    if grant == "refresh_token":
        return _refresh(call, fields)
    return _refusal(400, "unsupported_grant_type", "this grant is not known")


async def revoke(call: Call) -> Response:
    """Ends a refresh token; an unknown one is answered alike."""
    fields = _fields(call)
    if not fields.get("client_id") or not fields.get("token"):
        return _refusal(400, "invalid_request", "client_id and token are needed")
    account = call.world.tokens.refresh.pop(fields["token"], None)
    call.entry.account = account.email if account else None
    return Response(200)


def _exchange(call: Call, fields: dict[str, str]) -> Response:
    code = call.world.tokens.codes.pop(fields.get("code", ""), None)
    account = code.account if code else None
    faults = call.struck(Place.TOKEN, account)
    if code is None or "invalid_grant" in faults or not _matches(code, fields):
        return _refusal(403, "invalid_grant", "Invalid authorization code")
    call.entry.account = code.account.email
    code.account.counters.logins += 1
    return _grant(call, code.account, fields["client_id"], call.world.tokens.open_refresh(code.account), faults)


def _refresh(call: Call, fields: dict[str, str]) -> Response:
    value = fields.get("refresh_token", "")
    account = call.world.tokens.refresh.get(value)
    faults = call.struck(Place.TOKEN, account)
    if account is None or account.deactivated or "invalid_grant" in faults:
        call.world.tokens.refresh.pop(value, None)
        return _refusal(403, "invalid_grant", "Unknown or invalid refresh token.")
    call.entry.account = account.email
    account.counters.token_refreshes += 1
    return _grant(call, account, fields["client_id"], value, faults)


def _grant(call: Call, account: Account, client_id: str, refresh: str, faults: FaultSet) -> Response:
    issued = call.world.tokens.issue(account, client_id=client_id)
    moment = call.world.now()
    answer: dict[str, Any] = {
        "access_token": issued.text,
        "refresh_token": refresh,
        "id_token": make_jwt({
            "iss": "https://auth0.openai.com/", "sub": account.subject, "aud": client_id, "iat": int(moment),
            "exp": int(issued.expires_at), "email": account.email, "name": account.name,
        }),
        "scope": "openid profile email model.read model.request organization.read offline_access",
        "expires_in": max(0, int(issued.expires_at - moment)),
        "token_type": "Bearer",
    }
    if "refresh_absent" in faults:
        del answer["refresh_token"]
    return Response.of_json(answer)


def _matches(code: AuthorizationCode, fields: dict[str, str]) -> bool:
    if fields["client_id"] != code.client_id or fields.get("redirect_uri") != code.redirect_uri:
        return False
    if code.challenge is None:
        return False
    verifier = fields.get("code_verifier", "")
    return encode_part(hashlib.sha256(verifier.encode()).digest()) == code.challenge


def _fields(call: Call) -> dict[str, str]:
    """The text fields of the body, JSON or form."""
    if call.request.content_type != "application/json":
        return call.request.form()
    try:
        value = call.request.json()
    except ValueError:
        return {}
    return {k: v for k, v in value.items() if isinstance(v, str)} if isinstance(value, dict) else {}


def _refusal(status: int, error: str, description: str) -> Response:
    return Response.of_json({"error": error, "error_description": description}, status)
