"""The bill: after kills and power cuts each acknowledged turn has exactly one row, and the sums are those of the rows."""

import contextlib
import json
import os
import random
import signal
import time
from collections import Counter

from harness.gateway import Gateway
from harness.process import eventually
from support.crowd import Crowd
from support.disk import FLUSH_ALL, FLUSH_LOG, FLUSH_NOTHING, disk_or_skip
from support.figures import Figures
from support.servers import kill_all, restart
from support.shim import Shim
from support.sizes import size
from support.state_files import is_whole

KILLS = size("LEDGER_KILLS", 200, least=20)
CUTS = size("LEDGER_CUTS", 60, least=3)
#: Kills of workers between two looks.
BETWEEN = 10
PEOPLE = 6


def rows_of(gateway: Gateway) -> list[dict]:
    """All rows that are whole, read without the program."""
    lines = [line for file in gateway.state.glob("usage/rows/*/*.jsonl") for line in file.read_bytes().split(b"\n")]
    return [json.loads(line) for line in lines if is_whole(line)]


def check_ledger(gateway: Gateway, crowd: Crowd, figures: Figures, when: str) -> None:
    rows = rows_of(gateway)
    counted = Counter(row["request"] for row in rows if row["kind"] == "chat" and row["outcome"] == "ok")
    acknowledged = [identity for person in crowd.people for identity in person.turn_ids]
    for identity in acknowledged:
        if counted[identity] != 1:
            figures.fault(f"{when} the acknowledged turn {identity} has {counted[identity]} rows")
    for identity, count in counted.items():
        if count > 1:
            figures.fault(f"{when} the request {identity} has {count} rows")
    turns = Counter(row["turn"] for row in rows if "turn" in row)
    for turn in (turn for turn, count in turns.items() if count > 1):
        figures.fault(f"{when} the turn {turn} has {turns[turn]} rows")
    verified = gateway.cli("usage", "verify", "--state-dir", gateway.state, is_checked=False)
    if verified.returncode != 0:
        figures.fault(f"{when} {verified.stdout.splitlines()[:5]} {verified.stderr}")
    table = gateway.get(
        "/api/admin/usage", gateway.admin_key, by="user", **{"from": "2020-01-01", "limit": 10_000}).json()["usage"]
    for member, name in (("prompt_tokens", "prompt"), ("completion_tokens", "completion")):
        told, stored = sum(line[member] for line in table), sum(row[name] for row in rows)
        if told != stored:
            figures.fault(f"{when} the sums say {told:,} {member}, the rows {stored:,}")
    figures.set("rows", len(rows))
    figures.set("acknowledged turns", len(acknowledged))


def test_ledger_and_kills(prepare, upstream, figures):
    chance = random.Random(13)
    gateway = prepare("a", "b", workers=4, title_timeout=1)
    gateway.start()
    crowd = Crowd(gateway, PEOPLE, seed=17)
    kills = 0
    try:
        while kills < KILLS:
            crowd.work()
            for _ in range(BETWEEN):
                victim = chance.choice(eventually(gateway.worker_pids, "a worker lives"))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                time.sleep(chance.uniform(0.02, 0.3))
            kills += BETWEEN
            if chance.random() < 0.3:
                kill_all(gateway)
                crowd.rest()
                restart(gateway)
            crowd.rest()
            eventually(lambda: len(gateway.worker_pids()) == 4, "all workers are back", patience=60)
            figures.set("kills", kills)
            check_ledger(gateway, crowd, figures, f"after {kills} kills")
    finally:
        crowd.end()
    figures.check()


def test_ledger_and_power_cuts(prepare, tmp_path, figures):
    chance = random.Random(19)
    disk = disk_or_skip(tmp_path)
    shim = Shim(tmp_path, disk.place)
    gateway = prepare("a", "b", workers=2, title_timeout=1)
    gateway.state = disk.place / "state"
    gateway.start()
    disk.sync()
    crowd = Crowd(gateway, PEOPLE, seed=23)
    try:
        for number in range(CUTS):
            crowd.work()
            # Sometimes long enough for the totals to be ahead of what is durable, if they were not kept from it.
            time.sleep(chance.uniform(0.3, 2.5))
            flag = (FLUSH_NOTHING, FLUSH_LOG, FLUSH_NOTHING, FLUSH_ALL)[number % 4]
            crowd.lights_out()
            disk.cut(flag)
            kill_all(gateway)
            crowd.rest()
            disk.remount()
            shim.next_boot()
            restart(gateway)
            figures.add("cuts")
            check_ledger(gateway, crowd, figures, f"after cut {number} ({flag})")
    finally:
        crowd.end()
        gateway.stop()
        disk.remove()
        shim.end()
    figures.check()
