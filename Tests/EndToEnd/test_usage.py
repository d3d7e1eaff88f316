"""Each call that reached an upstream is one row of the ledger, and every sum is that of the rows."""

import csv
import io
import json
import os
import random
import signal
import socket
import time
from decimal import Decimal

import httpx
import pytest

from harness.load import Background, raw_chat
from harness.process import eventually

PRICES = {"currency": "EUR", "stub-model": {"input": 1, "cached_input": 0.5, "output": 10}}


@pytest.fixture
def priced(launch):
    """A gateway of two workers with prices; called with what is to be changed of the settings."""

    def start(*accounts, prices=PRICES, workers=2, **api_server):
        gateway = launch(*(accounts or ("a",)), workers=workers, **api_server)
        gateway.write_settings({**gateway.settings, "prices": prices})
        gateway.hup()
        return gateway

    return start


def rows(gateway, key=None, **parameters) -> list[dict]:
    answer = gateway.get("/api/admin/usage/rows", key or gateway.admin_key, **parameters)
    assert answer.status_code == 200, answer.text
    return [json.loads(line, parse_float=Decimal) for line in answer.text.splitlines()]


def sums(gateway, path="/api/admin/usage", key=None, **parameters) -> list[dict]:
    answer = gateway.get(path, key or gateway.admin_key, **parameters)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)["usage"]


def verify(gateway) -> str:
    checked = gateway.cli("usage", "verify", "--state-dir", gateway.state, is_checked=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return checked.stdout


def leave(gateway, key: str, prompt: str, upstream) -> None:
    """Sends a prompt and goes away while the upstream is at work."""
    with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
        connection.sendall(raw_chat(prompt, key))
        upstream.wait_in_flight(1)
    eventually(lambda: upstream.in_flight() == 0, "the upstream request ends")


def test_one_row_for_each_kind_and_outcome(priced, upstream):
    gateway = priced(upstream.instance("a", models=["stub-model"]))
    key = gateway.add_user("ada")
    upstream.script({"cached_tokens": 1, "reasoning_tokens": 2}, times=1)
    answer = gateway.chat(key, "Hello to you")
    gateway.post("/v1/chat/completions", key, model="stub-model", messages=[{"role": "user", "content": "Hi there"}])
    leave(gateway, key, "[[hang]] Hello hello", upstream)
    leave(gateway, key, "[[hang_mid_stream:3]] One two", upstream)
    eventually(lambda: len(rows(gateway)) == 5, "the rows of those who left are there")
    assert gateway.chat(key, "[[close_mid_stream:2]] Three four").status_code == 502
    assert gateway.chat(key, "[[status:400]] Five").status_code >= 400
    assert gateway.post("/api/admin/accounts", gateway.admin_key, id="a", action="test").json()["account"]["test"]["ok"]

    # The account that broke off was tried by itself, too.
    found = eventually(lambda: len(found := rows(gateway)) == 9 and found, "all rows are there")
    by_kind = sorted((row["kind"], row["outcome"]) for row in found)
    assert by_kind == sorted([
        ("chat", "ok"), ("title", "ok"), ("v1", "ok"), ("chat", "interrupted"), ("chat", "interrupted"),
        ("chat", "truncated"), ("chat", "failed"), ("test", "ok"), ("test", "ok")])
    [first] = [row for row in found if (row["kind"], row["outcome"]) == ("chat", "ok")]
    assert first["request_id"] == answer.headers["X-Request-Id"]
    assert (first["cached_tokens"], first["reasoning_tokens"]) == (1, 2)
    assert answer.json()["usage"]["prompt_tokens_details"] == {"cached_tokens": 1}
    prompt, completion = first["prompt_tokens"], first["completion_tokens"]
    assert first["cost"] == (Decimal(prompt - 1) + Decimal("0.5") + 10 * completion) / 1_000_000
    assert (first["user_id"], first["owner"], first["account"]) == ("ada", "self", "a")
    assert all(row["prompt_tokens"] > 0 and row["estimated"] for row in found if row["outcome"] == "interrupted")
    [failed] = [row for row in found if row["outcome"] == "failed"]
    assert (failed["prompt_tokens"], failed["completion_tokens"], failed["cost"]) == (0, 0, 0)
    [title] = [row for row in found if row["kind"] == "title"]
    assert title["prompt_tokens"] > 0 and not title["estimated"] and title["request_id"] == first["request_id"]
    assert "9 rows, 4 turns, 0 differences" in verify(gateway)


def test_an_account_that_fails_before_another_answers_has_a_row_of_its_own(launch, upstream):
    gateway = launch("a", "b")
    upstream.script({"status": 500}, account="a", times=1)
    upstream.script({"close_before_head": True}, account="b", times=1, kind="title")
    key = gateway.add_user()

    answers = [gateway.chat(key, f"Prompt {number}") for number in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    found = rows(gateway)
    failed = [row for row in found if (row["kind"], row["outcome"]) == ("chat", "failed")]
    assert [(row["account"], row["prompt_tokens"], row["cost"]) for row in failed] == [("a", 0, None)]
    for answer in answers:
        mine = [row for row in found if row["request_id"] == answer.headers["X-Request-Id"]]
        assert sorted(row["outcome"] for row in mine if row["kind"] == "chat")[-1] == "ok"
        assert len([row for row in mine if row["kind"] == "title"]) == 1
    assert "0 differences" in verify(gateway)


def test_calls_that_are_not_archived_have_rows_and_no_turn(launch):
    gateway = launch("a", archive_v1=False)
    messages = [{"role": "user", "content": "Hi there"}]
    body = {"model": "stub-model", "messages": messages, "stream": True}
    assert gateway.post("/v1/chat/completions", gateway.add_user(), **body).status_code == 200

    [row] = rows(gateway)

    assert (row["kind"], row["outcome"], row["estimated"]) == ("v1", "ok", False)
    assert verify(gateway).startswith("1 rows, 0 turns, 0 differences")


def test_sums_are_those_of_the_rows_in_every_worker(priced):
    gateway = priced("a", workers=4)
    keys = {name: gateway.add_user(name) for name in ("ada", "bob")}
    for name, times in (("ada", 3), ("bob", 1)):
        for number in range(times):
            gateway.talk(keys[name], f"Prompt {number} of {name}")
            # At once, whichever worker is asked.
            [own] = sums(gateway, "/api/usage", keys[name])
            assert own["requests"] == 2 * (number + 1)

    for by in ("user", "model", "day", "user,model,day", "account,client"):
        table = sums(gateway, by=by)
        for member in ("prompt_tokens", "completion_tokens"):
            assert sum(line[member] for line in table) == sum(row[member] for row in rows(gateway))
    assert sorted((line["user_id"], line["requests"]) for line in sums(gateway, by="user")) == [("ada", 6), ("bob", 2)]
    report = gateway.cli("usage", "report", "--state-dir", gateway.state, "--by", "user", "--json").stdout
    assert sorted(json.loads(line)["user_id"] for line in report.splitlines()) == ["ada", "bob"]
    table = gateway.cli("usage", "report", "--state-dir", gateway.state).stdout.splitlines()
    assert table[0].split()[:2] == ["day", "requests"] and len(table) == 2


def test_a_price_that_changes_later_alters_nothing(priced):
    gateway = priced("a")
    key = gateway.add_user()
    gateway.talk(key, "Before")
    [before] = sums(gateway, "/api/usage", key)

    gateway.write_settings({**gateway.settings, "prices": {"currency": "EUR", "stub-model": {"input": 9, "output": 9}}})
    gateway.hup()
    assert sums(gateway, "/api/usage", key) == [before]
    gateway.cli("usage", "rebuild", "--state-dir", gateway.state)
    assert sums(gateway, "/api/usage", key) == [before]

    gateway.talk(key, "After")
    [after] = sums(gateway, "/api/usage", key)
    tokens = {name: after[name] - before[name] for name in ("prompt_tokens", "completion_tokens")}
    assert after["cost"] - before["cost"] == 9 * Decimal(sum(tokens.values())) / 1_000_000


def test_without_a_price_there_is_no_cost(gateway):
    key = gateway.add_user()
    gateway.talk(key, "Hello")
    [own] = sums(gateway, "/api/usage", key, by="model")
    assert (own["cost"], own["currency"], own["unpriced_requests"]) == (None, None, 2)
    assert (own["model"], own["requests"]) == ("stub-model", 2)


def test_each_sees_its_own_alone(priced):
    gateway = priced("a")
    one, other = gateway.add_client("bot-one"), gateway.add_client("bot-two")
    ada, bob = gateway.add_user("ada", one), gateway.add_user("bob", other)
    plain = gateway.add_user("plain")
    for key in (ada, ada, bob, plain):
        gateway.talk(key, "Hello")

    assert [line["requests"] for line in sums(gateway, "/api/usage", ada)] == [4]
    assert [line["requests"] for line in sums(gateway, "/api/usage", one)] == [4]
    assert [(line["user_id"], line["owner"]) for line in sums(gateway, key=one, by="user")] == [("ada", "bot-one")]
    assert {row["user_id"] for row in rows(gateway, one)} == {"ada"}
    # The accounts are the operator's.
    assert {row["account"] for row in rows(gateway, one)} == {None}
    assert gateway.get("/api/admin/usage", one, by="account").status_code == 422
    assert {row["client"] for row in rows(gateway)} == {"bot-one", "bot-two", None}
    assert [line["requests"] for line in sums(gateway, "/api/client/usage", one, user_id="ada")] == [4]
    assert gateway.get("/api/client/usage", one, user_id="bob").status_code == 404
    assert gateway.get("/api/client/usage", ada, user_id="ada").status_code == 403
    for path in ("/api/admin/usage", "/api/admin/usage/rows"):
        assert gateway.get(path, ada).status_code == 403
        assert gateway.get(path).status_code == 401


def test_the_name_outlives_the_user(priced):
    gateway = priced("a")
    gateway.talk(gateway.add_user("ada"), "Hello")
    assert gateway.post("/api/client/remove-user", gateway.admin_key, user_id="ada").status_code == 200

    [line] = sums(gateway, by="user")

    assert (line["user_id"], line["username"]) == ("ada", "User ada")
    assert "0 differences" in verify(gateway)


def test_csv_opens_as_a_table_and_holds_no_formula(priced):
    gateway = priced("a")
    name = '=HYPERLINK("http://x", "a, b")'
    gateway.talk(gateway.add_user("ada", username=name), "Hello")

    answer = gateway.get("/api/admin/usage", gateway.admin_key, by="user", format="csv")
    header, line = csv.reader(io.StringIO(answer.text, newline=""))
    cells = dict(zip(header, line, strict=True))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (cells["user_id"], cells["username"], cells["requests"]) == ("ada", f"'{name}", "2")
    assert Decimal(cells["cost"]) == sums(gateway, by="user")[0]["cost"]

    answer = gateway.get("/api/admin/usage/rows", gateway.admin_key, format="csv")
    table = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [line["kind"] for line in table] and {line["user_id"] for line in table} == {"ada"}
    printed = gateway.cli("usage", "report", "--state-dir", gateway.state, "--by", "user", "--csv").stdout
    assert list(csv.reader(io.StringIO(printed, newline="")))[1][2] == f"'{name}"


def test_tables_come_in_pages(priced):
    gateway = priced("a")
    for name in ("u1", "u2", "u3"):
        gateway.talk(gateway.add_user(name), "Hello")

    seen, place = [], {}
    while True:
        answer = gateway.get("/api/admin/usage", gateway.admin_key, by="user", limit=2, **place).json()
        seen += [line["user_id"] for line in answer["usage"]]
        if answer["next"] is None:
            break
        place = {"before": answer["next"]}
    assert sorted(seen) == ["u1", "u2", "u3"]


@pytest.mark.parametrize("parameters, name", [
    ({"from": "yesterday"}, "from"), ({"from": "2026-02-30"}, "from"), ({"to": "2026-1-1"}, "to"),
    ({"from": "2026-02-01", "to": "2026-01-01"}, "from"), ({"by": "colour"}, "by"), ({"by": "day,day"}, "by"),
    ({"by": ","}, "by"), ({"format": "xml"}, "format"), ({"limit": 0}, "limit"), ({"before": "zz"}, "before"),
    ({"before": "5b5d"}, "before"),
])
def test_what_makes_no_sense_is_refused(gateway, parameters, name):
    answer = gateway.get("/api/admin/usage", gateway.admin_key, **parameters)
    assert (answer.status_code, answer.json()["parameter"]) == (422, name)


def test_days_are_those_of_the_operator(launch, upstream):
    gateway = launch("a")
    zone = "Pacific/Kiritimati" if time.gmtime().tm_hour >= 12 else "Etc/GMT+12"
    gateway.write_settings({**gateway.settings, "limits": {"time_zone": zone}})
    gateway.hup()
    gateway.talk(gateway.add_user(), "Hello")

    [line] = sums(gateway)

    assert line["day"] != time.strftime("%Y-%m-%d", time.gmtime())
    assert sums(gateway, **{"from": line["day"], "to": line["day"]}) == [line]


def test_kills_under_load_lose_no_row_and_double_none(priced):
    gateway = priced("a", "b", workers=4)
    keys = [gateway.add_user() for _ in range(4)]
    chance = random.Random(3)
    acknowledged: list[str] = []

    def talk() -> None:
        try:
            answer = gateway.chat(chance.choice(keys), f"Prompt {time.monotonic_ns()}")
            if answer.status_code == 200:
                acknowledged.append(answer.headers["X-Request-Id"])
        except httpx.TransportError:
            return

    with Background(talk, threads=6):
        for _ in range(12):
            before = len(acknowledged)
            os.kill(chance.choice(eventually(gateway.worker_pids, "a worker lives")), signal.SIGKILL)
            eventually(lambda: len(acknowledged) > before, "turns go on", patience=60)
            if before % 3 == 0:
                verify(gateway)

    verify(gateway)
    chats = [row["request_id"] for row in rows(gateway) if row["kind"] == "chat" and row["outcome"] == "ok"]
    assert len(set(chats)) == len(chats)
    assert set(acknowledged) <= set(chats)
    assert sum(line["requests"] for line in sums(gateway)) == len(rows(gateway))
