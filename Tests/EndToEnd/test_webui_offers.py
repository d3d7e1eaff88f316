"""The pages offer what is of use to this person on this server."""

from playwright.sync_api import expect

from harness.gateway import new_id
from harness.webui import WORDS, chromium, visit


def test_a_client_picks_a_user_from_its_own(visit, gateway):
    client = gateway.add_client()
    gateway.add_user("first-of-mine", creator=client, username="First")
    gateway.add_user("second-of-mine", creator=client, username="Second")
    gateway.add_user(new_id(), username="Not of mine")
    page = visit(f"{gateway.url}/chat", client)
    page.get_by_label("User id").focus()
    options = page.locator("datalist option")
    expect(options).to_have_count(2)
    assert {it.get_attribute("value") for it in options.all()} == {"first-of-mine", "second-of-mine"}
    assert page.get_by_label("User id").get_attribute("list") == page.locator("datalist").get_attribute("id")


def test_access_tokens_are_offered_only_where_they_are_of_use(visit, gateway):
    key = gateway.add_user()
    assert gateway.get("/api/whoami", key).json()["access_tokens"] is False
    page = visit(f"{gateway.url}/chat", key)
    expect(page.get_by_role("link", name=WORDS["nav.recall"])).to_be_visible()
    expect(page.get_by_role("link", name=WORDS["nav.access_token"])).to_have_count(0)
    expect(page.get_by_text(WORDS["options.advanced"])).to_have_count(0)
