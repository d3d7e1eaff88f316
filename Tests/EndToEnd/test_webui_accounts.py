"""The console in a browser: the accounts of the pool."""

import re

import pytest

from harness.webui import assert_accessible, chromium, picture, visit


def card(page, name: str):
    return page.get_by_role("article", name=name, exact=True)


def accounts(visit, gateway, **looks):
    page = visit(f"{gateway.url}/admin", gateway.admin_key, **looks)
    page.get_by_role("tab", name="Accounts").click()
    card(page, "a").wait_for()
    return page


def test_an_account_is_disabled_after_a_question_and_enabled_again(visit, launch, upstream):
    gateway = launch("a", "b")
    page = accounts(visit, gateway)

    page.get_by_role("button", name="Disable account a").click()
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    card(page, "a").get_by_text("disabled by an administrator").wait_for()
    page.get_by_text("Ready: 1 · Resting: 0 · Disabled: 1").wait_for()
    key = gateway.add_user()
    for number in range(3):
        gateway.talk(key, f"Prompt {number}")
    assert set(upstream.accounts()) == {"b"}

    page.get_by_role("button", name="Enable account a").click()
    page.get_by_text("Ready: 2 · Resting: 0 · Disabled: 0").wait_for()
    gateway.talk(key, "One more")
    gateway.talk(key, "And another")
    assert "a" in upstream.accounts()


def test_a_question_answered_with_no_disables_nothing(visit, launch):
    gateway = launch("a")
    page = accounts(visit, gateway)

    page.get_by_role("button", name="Disable account a").click()
    page.keyboard.press("Escape")

    assert page.get_by_role("dialog").count() == 0
    assert page.get_by_role("button", name="Disable account a").evaluate("it => it === document.activeElement")
    assert gateway.talk(gateway.add_user(), "Hello")


def test_an_account_is_tested_with_a_good_and_a_bad_end(visit, launch, upstream):
    page = accounts(visit, launch("a"))

    page.get_by_role("button", name="Test account a").click()
    page.get_by_text(re.compile(r"The test went well, in \d+ ms\.")).wait_for()
    upstream.script({"status": 401}, account="a", times=-1)
    page.get_by_role("button", name="Test account a").click()

    card(page, "a").get_by_text("The test failed:").wait_for()
    card(page, "a").get_by_text("Disabled", exact=True).wait_for()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_a_rest_is_shown_by_itself_with_its_reason_and_its_end(visit, launch, upstream, width, scheme):
    gateway = launch("a", "b")
    page = accounts(visit, gateway, width=width, scheme=scheme, bypass_csp=True)
    upstream.script({"status": 429, "headers": {"Retry-After": "300"}}, account="a")
    key = gateway.add_user()

    gateway.talk(key, "One")
    gateway.talk(key, "Two")

    # Nobody presses anything: the page asks every few seconds.
    card(page, "a").get_by_text("Resting", exact=True).wait_for()
    assert re.search(r"until .+, in [45] minutes", card(page, "a").inner_text())
    assert "Turns\n2" in card(page, "b").inner_text()
    picture(page, f"console-accounts-rest-{width}-{scheme}")
    assert_accessible(page)


def test_turns_in_flight_are_seen(visit, launch, upstream):
    gateway = launch("a")
    page = accounts(visit, gateway)
    upstream.script({"never_ending": True, "piece_delay_ms": 100})

    with gateway.http.stream(
            "POST", "/api/chat", json={"prompt": "Hello", "stream": True},
            headers={"Authorization": f"Bearer {gateway.add_user()}"}) as answer:
        assert answer.status_code == 200
        card(page, "a").get_by_text(re.compile(r"^1$")).first.wait_for()
        assert "In flight\n1" in card(page, "a").inner_text()


def test_a_page_that_nobody_looks_at_asks_for_nothing(visit, launch):
    page = accounts(visit, launch("a"))
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    page.get_by_role("tab", name="Users").click()
    page.get_by_role("row", name="admin").wait_for()
    page.wait_for_timeout(6000)

    assert not [url for url in asked if url.endswith("/api/admin/accounts")]


def test_a_place_without_accounts_says_where_they_are_named(visit, launch):
    gateway = launch()
    page = visit(f"{gateway.url}/admin#accounts", gateway.admin_key)

    page.get_by_text("There are no accounts.").wait_for()
