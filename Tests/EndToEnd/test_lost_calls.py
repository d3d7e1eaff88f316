"""What a killed worker took with it has a row that says so, and no token is billed for it."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.load import Background
from harness.process import eventually


def rows(gateway) -> list[dict]:
    return [json.loads(line) for line in ask(gateway, "/api/admin/usage/rows", gateway.admin_key).text.splitlines()]


def ask(gateway, path: str, key: str):
    """What is answered, as soon as it is: a worker that was killed may be asked once more."""
    return eventually(
        lambda: (answer := gateway.get(path, key)).status_code == 200 and answer, f"{path} is answered")


def kill_all(gateway) -> None:
    for worker in gateway.worker_pids():
        os.kill(worker, signal.SIGKILL)


@pytest.mark.parametrize("limits", [{}, {"accounts": {"a": {"concurrent": 5}}}])
def test_a_call_whose_worker_is_killed_has_one_row(launch, upstream, limits):
    gateway = launch(upstream.instance("a", models=["stub-model"]), workers=2)
    prices = {"currency": "EUR", "stub-model": {"input": 1, "output": 10}}
    gateway.write_settings({**gateway.settings, "limits": limits, "prices": prices})
    gateway.hup()
    group = gateway.post("/api/admin/groups", gateway.admin_key, id="art", name="Art", cost_center="4711")
    assert group.status_code == 200, group.text
    bot = gateway.add_client("bot")
    key = gateway.add_user("ada", bot)
    answer = gateway.post(
        "/api/client/update-user", gateway.admin_key, user_id="ada", owner="bot", groups=["art"])
    assert answer.status_code == 200, answer.text
    gateway.talk(key, "Hello")
    [before] = {row["key"] for row in rows(gateway)}

    def hang():
        return gateway.post(
            "/v1/chat/completions", key, model="stub-model", max_tokens=9,
            messages=[{"role": "user", "content": "[[hang]] Are you there"}])

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(hang)
        upstream.wait_in_flight(1)
        kill_all(gateway)
        assert asked.result().status_code == 502
    # Whoever looks at limits gives back what the dead held.
    for _ in range(4):
        ask(gateway, "/api/limits", key)

    [row] = [row for row in rows(gateway) if row["outcome"] == "lost"]
    assert (row["user_id"], row["owner"], row["client"]) == ("ada", "bot", "bot")
    assert (row["group"], row["cost_center"], row["key"]) == ("art", "4711", before)
    assert (row["kind"], row["model"], row["currency"]) == ("v1", "stub-model", "EUR")
    assert (row["prompt_tokens"], row["completion_tokens"], row["cost"], row["estimated"]) == (0, 0, None, True)
    assert row["account"] == ("a" if limits else None)
    assert row["request_id"] == asked.result().headers["X-Request-Id"]
    checked = gateway.cli("usage", "verify", "--state-dir", gateway.state)
    assert "0 differences" in checked.stdout, checked.stdout
    # Limits count what the ledger has: no token of it, but the request.
    used = {one["kind"]: one for one in ask(gateway, "/api/limits", key).json()["limits"]}
    assert all(one["reserved"] == 0 for one in used.values()), used


def test_every_call_of_killed_workers_has_exactly_one_row(launch, upstream):
    gateway = launch(upstream.instance("a", models=["stub-model"]), workers=3)
    key = gateway.add_user()

    def talk() -> None:
        gateway.post(
            "/v1/chat/completions", key, model="stub-model",
            messages=[{"role": "user", "content": "[[delay_ms:20]] a b c"}])

    with Background(talk, threads=8):
        for _ in range(6):
            count = len(rows(gateway))
            eventually(lambda: len(rows(gateway)) > count, "calls go on")
            os.kill(eventually(gateway.worker_pids, "a worker lives")[0], signal.SIGKILL)
    for _ in range(8):
        ask(gateway, "/api/limits", key)

    found = [row for row in rows(gateway) if row["kind"] == "v1"]
    by_request = [row["request_id"] for row in found]
    assert len(set(by_request)) == len(by_request)
    assert "0 differences" in gateway.cli("usage", "verify", "--state-dir", gateway.state).stdout
