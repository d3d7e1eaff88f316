"""Names of removed users: how long they stay beside the rows, and what stays when they go."""

import json
import re
from decimal import Decimal

import pytest

from harness import process
from harness.process import eventually

USAGE, ROWS = "/api/admin/usage", "/api/admin/usage/rows"


def sums(gateway, by="user") -> list[dict]:
    answer = gateway.get(USAGE, gateway.admin_key, by=by)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)["usage"]


def people(gateway) -> dict[str | None, int]:
    return {line["user_id"]: line["requests"] for line in sums(gateway)}


def verify(gateway) -> str:
    return gateway.cli("usage", "verify", "--state-dir", gateway.state).stdout


def runs(gateway) -> list[dict]:
    lines = [json.loads(line) for line in (gateway.state / "audit.jsonl").read_text().splitlines()]
    return [line for line in lines if line["action"] == "retention.run"]


@pytest.fixture
def place(launch):
    """Ada has gone and Bob is there; `place.run(days, …)` runs the retention with that setting."""
    gateway = launch("a")
    for name in ("ada", "bob"):
        gateway.talk(gateway.add_user(name), "Hello")
    assert gateway.post("/api/client/remove-user", gateway.admin_key, user_id="ada").status_code == 200

    def run(days: int | None, *arguments) -> str:
        settings = {} if days is None else {"retention": {"billing_days": days}}
        gateway.write_settings({**gateway.settings, **settings})
        return gateway.cli(
            "retention", "run", "--settings", gateway.settings_file, "--state-dir", gateway.state, *arguments).stdout

    gateway.run = run
    return gateway


def test_a_name_goes_when_its_time_is_over_and_the_sums_stay(place):
    tokens = [{**line, "user_id": 0, "owner": 0, "username": 0} for line in sums(place)]
    assert people(place) == {"ada": 2, "bob": 2}

    # The default keeps it, and a dry run changes nothing.
    assert place.run(None) == "names: 0 removed\n"
    assert place.run(0, "--dry-run") == "names: 1 would be removed\n"
    assert people(place) == {"ada": 2, "bob": 2}
    assert place.run(0) == "names: 1 removed\n"

    assert people(place) == {None: 2, "bob": 2}
    assert [{**line, "user_id": 0, "owner": 0, "username": 0} for line in sums(place)] == tokens
    found = [json.loads(line) for line in place.get(ROWS, place.admin_key).text.splitlines()]
    assert sorted(str(row["user_id"]) for row in found) == ["None", "None", "bob", "bob"]
    assert {row["owner"] for row in found if row["user_id"] is None} == {None}
    place.cli("usage", "rebuild", "--state-dir", place.state)
    assert people(place) == {None: 2, "bob": 2}
    assert re.search(r"4 rows, .*0 differences", verify(place))
    names = [file.read_text() for file in (place.state / "usage/names").iterdir()]
    assert not [text for text in names if "ada" in text]
    # Who runs it by hand is named, with what went.
    assert [(line["actor"], line["names"], line["billing_days"]) for line in runs(place)] == [
        ("cli", 0, 400), ("cli", 1, 0)]
    assert place.run(0) == "names: 0 removed\n"


def test_the_server_does_it_by_itself(place):
    place.write_settings({**place.settings, "retention": {"billing_days": 0}})
    process.stop(place.serve)
    (place.logs / "serve.out").unlink()
    place.start_serve()

    eventually(lambda: people(place) == {None: 2, "bob": 2}, "the name is gone")
    assert [(line["actor"], line["names"]) for line in runs(place)] == [("schedule", 1)]


def test_settings_that_make_no_sense_are_problems(place):
    place.write_settings({**place.settings, "retention": {"billing_days": "long", "biling_days": 1}})
    checked = place.cli("check-settings", "--settings", place.settings_file, is_checked=False)
    assert checked.returncode != 0
    said = checked.stdout + checked.stderr
    assert "retention.billing_days" in said and "0 to 36500" in said and "retention.biling_days" in said
