"""The console's usage and groups, in a browser."""

import csv
import io

import pytest

from harness.gateway import new_id
from harness.webui import WORDS, assert_accessible, assert_fits, chromium, picture, sign_in, visit


def test_an_admin_sees_what_people_used_and_saves_it(visit, gateway):
    user_id = new_id()
    gateway.talk(gateway.add_user(user_id, username=f"Name of {user_id}"), "Hello")
    page = visit(f"{gateway.url}/admin#usage", gateway.admin_key)

    page.locator("dl.figures dd").first.wait_for()
    page.get_by_role("table").filter(has_text=WORDS["usage.by_user"]).wait_for()
    # The chart's figures stand in a table, too.
    page.locator(".chart summary").click()
    assert page.locator(".chart tbody tr").count() >= 1
    with page.expect_download() as download:
        page.get_by_role("button", name=WORDS["usage.csv"]).click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert any(row["user_id"] == user_id for row in rows)


def test_a_group_is_made_filled_and_removed(visit, gateway):
    group, user_id = new_id(), new_id()
    key = gateway.add_user(user_id)
    page = visit(f"{gateway.url}/admin#groups", gateway.admin_key)

    page.get_by_role("button", name=WORDS["groups.add"]).click()
    form = page.get_by_role("dialog")
    form.get_by_label(WORDS["groups.id"]).fill(group)
    form.get_by_label(WORDS["groups.name"], exact=True).fill(f"Name of {group}")
    form.get_by_role("button", name=WORDS["action.save"]).click()
    actions = page.get_by_role("button", name=f"Actions for the group Name of {group}")
    actions.click()
    page.get_by_role("menuitem", name=WORDS["groups.add_member"]).click()
    page.get_by_role("dialog").get_by_label(WORDS["adduser.id"]).fill(user_id)
    page.get_by_role("dialog").get_by_role("button", name=WORDS["groups.add_member"]).click()
    page.get_by_text(f"{user_id} was added to Name of {group}.").wait_for()
    assert gateway.talk(key, "Hello")["status"] == "success"

    actions.click()
    page.get_by_role("menuitem", name=WORDS["groups.remove"], exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=WORDS["groups.remove"], exact=True).click()
    actions.wait_for(state="detached")


@pytest.mark.parametrize("part", ["usage", "groups"])
@pytest.mark.parametrize("width", [360, 1440])
def test_everybody_can_use_it(visit, gateway, width, part):
    gateway.talk(gateway.add_user(), "Hello")
    page = visit(f"{gateway.url}/admin#{part}", gateway.admin_key, width=width, bypass_csp=True)
    page.locator("dl.figures dd, .groups").first.wait_for()
    assert_fits(page)
    assert_accessible(page)
    picture(page, f"console-{part}-{width}")


def test_an_admin_sets_the_limits_of_a_user(visit, gateway):
    user_id = new_id()
    key = gateway.add_user(user_id, username=f"Name of {user_id}")
    page = visit(f"{gateway.url}/admin", gateway.admin_key)

    page.get_by_role("searchbox").fill(user_id)
    page.get_by_role("button", name=f"Actions for Name of {user_id}").click()
    page.get_by_role("menuitem", name=WORDS["users.limits"]).click()
    form = page.get_by_role("dialog")
    form.get_by_label(WORDS["limits.kind_requests_per_minute"]).fill("1")
    form.get_by_role("button", name=WORDS["action.save"]).click()
    page.get_by_text(f"The limits of Name of {user_id} were set.").wait_for()

    assert gateway.chat(key, "One").status_code == 200
    refused = gateway.chat(key, "Two")
    assert refused.status_code == 429
    assert refused.json()["limit"]["kind"] == "requests_per_minute"
