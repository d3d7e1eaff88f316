"""Kills under load: no limit is ever passed, and what dead workers had reserved is there for others.

In the end limits have counted what the ledger holds, to the token.
"""

import contextlib
import random
import time
from threading import Lock

import httpx

from harness.load import Background
from harness.process import eventually
from support.servers import kill_all, restart
from support.sizes import size
from test_kill import kill_one_worker

KILLS = size("LIMIT_KILLS", 200, least=10)
BETWEEN = 19
WORKERS = 4
PEOPLE = 5
CONCURRENT = 3
#: Enough for the whole run not to end at it, but for the last person.
TOKENS = 10_000_000
#: The last person's day ends in the middle of the run.
FEW_TOKENS = 150


class Load:
    """What several people ask at once, and what they were answered."""

    def __init__(self, gateway, keys: list[str]) -> None:
        self.gateway, self.keys = gateway, keys
        self.lock = Lock()
        self.tokens = dict.fromkeys(keys, 0)
        self.statuses: dict[int, int] = {}

    def __call__(self) -> None:
        key = random.choice(self.keys)
        try:
            answer = self.gateway.post(
                "/v1/chat/completions", key, model="stub-model", max_tokens=20,
                messages=[{"role": "user", "content": f"[[delay_ms:{random.randrange(40)}]] a b c d"}])
        except httpx.HTTPError:
            return
        with self.lock:
            self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
            if answer.status_code == 200:
                self.tokens[key] += answer.json()["usage"]["total_tokens"]


def test_limits(prepare, upstream, figures):
    chance = random.Random(11)
    gateway = prepare("a", workers=WORKERS, queue_timeout=2)
    limits = {"user": {"tokens_per_day": TOKENS, "requests_per_minute": 1_000_000}}
    gateway.write_settings({**gateway.settings, "limits": {
        **limits, "accounts": {"a": {"concurrent": CONCURRENT}}}})
    gateway.start()
    ids = [f"p-{number}" for number in range(PEOPLE)]
    keys = [gateway.add_user(user_id) for user_id in ids]
    gateway.post(
        "/api/client/update-user", gateway.admin_key, user_id=ids[-1], limits={"tokens_per_day": FEW_TOKENS})
    load = Load(gateway, keys)
    kills = 0
    with Background(load, threads=12):
        while kills < KILLS:
            for _ in range(BETWEEN):
                kill_one_worker(gateway, chance)
            kills += BETWEEN
            figures.set("kills", kills)
            check(gateway, keys, figures)
    # The last act: all of them at once, while much is reserved.
    with contextlib.suppress(httpx.HTTPError), Background(load, threads=12):
        time.sleep(0.5)
        kill_all(gateway)
    restart(gateway)

    for key in keys:
        standings = eventually(lambda key=key: standings_of(gateway, key), "limits are shown")
        for one in standings.values():
            if one["reserved"]:
                figures.fault(f"still reserved at the end: {one}")
        used = standings["tokens_per_day"]["used"]
        # What an answer told that never arrived was counted, too.
        if used < load.tokens[key]:
            figures.fault(f"{load.tokens[key]} tokens were answered, {used} counted")
        billed = sum(
            line["prompt_tokens"] + line["completion_tokens"] for line in gateway.get("/api/usage", key).json()["usage"])
        figures.add("tokens billed", billed)
        if used != billed:
            figures.fault(f"{billed} tokens were billed, {used} counted")
    last = standings_of(gateway, keys[-1])["tokens_per_day"]
    if load.tokens[keys[-1]] > FEW_TOKENS or last["used"] > FEW_TOKENS:
        figures.fault(f"the limit of {FEW_TOKENS} was passed: {last}")
    figures.set("answers", load.statuses.get(200, 0))
    figures.set("refused", load.statuses.get(429, 0))
    if load.statuses.get(200, 0) < 5 * PEOPLE:
        figures.fault(f"hardly anything was answered: {load.statuses}")
    most = upstream.state()["most_in_flight"].get("a", {}).get("chat", 0)
    figures.set("most at a time", most)
    figures.check()


def standings_of(gateway, key: str) -> dict[str, dict]:
    answer = gateway.get("/api/limits", key)
    if answer.status_code != 200:
        return {}
    return {one["kind"]: one for one in answer.json()["limits"]}


def check(gateway, keys: list[str], figures) -> None:
    for key in keys:
        for one in standings_of(gateway, key).values():
            figures.add("looks")
            if one["used"] + one["reserved"] > one["max"]:
                figures.fault(f"more than there is: {one}")
