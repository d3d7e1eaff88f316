"""How accounts of the ChatGPT web backend get their access tokens, and `/api/access-token`."""

import pytest

from harness.answers import assert_error
from harness.chatgpt import health, launch, simulated, simulator
from harness.load import parallel
from harness.simulator import ACCOUNTS
from test_chatgpt import text_of


def sign_ins(simulator) -> int:
    """How often a password was given."""
    return len(simulator.paths("/u/login/password"))


@pytest.mark.parametrize("kind", ["session", "refresh"])
def test_a_session_or_refresh_token_is_traded_once_for_all_workers(launch, simulator, kind):
    entry = simulator.instance("a", **{f"{kind}_token": simulator.credential("a", kind)})
    gateway = launch(entry, workers=4)
    key = gateway.add_user()

    parallel(lambda number: gateway.talk(key, f"Prompt {number}"), range(6), at_once=6)

    counters = simulator.counters("a")
    assert counters["session_reads" if kind == "session" else "token_refreshes"] == 1
    assert counters["logins"] == 0


def test_a_rotated_and_split_session_is_kept(launch, simulator):
    simulator.sim("settings", rotates_session=True, splits_session=True)
    gateway = launch(simulator.instance("a", session_token=simulator.credential("a", "session")), workers=1)
    key = gateway.add_user()

    for number in range(2):
        gateway.talk(key, f"Prompt {number}")
        simulator.sim("clock", advance_seconds=0)
        simulator.sim("revoke", account=ACCOUNTS["a"]["email"])
    assert simulator.counters("a")["session_reads"] == 2


@pytest.mark.parametrize("fault", ["refresh_absent", "invalid_grant"])
def test_a_refresh_token_is_kept_where_no_other_comes_and_replaced_by_the_password_where_dead(
        launch, simulator, fault):
    account = ACCOUNTS["a"]
    gateway = launch({**simulator.instance("a"), "refresh_token": simulator.credential("a", "refresh")}, workers=1)
    key = gateway.add_user()
    simulator.next(fault, "a")

    gateway.talk(key, "First")
    simulator.sim("revoke", account=account["email"])
    gateway.talk(key, "Second")

    assert simulator.counters("a")["logins"] == (1 if fault == "invalid_grant" else 0)


def test_a_token_that_was_revoked_early_is_replaced_at_once_but_not_for_ever(launch, simulator):
    gateway = launch("a", workers=2)
    key = gateway.add_user()
    first = gateway.talk(key, "First")
    simulator.sim("revoke", account=ACCOUNTS["a"]["email"])

    assert text_of(gateway.talk(key, "Second", conversation_id=first["conversation_id"])).endswith("Turn 2.")
    # The session of the first sign-in gave the second token only after its own was revoked, too.
    tries = sign_ins(simulator)
    simulator.next("early_revoke", "a", path="/backend-api/conversation", times=-1)
    answer = gateway.chat(key, "Third")
    assert answer.status_code in (502, 503)
    for _ in range(3):
        gateway.chat(key, "Fourth")
    assert sign_ins(simulator) <= tries + 1


#: Account, or fault of the sign-in, with what the operator reads and what becomes of the account.
LOGIN_FAILURES = {
    "wrong": ("a", "wrong e-mail address or password", "disabled"),
    "mfa": ("a", "one-time code", "disabled"),
    "captcha": ("a", "captcha", "disabled"),
    "blocked": ("a", "blocked", "disabled"),
    "deactivated": ("a", "deactivated", "disabled"),
    "country": ("a", "country", "disabled"),
    "bounce": ("a", "edge protection", "resting"),
    "ratelimit_signin": ("a", "rate limited", "resting"),
    "signin_400": ("a", "rate limited", "resting"),
    "no_state": ("a", "rate limited", "resting"),
    "password_429": ("a", "rate limited", "resting"),
    "callback_refused": ("a", "callback", "resting"),
    "session_empty": ("a", "ended", "disabled"),
    "session_429": ("a", "rate limited", "resting"),
}


@pytest.mark.parametrize("fault", LOGIN_FAILURES)
def test_a_failed_sign_in_takes_the_account_out_with_its_reason_and_is_not_repeated(launch, simulator, fault):
    _, reason, state = LOGIN_FAILURES[fault]
    gateway = launch("a", workers=2)
    key = gateway.add_user()
    simulator.next(fault, times=-1)

    first = gateway.chat(key, "Hello")
    others = [gateway.chat(key, "Hello") for _ in range(3)]

    assert first.status_code in (502, 503) and all(each.status_code == 503 for each in others)
    assert health(gateway, "a")["state"] == state and reason in health(gateway, "a")["reason"]
    assert len(simulator.paths("/api/auth/csrf")) == 1
    assert not simulator.prompts()


def test_another_account_answers_where_one_cannot_sign_in(launch, simulator):
    gateway = launch("captcha", "b", workers=2)
    key = gateway.add_user()

    assert text_of(gateway.talk(key, "Hello")) == "You said: Hello. Turn 1."
    assert health(gateway, "captcha")["state"] == "disabled"


def test_another_password_in_the_settings_cures_the_account(launch, simulator):
    gateway = launch({**simulator.instance("a"), "password": "not-the-right-one"}, workers=1)
    key = gateway.add_user()
    assert gateway.chat(key, "Hello").status_code == 502

    gateway.write_settings({**gateway.settings, "openai": simulator.settings("a")})
    gateway.hup()
    assert gateway.talk(key, "Hello")


def test_a_given_token_that_expired_is_told_to_the_operator(launch, simulator):
    token = simulator.credential("a", life_seconds=-5)
    gateway = launch(simulator.instance("a", access_token=token), workers=1)

    assert gateway.chat(gateway.add_user(), "Hello").status_code == 502
    assert health(gateway, "a")["state"] == "disabled" and "expired" in health(gateway, "a")["reason"]
    assert not simulator.prompts()


@pytest.fixture
def ready(launch):
    return launch("a", workers=2)


def test_an_access_token_is_given_for_email_and_password(ready, simulator):
    key, account = ready.add_user(), ACCOUNTS["b"]
    posted = ready.post("/api/access-token", key, email=account["email"], password=account["password"])
    got = ready.get("/api/access-token", None, user=key, email=account["email"], password=account["password"])
    page = ready.request("POST", "/access-token", data={
        "api_key": key, "email": account["email"], "password": account["password"]})

    for answer in (posted, got):
        body = answer.json()
        assert answer.status_code == 200 and body["status"] == "success" and body["expires_at"].endswith("Z")
        assert body["access_token"] == body["Access Token"] and answer.headers["cache-control"] == "no-store"
    assert page.status_code == 200 and "eyJ" in page.text and page.headers["content-type"].startswith("text/html")
    assert ready.get("/access-token").status_code == 200


@pytest.mark.parametrize(("name", "members", "status", "code"), [
    ("b", {"password": "wrong"}, 401, "wrong_email_or_password"),
    ("mfa", {}, 403, "mfa_required"), ("mfa", {"mfa_code": "000000"}, 401, "wrong_mfa_code"),
    ("captcha", {}, 403, "captcha_required"), ("blocked", {}, 403, "account_blocked"),
    ("closed", {}, 403, "account_deactivated"), ("abroad", {}, 403, "country_unsupported"),
])
def test_failures_of_a_sign_in_are_told_apart(ready, simulator, name, members, status, code):
    account = ACCOUNTS[name]
    body = {"email": account["email"], "password": account["password"], **members}

    answer = ready.post("/api/access-token", ready.add_user(), **body)

    assert_error(answer, status)
    assert answer.json()["code"] == code
    assert ("Error" in answer.json()) == (code == "wrong_email_or_password")


@pytest.mark.parametrize(("fault", "status", "code"), [
    ("ratelimit_signin", 429, "login_rate_limited"), ("bounce", 502, "login_blocked_by_edge"),
    ("status:403:challenge", 502, "login_blocked_by_edge"),
])
def test_refusals_of_the_service_are_told_apart(ready, simulator, fault, status, code):
    simulator.next(fault, **({"path": "/web/api/auth"} if fault.startswith("status") else {}))
    account = ACCOUNTS["b"]
    answer = ready.post(
        "/api/access-token", ready.add_user(), email=account["email"], password=account["password"])
    assert answer.status_code == status and answer.json()["code"] == code


def test_a_one_time_code_lets_in(ready, simulator):
    account = ACCOUNTS["mfa"]
    answer = ready.post(
        "/api/access-token", ready.add_user(), email=account["email"], password=account["password"],
        mfa_code="123456")
    assert answer.status_code == 200


def test_a_key_has_five_tries_a_minute_over_all_workers(ready, simulator):
    key, other = ready.add_user(), ready.add_user()
    members = {"email": ACCOUNTS["b"]["email"], "password": "wrong"}

    answers = parallel(lambda _: ready.post("/api/access-token", key, **members), range(8), at_once=8)

    assert sorted(each.status_code for each in answers) == [401] * 5 + [429] * 3
    late = next(each for each in answers if each.status_code == 429)
    assert late.json()["code"] == "rate_limited" and 1 <= int(late.headers["retry-after"]) <= 60
    assert ready.post("/api/access-token", other, **members).status_code == 401
    assert simulator.counters("b")["password_tries"] == 6


def test_bad_calls_reach_no_sign_in(launch, simulator):
    gateway = launch("a", workers=1, allow_get="no_passwords")
    key = gateway.add_user()

    assert gateway.post("/api/access-token", email="a@example.org", password="x").status_code == 401
    assert gateway.post("/api/access-token", key, password="x").json()["parameter"] == "email"
    assert gateway.post("/api/access-token", key, email="a@example.org").json()["parameter"] == "password"
    assert gateway.get("/api/access-token", key, email="a@example.org", password="x").status_code == 405
    assert not simulator.log()
