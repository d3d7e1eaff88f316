"""The identity provider's pages: e-mail, password, one-time code, and the way back to the application."""

from __future__ import annotations

import secrets
from urllib.parse import quote, urlencode

from .call import Call
from .faults import Place
from .http_message import Response
from .refusals import refusal
from .sign_in import SignIn, Stage
from .tokens import AuthorizationCode

COOKIE = "auth0"
PREFIX = "/auth0"
CAPTCHA = '<img alt="captcha" src="data:image/svg+xml;base64,AA==">'


async def authorize(call: Call) -> Response:
    """Begins a sign-in, for the web application and for PKCE clients."""
    query = call.request.query
    challenge = query.get("code_challenge")
    is_web = query.get("redirect_uri", "").startswith(call.world.origin + "/web/")
    if query.get("response_type") != "code" or not query.get("client_id") or not query.get("redirect_uri"):
        return _page("Something is missing in this address", status=400)
    if not is_web and (not challenge or query.get("code_challenge_method") != "S256"):
        return _page("A code challenge is missing", status=400)
    if "no_state" in call.struck(Place.AUTHORIZE):
        return Response.redirect(f"{PREFIX}/u/login/identifier")
    sign_in = SignIn(query["client_id"], query["redirect_uri"], query.get("state", ""), challenge)
    state = call.world.sign_ins.begin(sign_in)
    return Response.redirect(_step("/u/login/identifier", state), [call.cookie(COOKIE, sign_in.cookie)])


async def identifier_page(call: Call) -> Response:
    sign_in = _find(call, Stage.IDENTIFIER)
    if sign_in is None:
        return _lost()
    if "captcha" in call.struck(Place.IDENTIFIER):
        sign_in.wants_captcha = True
    extra = CAPTCHA if sign_in.wants_captcha else ""
    return _form("Your e-mail", call.request.query["state"], '<input name="username">' + extra)


async def identifier(call: Call) -> Response:
    form = call.request.form()
    sign_in = _find(call, Stage.IDENTIFIER)
    if sign_in is None or form.get("action") != "default":
        return _lost()
    username = form.get("username", "").strip()
    account = call.world.accounts.get(username)
    call.entry.account = account.email if account else None
    if "captcha" in call.struck(Place.IDENTIFIER, account) or sign_in.wants_captcha or (account and account.captcha):
        return _form("Solve the puzzle", form["state"], CAPTCHA, status=400)
    local, at, domain = username.partition("@")
    if not local or not at or not domain:
        return _form("That is no e-mail address", form["state"], status=400)
    sign_in.username, sign_in.account, sign_in.stage = username, account, Stage.PASSWORD
    return Response.redirect(_step("/u/login/password", form["state"]))


async def password_page(call: Call) -> Response:
    if _find(call, Stage.PASSWORD) is None:
        return _lost()
    return _form("Your password", call.request.query["state"], '<input name="password" type="password">')


async def password(call: Call) -> Response:
    form = call.request.form()
    sign_in = _find(call, Stage.PASSWORD)
    if sign_in is None or form.get("action") != "default" or form.get("username") != sign_in.username:
        return _lost()
    account = sign_in.account
    call.entry.account = account.email if account else None
    faults = call.struck(Place.PASSWORD, account)
    if "password_429" in faults:
        return _page("Too many requests", status=429)
    if "bounce" in faults:
        return Response.redirect(f"{call.world.origin}/web/auth/login")
    if account is not None:
        account.counters.password_tries += 1
    limit = call.world.settings.block_after_wrong_passwords
    if "blocked" in faults or (account and (account.blocked or account.counters.wrong_passwords >= limit > 0)):
        return _form("Your account has been blocked after multiple consecutive login attempts", form["state"], "", 400)
    given = form.get("password", "").encode()
    is_right = bool(account and account.password) and secrets.compare_digest(account.password.encode(), given)
    if "wrong" in faults or not is_right:
        if account is not None:
            account.counters.wrong_passwords += 1
        alert = '<div id="prompt-alert"><p>Wrong email or password</p></div>'
        return _form("Your password", form["state"], alert, status=400)
    if account is not None:
        account.counters.wrong_passwords = 0
    return Response.redirect(_step("/authorize/resume", call.world.sign_ins.move(form["state"], Stage.RESUME)))


async def resume(call: Call) -> Response:
    """Ends the sign-in with a code, or asks for a one-time code, or refuses the account."""
    sign_in = _find(call, Stage.RESUME)
    if sign_in is None or sign_in.account is None:
        return _lost()
    account = sign_in.account
    call.entry.account = account.email
    state = call.request.query["state"]
    faults = call.struck(Place.RESUME, account)
    if "deactivated" in faults or account.deactivated:
        return _refuse(call, sign_in, state, "account_deactivated: this account has been deactivated")
    if "country" in faults or account.country_refused:
        return _refuse(call, sign_in, state, "unsupported_country")
    if not sign_in.has_passed_mfa and ("mfa" in faults or account.mfa_code is not None):
        return Response.redirect(_step("/u/mfa-otp-challenge", call.world.sign_ins.move(state, Stage.MFA)))
    call.world.sign_ins.end(state)
    code = secrets.token_urlsafe(32)
    call.world.tokens.codes[code] = AuthorizationCode(
        account, sign_in.client_id, sign_in.redirect_uri, sign_in.challenge
    )
    return _back(sign_in, {"code": code})


async def mfa_page(call: Call) -> Response:
    if _find(call, Stage.MFA) is None:
        return _lost()
    return _form("Your one-time code", call.request.query["state"], '<input name="code">')


async def mfa(call: Call) -> Response:
    form = call.request.form()
    sign_in = _find(call, Stage.MFA)
    if sign_in is None or sign_in.account is None or form.get("action") != "default":
        return _lost()
    account = sign_in.account
    call.entry.account = account.email
    faults = call.struck(Place.MFA, account)
    code = form.get("code", "")
    is_right = code == account.mfa_code if account.mfa_code is not None else len(code) == 6 and code.isdigit()
    if "mfa_wrong" in faults or not is_right:
        return _form("The code you entered is invalid", form["state"], '<input name="code">', 400)
    sign_in.has_passed_mfa = True
    return Response.redirect(_step("/authorize/resume", call.world.sign_ins.move(form["state"], Stage.RESUME)))


def _find(call: Call, stage: Stage) -> SignIn | None:
    """The sign-in of this request: a post must name the same state in its address and in its form."""
    state = call.request.query.get("state", "")
    if call.request.method == "POST" and call.request.form().get("state") != state:
        return None
    return call.world.sign_ins.find(state, call.request.cookies().get(COOKIE), stage)


def _step(path: str, state: str) -> str:
    return f"{PREFIX}{path}?state={quote(state)}"


def _refuse(call: Call, sign_in: SignIn, state: str, description: str) -> Response:
    call.world.sign_ins.end(state)
    return _back(sign_in, {"error": "access_denied", "error_description": description})


def _back(sign_in: SignIn, values: dict[str, str]) -> Response:
    joint = "&" if "?" in sign_in.redirect_uri else "?"
    state = {"state": sign_in.client_state} if sign_in.client_state else {}
    return Response.redirect(f"{sign_in.redirect_uri}{joint}{urlencode(values | state)}")


def _form(title: str, state: str, extra: str = "", status: int = 200) -> Response:
    fields = f'<form method="post"><input type="hidden" name="state" value="{state}">{extra}</form>'
    return _page(title, fields, status)


def _page(title: str, extra: str = "", status: int = 200) -> Response:
    return Response.of_html(f"<!DOCTYPE html>\n<html><body><h1>{title}</h1>{extra}</body></html>\n", status)


def _lost() -> Response:
    """The answer to a step of a sign-in that is not at this stage, or not of this browser."""
    return refusal(400, "Invalid state")
