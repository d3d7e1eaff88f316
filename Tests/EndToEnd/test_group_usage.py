"""What owners of groups see of what their groups pay for, and nothing else."""

import csv
import io
import json
from datetime import datetime, timedelta, timezone

import pytest

from harness.answers import assert_error
from harness.load import parallel
from harness.webui import WORDS, assert_accessible, assert_fits, chromium, visit

USAGE, ROWS, GROUPS = "/api/admin/usage", "/api/admin/usage/rows", "/api/admin/groups"


def sums(gateway, key, **parameters) -> dict[tuple, int]:
    """The requests of each person in each group."""
    answer = gateway.get(USAGE, key, by="group,user", **parameters)
    assert answer.status_code == 200, answer.text
    return {(line["group"], line["user_id"]): line["requests"] for line in answer.json()["usage"]}


def rows(gateway, key, **parameters) -> list[dict]:
    answer = gateway.get(ROWS, key, **parameters)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def table(answer) -> list[dict]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.fixture
def school(launch):
    """Anna owns two groups and Otto one; Mia is in one of each, and Nils in none."""
    gateway = launch("a", workers=3)
    gateway.keys = {name: gateway.add_user(name) for name in ("anna", "otto", "mia", "max", "nils")}
    for group, owner in (("art", "anna"), ("bio", "anna"), ("chem", "otto")):
        answer = gateway.post(GROUPS, gateway.admin_key, id=group, name=group.title(), owners=[owner])
        assert answer.status_code == 200, answer.text
    for user_id, groups in (("mia", ["art", "chem"]), ("max", ["bio"])):
        answer = gateway.post("/api/client/update-user", gateway.admin_key, user_id=user_id, groups=groups)
        assert answer.status_code == 200, answer.text
    for name, members in (
            ("mia", {"group": "art"}), ("mia", {"group": "chem"}), ("mia", {"group": "chem"}), ("max", {}), ("nils", {}),
            ("anna", {})):
        gateway.talk(gateway.keys[name], f"A secret of {name}", **members)
    return gateway


# A first turn is two calls, because it gets a title.
ANNAS = {("art", "mia"): 2, ("bio", "max"): 2}
OTTOS = {("chem", "mia"): 4}


def test_owners_see_what_their_groups_paid_for_and_nothing_else(school):
    anna, otto = school.keys["anna"], school.keys["otto"]

    assert parallel(lambda _: sums(school, anna), range(6), at_once=3) == [ANNAS] * 6
    assert sums(school, otto) == OTTOS
    assert sums(school, anna, group="bio") == {("bio", "max"): 2}
    for key, wanted in ((anna, ANNAS), (otto, OTTOS)):
        found = rows(school, key)
        assert {(row["group"], row["user_id"]) for row in found} == set(wanted)
        assert len(found) == sum(wanted.values())
        # The accounts are the operator's, and no chat is told of.
        assert {row["account"] for row in found} == {None}
        assert not {"turn", "conversation", "prompt", "reply"} & set(found[0])
        assert "secret" not in school.get(ROWS, key).text
    assert {row["group"] for row in rows(school, anna, group="art")} == {"art"}
    day = table(school.get(USAGE, anna, by="day", format="csv"))
    assert [line["requests"] for line in day] == ["4"]
    people = table(school.get(USAGE, otto, by="user,model", format="csv"))
    assert [(line["user_id"], line["requests"]) for line in people] == [("mia", "4")]
    assert {line["group"] for line in table(school.get(ROWS, anna, format="csv"))} == {"art", "bio"}
    cut = school.get(USAGE, anna, by="user", format="csv", limit=1)
    assert len(table(cut)) == 1 and "before=" in cut.headers["Link"]
    # Admins see all, and may look at one.
    assert sums(school, school.admin_key, group="chem") == OTTOS
    assert len(sums(school, school.admin_key)) > len(ANNAS) + len(OTTOS)


def test_what_is_not_ones_own_is_refused(school):
    anna = school.keys["anna"]
    for path in (USAGE, ROWS):
        for group in ("chem", "absent"):
            error = assert_error(school.get(path, anna, group=group), 404, "group_not_found")
            assert error["parameter"] == "group"
        assert_error(school.get(path, anna, group="../x"), 422)
        # Members see their own usage alone.
        assert_error(school.get(path, school.keys["mia"]), 403, "not_allowed")
        assert_error(school.get(path, school.keys["mia"], group="art"), 404, "group_not_found")
        assert_error(school.get(path, school.keys["nils"]), 403, "not_allowed")
    assert_error(school.get(USAGE, anna, by="account"), 422)
    assert_error(school.get("/api/client/usage", anna, user_id="mia"), 403)
    assert_error(school.get("/api/recall", anna, user_id="mia"), 403)


def test_an_ex_owner_sees_nothing_from_the_next_request_on(school):
    anna = school.keys["anna"]
    assert sums(school, anna) == ANNAS

    for group in ("art", "bio"):
        answer = school.request("PATCH", f"{GROUPS}/{group}", school.admin_key, json={"owners": ["otto"]})
        assert answer.status_code == 200, answer.text

        answers = parallel(lambda _: school.get(USAGE, anna, group=group).status_code, range(12), at_once=6)
        assert set(answers) == {404}
    assert set(parallel(lambda _: school.get(ROWS, anna).status_code, range(12), at_once=6)) == {403}
    assert sums(school, school.keys["otto"]) == ANNAS | OTTOS


def test_clients_that_own_a_group_see_it_beside_their_own_users(school):
    bot = school.add_client("bot")
    school.talk(school.add_user("ada", bot), "Hello")
    school.request("PATCH", f"{GROUPS}/chem", school.admin_key, json={"owners": ["bot"]}).raise_for_status()

    assert sums(school, bot) == {(None, "ada"): 2}
    assert sums(school, bot, group="chem") == OTTOS
    assert_error(school.get(USAGE, bot, group="art"), 404, "group_not_found")


def test_a_group_of_the_same_id_does_not_show_what_another_paid_for(school):
    """Rows name groups by their ids; what was done under that id before is not the new owner's affair."""
    record = school.state / "groups/art.json"
    group = json.loads(record.read_text())
    group["created_at"] = (datetime.now(timezone.utc) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    changed = record.with_suffix(".new")
    changed.write_text(json.dumps(group))
    changed.replace(record)

    assert sums(school, school.keys["anna"]) == {("bio", "max"): 2}
    assert {row["group"] for row in rows(school, school.keys["anna"])} == {"bio"}
    assert sums(school, school.admin_key, group="art") == {("art", "mia"): 2}


@pytest.mark.parametrize("width", [360, 1440])
def test_the_page_shows_owners_their_groups(visit, school, width):
    page = visit(f"{school.url}/settings", school.keys["anna"], width=width, bypass_csp=True)

    card = page.locator(".group-usage")
    card.get_by_role("row").filter(has_text="User mia").filter(has_text="Art").wait_for()
    assert card.locator("tbody tr").count() == 2
    assert_fits(page)
    assert_accessible(page)
    card.get_by_label(WORDS["usage.group"]).select_option("bio")
    card.get_by_role("row").filter(has_text="User mia").wait_for(state="detached")
    assert card.locator("tbody tr").all_inner_texts() == ["User max\t2\t" + card.locator("td").nth(1).inner_text()]
    with page.expect_download() as download:
        card.get_by_role("button", name=WORDS["usage.csv"]).click()
    saved = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert {(line["group"], line["user_id"]) for line in saved} == {("bio", "max")}


def test_the_page_shows_others_no_groups(visit, school):
    for name in ("mia", "nils"):
        page = visit(f"{school.url}/settings", school.keys[name])
        page.locator("dl.figures dd").first.wait_for()
        page.wait_for_load_state("networkidle")
        assert page.locator(".group-usage").is_hidden()
