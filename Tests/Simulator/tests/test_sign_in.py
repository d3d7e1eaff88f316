"""The sign-in pages step by step, sessions, and the token endpoint."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from client import Answer, Client, state_of, target

SESSION = "__Secure-next-auth.session-token"


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_password_leads_to_a_session_and_a_token_that_is_accepted(nobody: Client) -> None:
    answer = nobody.log_in("free1@example.org", "first-secret")
    session = nobody.session().json()
    nobody.token = session["accessToken"]

    assert answer.status == 302 and answer.headers["Location"].endswith("/web/")
    found = claims(nobody.token)
    assert found["https://api.openai.com/profile"]["email"] == "free1@example.org" == session["user"]["email"]
    assert found["exp"] - found["iat"] == 14 * 86400 and "=" not in nobody.token
    assert nobody.say("x").status == 200
    assert nobody.state()["accounts"]["free1@example.org"]["logins"] == 1


def test_secrets_are_in_the_log_as_fingerprints_only(nobody: Client) -> None:
    nobody.log_in("free1@example.org", "first-secret")
    nobody.token = nobody.session().json()["accessToken"]
    nobody.say("x")

    log = nobody.call("GET", "/_sim/log")

    for secret in ("first-secret", nobody.token, nobody.cookies[SESSION]):
        assert secret.encode() not in log.body
    last = log.json()["requests"][-1]
    assert last["account"] == "free1@example.org" and len(last["token"]) == 12
    assert "authorization" not in last["headers"] and "cookie" not in last["headers"]
    password = next(each for each in log.json()["requests"] if each["path"] == "/auth0/u/login/password")
    assert password["body"]["password"] == hashlib.sha256(b"first-secret").hexdigest()[:12]


def test_the_sign_in_needs_the_csrf_cookie(nobody: Client) -> None:
    token = nobody.call("GET", "/web/api/auth/csrf").json()["csrfToken"]
    form = {"callbackUrl": "/", "csrfToken": token, "json": "true"}
    nobody.cookies.clear()
    answer = nobody.call("POST", "/web/api/auth/signin/auth0", form=form)
    assert answer.json()["url"].endswith("/web/api/auth/signin?csrf=true")


def test_the_login_pages_need_their_cookie_and_their_order(nobody: Client) -> None:
    state = nobody.authorize()
    assert nobody.give_password(state, "free1@example.org", "first-secret").status == 400
    cookie = nobody.cookies.pop("auth0")
    assert nobody.identify(state, "free1@example.org").status == 400
    nobody.cookies["auth0"] = cookie
    assert nobody.identify(state, "free1@example.org").status == 302


def test_the_callback_needs_the_cookie_of_its_sign_in(nobody: Client) -> None:
    answer = nobody.to_resume("free1@example.org", "first-secret")
    del nobody.cookies["__Secure-next-auth.state"]
    assert "error=OAuthCallback" in nobody.follow(answer).headers["Location"]
    assert nobody.session().json() == {}


@pytest.mark.parametrize(("email", "password"), [
    ("free1@example.org", "wrong"), ("nobody@example.org", "x"), ("social@example.org", ""),
])
def test_a_wrong_password_and_an_unknown_account_are_told_alike(nobody: Client, email: str, password: str) -> None:
    state = nobody.authorize()
    assert nobody.identify(state, email).status == 302
    answer = nobody.give_password(state, email, password)
    assert answer.status == 400 and b"Wrong email or password" in answer.body and b"prompt-alert" in answer.body


def test_too_many_wrong_passwords_block_the_account(nobody: Client) -> None:
    nobody.sim("settings", block_after_wrong_passwords=2)
    state = nobody.authorize()
    nobody.identify(state, "free1@example.org")
    bodies = [nobody.give_password(state, "free1@example.org", "wrong").body for _ in range(2)]
    answer = nobody.give_password(state, "free1@example.org", "first-secret")
    assert all(b"Wrong email" in body for body in bodies)
    assert answer.status == 400 and b"blocked" in answer.body and b"Wrong email" not in answer.body


def test_a_one_time_code_is_asked_for_and_checked(nobody: Client) -> None:
    challenge = nobody.to_resume("mfa@example.org", "mfa-secret")
    state = state_of(challenge)
    path = f"/auth0/u/mfa-otp-challenge?state={state}"
    assert urlsplit(challenge.headers["Location"]).path == "/auth0/u/mfa-otp-challenge"
    assert nobody.call("GET", path).status == 200

    wrong = nobody.call("POST", path, form={"state": state, "code": "000000", "action": "default"})
    right = nobody.call("POST", path, form={"state": state, "code": "123456", "action": "default"})

    assert wrong.status == 400
    assert nobody.follow(nobody.follow(right)).status == 302
    assert nobody.session().json()["user"]["mfa"] is True


def test_accounts_of_the_fixture_are_refused_at_their_step(nobody: Client) -> None:
    assert b'alt="captcha"' in nobody.identify(nobody.authorize(), "captcha@example.org").body
    for email, reason in (("closed", "deactivated"), ("abroad", "unsupported_country")):
        answer = nobody.to_resume(f"{email}@example.org", f"{email}-secret")
        assert "error=access_denied" in answer.headers["Location"] and reason in answer.headers["Location"]
        assert "error=access_denied" in nobody.follow(answer).headers["Location"]
    state = nobody.authorize()
    nobody.identify(state, "blocked@example.org")
    assert b"blocked" in nobody.give_password(state, "blocked@example.org", "blocked-secret").body
    assert nobody.identify(nobody.authorize(), "no-address").status == 400


def test_ordered_faults_strike_at_their_step(nobody: Client) -> None:
    email, password = "free1@example.org", "first-secret"
    token = nobody.call("GET", "/web/api/auth/csrf").json()["csrfToken"]
    form = {"callbackUrl": "/", "csrfToken": token, "json": "true"}
    nobody.next("ratelimit_signin")
    assert "error=OAuthSignin" in nobody.call("POST", "/web/api/auth/signin/auth0", form=form).json()["url"]
    nobody.next("signin_400")
    assert nobody.call("POST", "/web/api/auth/signin/auth0", form=form).status == 400
    nobody.next("no_state")
    url = nobody.call("POST", "/web/api/auth/signin/auth0", form=form).json()["url"]
    assert "state" not in nobody.call("GET", target(url)).headers["Location"]

    nobody.next("captcha")
    state = nobody.authorize()
    assert b'alt="captcha"' in nobody.call("GET", f"/auth0/u/login/identifier?state={state}").body
    assert nobody.identify(state, email).status == 400

    state = nobody.authorize()
    nobody.identify(state, email)
    for fault, status in (("wrong", 400), ("blocked", 400), ("password_429", 429)):
        nobody.next(fault, account=email)
        assert nobody.give_password(state, email, password).status == status
    nobody.next("bounce")
    assert nobody.give_password(state, email, password).headers["Location"].endswith("/web/auth/login")

    for fault, part in (("deactivated", "access_denied"), ("country", "unsupported_country"), ("mfa", "mfa-otp")):
        nobody.next(fault)
        answer = nobody.to_resume(email, password)
        assert part in answer.headers["Location"]
    nobody.next("mfa_wrong")
    state = state_of(answer)
    form = {"state": state, "code": "111111", "action": "default"}
    statuses = [nobody.call("POST", f"/auth0/u/mfa-otp-challenge?state={state}", form=form).status for _ in range(2)]
    assert statuses == [400, 302]


def test_the_callback_and_the_session_can_go_wrong(nobody: Client) -> None:
    email, password = "free1@example.org", "first-secret"
    nobody.next("callback_refused")
    assert nobody.log_in(email, password).status == 307
    nobody.next("callback_200")
    assert nobody.log_in(email, password).status == 200
    nobody.next("session_empty")
    assert nobody.session().json() == {}
    nobody.next("session_error")
    assert nobody.session().json()["error"] == "RefreshAccessTokenError"
    nobody.next("session_429")
    assert nobody.session().status == 429
    assert "error" not in nobody.session().json()


def test_a_session_gives_the_same_token_until_that_expires_or_is_revoked(nobody: Client) -> None:
    nobody.cookies[SESSION] = "fixed-session-token"

    first = nobody.session().json()["accessToken"]
    assert nobody.session().json()["accessToken"] == first
    nobody.sim("revoke", account="plus@example.org")
    second = nobody.session().json()["accessToken"]
    nobody.sim("clock", advance_seconds=15 * 86400)
    third = nobody.session().json()["accessToken"]

    assert len({first, second, third}) == 3
    nobody.cookies[SESSION] = "unknown"
    assert nobody.session().json() == {}


def test_a_session_cookie_can_rotate_and_be_split(nobody: Client) -> None:
    nobody.cookies[SESSION] = "fixed-session-token"
    nobody.sim("settings", rotates_session=True)
    assert nobody.session().json()["user"]["email"] == "plus@example.org"
    assert nobody.cookies[SESSION] != "fixed-session-token"
    assert "accessToken" in nobody.session().json()

    nobody.sim("settings", splits_session=True)
    nobody.session()
    del nobody.cookies[SESSION]
    assert f"{SESSION}.1" in nobody.cookies and "accessToken" in nobody.session().json()


def test_cookies_are_secure_unless_the_setting_says_otherwise(nobody: Client) -> None:
    assert "Secure" in nobody.call("GET", "/web/api/auth/csrf").headers["Set-Cookie"].split("; ")
    nobody.cookies.clear()
    nobody.sim("settings", has_secure_cookies=False)
    assert "Secure" not in nobody.call("GET", "/web/api/auth/csrf").headers["Set-Cookie"].split("; ")
    nobody.log_in("free1@example.org", "first-secret")
    assert "accessToken" in nobody.session().json()
    assert not [name for name in nobody.cookies if name.startswith("__")]


REDIRECT = "com.example.app://auth/callback"


def exchange(client: Client, verifier: str, sent: str | None = None) -> Answer:
    """The PKCE flow up to the exchange of the code."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    query = urlencode({
        "client_id": "APP", "redirect_uri": REDIRECT, "response_type": "code", "code_challenge": challenge,
        "code_challenge_method": "S256", "scope": "openid", "state": "mine", "prompt": "login",
    })
    state = state_of(client.call("GET", f"/auth0/authorize?{query}"))
    client.identify(state, "free1@example.org")
    answer = client.follow(client.give_password(state, "free1@example.org", "first-secret"))
    assert answer.headers["Location"].startswith(REDIRECT)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == ["mine"]
    return client.call("POST", "/auth0/oauth/token", {
        "redirect_uri": REDIRECT, "grant_type": "authorization_code", "client_id": "APP", "code": back["code"][0],
        "code_verifier": sent or verifier,
    })


def refresh(client: Client, token: str) -> Answer:
    return client.call("POST", "/auth0/oauth/token", {
        "redirect_uri": REDIRECT, "grant_type": "refresh_token", "client_id": "APP", "refresh_token": token})


def test_a_code_is_exchanged_refreshed_and_revoked(nobody: Client) -> None:
    verifier = secrets.token_urlsafe(32)
    granted = exchange(nobody, verifier).json()
    renewed = refresh(nobody, granted["refresh_token"]).json()
    nobody.token = renewed["access_token"]

    assert granted["token_type"] == "Bearer" and granted["expires_in"] > 0
    assert renewed["access_token"] != granted["access_token"] and nobody.say("x").status == 200
    counters = nobody.state()["accounts"]["free1@example.org"]
    assert (counters["logins"], counters["token_refreshes"]) == (1, 1)
    revoked = {"client_id": "APP", "token": granted["refresh_token"]}
    assert nobody.call("POST", "/auth0/oauth/revoke", revoked).status == 200
    dead = refresh(nobody, granted["refresh_token"])
    assert dead.status == 403 and dead.json()["error"] == "invalid_grant"


def test_a_wrong_verifier_gets_nothing(nobody: Client) -> None:
    answer = exchange(nobody, secrets.token_urlsafe(32), sent="another")
    assert answer.status == 403 and answer.json()["error"] == "invalid_grant"
    assert nobody.state()["accounts"]["free1@example.org"]["logins"] == 0


def test_refreshing_can_keep_the_old_token_silently_or_be_refused(nobody: Client) -> None:
    nobody.next("refresh_absent", account="free2@example.org")
    assert "refresh_token" not in refresh(nobody, "fixed-refresh-token").json()
    nobody.next("invalid_grant")
    assert refresh(nobody, "fixed-refresh-token").json()["error"] == "invalid_grant"
    assert refresh(nobody, "fixed-refresh-token").status == 403
