"""What the list of users says of their use and of when they were last seen."""

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from harness.answers import assert_error
from harness.gateway import new_id
from harness.load import parallel
from harness.process import eventually
from harness.webui import WORDS, assert_accessible, assert_fits, chromium, visit

LIST = "/api/client/users"
PRICES = {"currency": "EUR", "stub-model": {"input": 1, "cached_input": 1, "output": 10}}


def listed(gateway, key=None, **parameters) -> dict[str, dict]:
    answer = gateway.get(LIST, key or gateway.admin_key, **{"with": "usage", **parameters})
    assert answer.status_code == 200, answer.text
    return {user["user_id"]: user for user in json.loads(answer.text, parse_float=Decimal)["users"]}


@pytest.fixture
def priced(launch):
    gateway = launch("a", workers=3)
    gateway.write_settings({**gateway.settings, "prices": PRICES})
    gateway.hup()
    return gateway


def test_the_list_says_what_each_used_and_when_it_was_last_seen(priced):
    keys = {name: priced.add_user(name) for name in ("ada", "bob", "eve")}
    for name in ("ada", "ada", "bob"):
        priced.talk(keys[name], f"Hello from {name}")
    begun = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)

    for found in parallel(lambda _: listed(priced), range(6), at_once=3):
        for name, requests in (("ada", 4), ("bob", 2), ("eve", 0)):
            [own] = json.loads(priced.get("/api/usage", keys[name], by="model").text, parse_float=Decimal)["usage"] or [{
                "requests": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost": None, "currency": None}]
            assert found[name]["usage_30_days"] == {
                "requests": requests, "tokens": own["prompt_tokens"] + own["completion_tokens"], "cost": own["cost"],
                "currency": "EUR" if requests else None}
    # By then the three were asked for their usage, eve among them.
    for name in keys:
        seen = eventually(lambda: listed(priced)[name]["last_seen_at"], "the use of the key is noted")
        assert begun <= datetime.fromisoformat(seen) and datetime.fromisoformat(seen).minute == 0
    never = priced.add_user("never")
    assert listed(priced)["never"]["last_seen_at"] is None, never
    assert listed(priced, limit=2, sort="user_id").keys() == {"ada", "admin"}


def test_it_is_told_to_those_who_ask_for_it_and_of_their_own_users(priced):
    bot, other = priced.add_client("bot"), priced.add_client("other")
    priced.add_user("ada", bot)
    priced.add_user("bob", other)
    assert priced.post("/api/chat", bot, user_id="ada", prompt="Hello").status_code == 200

    plain = priced.get(LIST, bot).json()["users"]
    assert not {"usage_30_days", "last_seen_at"} & set(plain[0])
    [(name, user)] = listed(priced, bot).items()
    # The key of the client was used, and not that of its user.
    assert (name, user["usage_30_days"]["requests"], user["last_seen_at"]) == ("ada", 2, None)
    assert listed(priced)["bob"]["usage_30_days"]["requests"] == 0
    assert_error(priced.get(LIST, bot, **{"with": "colour"}), 422, "invalid_parameter")


def test_costs_in_several_currencies_make_no_sum(priced):
    key = priced.add_user("ada")
    priced.talk(key, "In euros")
    priced.write_settings({**priced.settings, "prices": {**PRICES, "currency": "CHF"}})
    priced.hup()
    priced.talk(key, "In francs")

    use = listed(priced)["ada"]["usage_30_days"]

    assert (use["requests"], use["cost"], use["currency"]) == (4, None, None) and use["tokens"] > 0


def test_the_console_shows_both(visit, priced):
    key = priced.add_user("ada", username="Ada Lovelace")
    priced.talk(key, "Hello")
    priced.add_user("bob", username="Bob")
    use = eventually(lambda: (user := listed(priced)["ada"])["last_seen_at"] and user, "Ada was seen")["usage_30_days"]
    page = visit(f"{priced.url}/admin", priced.admin_key)

    row = page.get_by_role("row").filter(has_text="Ada Lovelace")
    row.get_by_text("Requests: 2").wait_for()
    assert f"Tokens: {use['tokens']} · €" in row.locator(".use").inner_text()
    seen = row.locator("time").first
    assert seen.inner_text() in ("this hour", "1 hour ago")
    assert seen.get_attribute("title")
    assert WORDS["users.never_seen"] in page.get_by_role("row").filter(has_text="Bob").inner_text()
    # What a change answers does not say it, and it stays.
    row.get_by_role("switch").click()
    page.get_by_text("Ada Lovelace may use Plus accounts now.").wait_for()
    assert row.get_by_text("Requests: 2").is_visible()


@pytest.mark.parametrize("width", [360, 1024, 1440])
def test_the_columns_fit(visit, gateway, width):
    user_id = new_id()
    gateway.talk(gateway.add_user(user_id, username=f"Name of {user_id}"), "Hello")
    page = visit(f"{gateway.url}/admin", gateway.admin_key, width=width, bypass_csp=True)
    page.get_by_role("searchbox").fill(user_id)
    page.get_by_role("row").filter(has_text=user_id).get_by_text("Requests: 2").wait_for()
    assert_fits(page)
    assert_accessible(page)
