"""The sign-in pages of the web application: csrf, sign-in, callback and session."""

from __future__ import annotations

import secrets
from datetime import datetime, timezone
from urllib.parse import quote, unquote, urlencode

from .call import Call
from .faults import Place
from .http_message import Response
from .refusals import refusal
from .tokens import Session, fingerprint

CSRF_COOKIE = "__Host-next-auth.csrf-token"
STATE_COOKIE = "__Secure-next-auth.state"
SESSION_COOKIE = "__Secure-next-auth.session-token"
CLIENT_ID = "SIMULATORWEB"
SESSION_LIFE = 30 * 86400
PIECE = 40


async def csrf(call: Call) -> Response:
    known = _csrf_token(call)
    token = known or secrets.token_hex(32)
    headers = [] if known else [call.cookie(CSRF_COOKIE, quote(f"{token}|{_csrf_mark(token)}", safe=""))]
    return Response.of_json({"csrfToken": token}, headers=headers)


async def sign_in(call: Call) -> Response:
    """Checks the csrf cookie against the form and names the address of the identity provider."""
    web = call.world.origin + "/web"
    form = call.request.form()
    faults = call.struck(Place.SIGNIN)
    if "signin_400" in faults:
        return refusal(400)
    headers: list[tuple[str, str]] = []
    token = _csrf_token(call)
    if "ratelimit_signin" in faults:
        url = f"{web}/api/auth/error?error=OAuthSignin"
    elif token is None or form.get("csrfToken") != token:
        url = f"{web}/api/auth/signin?csrf=true"
    else:
        state = secrets.token_urlsafe(24)
        headers.append(call.cookie(STATE_COOKIE, state, 900))
        url = f"{call.world.origin}/auth0/authorize?" + urlencode({
            "client_id": CLIENT_ID,
            "scope": "openid email profile offline_access model.request model.read organization.read",
            "response_type": "code",
            "redirect_uri": f"{web}/api/auth/callback/auth0",
            "audience": "https://api.openai.com/v1",
            "prompt": call.request.query.get("prompt", "login"),
            "state": state,
        })
    if form.get("json") == "true":
        return Response.of_json({"url": url}, headers=headers)
    return Response.redirect(url, headers)


async def callback(call: Call) -> Response:
    """Trades the code for a session, if the state is that of this browser."""
    query = call.request.query
    web = call.world.origin + "/web"
    if "error" in query:
        reason = urlencode({"error": query["error"], "error_description": query.get("error_description", "")})
        return Response.redirect(f"{web}/auth/error?{reason}")
    code = call.world.tokens.codes.pop(query.get("code", ""), None)
    state = call.presented(STATE_COOKIE)
    if code is None or code.client_id != CLIENT_ID or not state or state != query.get("state"):
        return Response.redirect(f"{web}/api/auth/error?error=OAuthCallback")
    faults = call.struck(Place.CALLBACK, code.account)
    if "callback_refused" in faults:
        return Response.redirect(f"{web}/auth/error?error_description=Refused+for+now", status=307)
    value = call.world.tokens.open_session(code.account)
    code.account.counters.logins += 1
    headers = _session_cookies(call, value)
    if "callback_200" in faults:
        return Response.of_html("<html><body>Signed in</body></html>", headers=headers)
    return Response.redirect(f"{web}/", headers)


async def session(call: Call) -> Response:
    """The access token of the session that the cookie names, or an empty object."""
    tokens = call.world.tokens
    value = _presented_session(call)
    found = tokens.read_session(value) if value else None
    faults = call.struck(Place.SESSION, found.account if found else None)
    if "session_429" in faults:
        return Response.of_json({"detail": "Too many requests"}, 429)
    if found is None or "session_empty" in faults:
        return Response.of_json({})
    found.account.counters.session_reads += 1
    call.entry.account = found.account.email
    answer = _session_answer(found, call.world.now())
    if "session_error" in faults:
        answer["error"] = "RefreshAccessTokenError"
    if call.world.settings.rotates_session:
        tokens.sessions.pop(value, None)
        value = secrets.token_urlsafe(48)
        tokens.sessions[value] = found
    return Response.of_json(answer, headers=_session_cookies(call, value))


async def page(call: Call) -> Response:
    """Any page for people: the start page, the sign-in page, the error pages."""
    return Response.of_html(f"<!DOCTYPE html>\n<html><body><h1>Simulated {call.request.path}</h1></body></html>\n")


def _session_answer(found: Session, moment: float) -> dict[str, object]:
    account = found.account
    expires = datetime.fromtimestamp(moment + SESSION_LIFE, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "user": {
            "id": account.user_id, "name": account.name, "email": account.email,
            "image": "https://example.org/i.png", "picture": "https://example.org/i.png", "idp": "auth0",
            "iat": int(moment), "mfa": account.mfa_code is not None, "groups": [], "intercom_hash": "00",
        },
        "expires": expires,
        "accessToken": found.access_token.text,
        "authProvider": "auth0",
    }


def _session_cookies(call: Call, value: str) -> list[tuple[str, str]]:
    if not call.world.settings.splits_session:
        return [call.cookie(SESSION_COOKIE, value, SESSION_LIFE)]
    pieces = [value[at: at + PIECE] for at in range(0, len(value), PIECE)]
    return [call.cookie(f"{SESSION_COOKIE}.{i}", piece, SESSION_LIFE) for i, piece in enumerate(pieces)]


def _presented_session(call: Call) -> str:
    if whole := call.presented(SESSION_COOKIE):
        return whole
    return "".join(call.presented(f"{SESSION_COOKIE}.{index}") for index in range(16))


def _csrf_mark(token: str) -> str:
    return fingerprint("csrf of the simulator" + token)


def _csrf_token(call: Call) -> str | None:
    token, _, mark = unquote(call.presented(CSRF_COOKIE)).partition("|")
    return token if token and mark == _csrf_mark(token) else None
