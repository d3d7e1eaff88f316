"""The page of what belongs to a person: usage, limits and keys, in a browser."""

import pytest

from harness.gateway import new_id
from harness.webui import WORDS, assert_accessible, assert_fits, chromium, picture, put_away, read_secret, sign_in, visit


def dialog(page):
    return page.get_by_role("dialog")


def do(page, name: str, action: str) -> None:
    page.get_by_role("button", name=f"Actions for the key {name}").click()
    page.get_by_role("menuitem", name=action).click()


def test_the_page_is_reached_from_the_menu_of_the_person(visit, gateway):
    user_id = new_id()
    page = visit(f"{gateway.url}/recall", gateway.add_user(user_id, username=f"Name of {user_id}"))
    page.get_by_role("button", name=f"Name of {user_id}").click()
    page.get_by_role("menuitem", name=WORDS["nav.settings"]).click()
    page.get_by_role("heading", name=WORDS["settings.title"]).wait_for()
    assert page.url.startswith(f"{gateway.url}/settings")


def test_a_key_is_made_shown_once_renamed_renewed_and_revoked(visit, gateway):
    own = gateway.add_user()
    page = visit(f"{gateway.url}/settings#keys", own)

    page.get_by_role("button", name=WORDS["keys.add"]).click()
    dialog(page).get_by_label(WORDS["keys.name"], exact=True).fill("notebook")
    dialog(page).get_by_role("button", name=WORDS["keys.add"]).click()
    first = read_secret(page, gateway)
    put_away(page)
    assert gateway.talk(first, "Hello")["status"] == "success"
    assert first not in page.content()

    do(page, "notebook", WORDS["keys.rename"])
    dialog(page).get_by_label(WORDS["keys.name"], exact=True).fill("laptop")
    dialog(page).get_by_role("button", name=WORDS["action.save"]).click()
    page.get_by_role("button", name="Actions for the key laptop").wait_for()

    do(page, "laptop", WORDS["keys.renew"])
    dialog(page).get_by_role("button", name=WORDS["keys.renew"]).click()
    second = read_secret(page, gateway)
    put_away(page)
    assert gateway.get("/api/whoami", first).status_code == 401
    assert gateway.get("/api/whoami", second).status_code == 200

    do(page, "laptop", WORDS["keys.revoke"])
    assert gateway.get("/api/whoami", second).status_code == 200, "nothing is done before it is confirmed"
    dialog(page).get_by_role("button", name=WORDS["keys.revoke"]).click()
    page.get_by_role("button", name="Actions for the key laptop").wait_for(state="detached")
    assert gateway.get("/api/whoami", second).status_code == 401
    assert gateway.get("/api/whoami", own).status_code == 200


def test_the_lines_for_programs_name_this_server(visit, gateway):
    page = visit(f"{gateway.url}/settings#keys", gateway.add_user())
    page.get_by_text(f"curl -N {gateway.url}/v1/chat/completions").wait_for()


def test_usage_shows_what_was_used(visit, gateway):
    key = gateway.add_user()
    for _ in range(2):
        gateway.talk(key, "Hello")
    page = visit(f"{gateway.url}/settings", key)

    figures = page.locator("dl.figures")
    figures.get_by_text(WORDS["usage.requests"]).wait_for()
    assert int(figures.locator("dd").first.inner_text()) >= 2
    assert page.get_by_role("table").filter(has_text=WORDS["usage.by_model"]).get_by_role("row").count() >= 2
    page.get_by_text(WORDS["usage.as_table"]).click()
    assert page.locator("figure.days tbody tr").count() == 1


def test_limits_show_how_much_is_left(visit, gateway):
    user_id = new_id()
    key = gateway.add_user(user_id)
    gateway.post(
        "/api/client/update-user", gateway.admin_key, user_id=user_id,
        limits={"requests_per_minute": 4, "tokens_per_day": 100000}).raise_for_status()
    gateway.talk(key, "Hello")
    page = visit(f"{gateway.url}/settings", key)

    rows = page.locator(".limit")
    rows.first.wait_for()
    words = {row.locator("span").first.inner_text(): row.locator("strong").inner_text() for row in rows.all()}
    assert words[WORDS["limits.kind_requests_per_minute"]] == "1 of 4"
    assert words[WORDS["limits.kind_tokens_per_day"]].endswith("of 100,000")


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(visit, gateway, width, scheme):
    user_id = new_id()
    key = gateway.add_user(user_id)
    gateway.post(
        "/api/client/update-user", gateway.admin_key, user_id=user_id, limits={"concurrent": 3}).raise_for_status()
    gateway.talk(key, "Hello")
    for part in ("usage", "keys"):
        page = visit(f"{gateway.url}/settings#{part}", key, width=width, scheme=scheme, bypass_csp=True)
        page.locator(".limit, table.cards tbody tr").first.wait_for()
        assert_fits(page)
        assert_accessible(page)
        picture(page, f"settings-{part}-{width}-{scheme}")
