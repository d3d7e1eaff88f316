"""Measures the ledger with very many rows: making the totals anew, and the questions that people and pages ask.

The rows are written as the program writes them, of many users over 30 days, into a state of its own; no call is made for
them. Ten million take some minutes and about 4 GB:

    USAGE_ROWS=10000000 python3 bench/bench.py --only usage
"""

import json
import os
import random
import statistics
import time
import urllib.request
import zlib
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path

import loads
import processes
from servers import Front, Gateway, run

ROWS = int(os.environ.get("USAGE_ROWS", 1_000_000))
USERS = int(os.environ.get("USAGE_USERS", 100_000))
DAYS, MODELS, ACCOUNTS, CLIENTS, GROUPS = 30, 5, 6, 20, 50
SAMPLES = 30


def write(state: Path, rows: int, users: int, first: int) -> tuple[str, str]:
    """Rows of users whose numbers begin with `first`; the first and the last day."""
    random.seed(1)
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=back) for back in range(DAYS)][::-1]
    for number, day in enumerate(days):
        folder = state / "usage/rows" / day.strftime("%Y-%m-%d")
        folder.mkdir(parents=True, exist_ok=True)
        start, text = int(day.timestamp()), day.strftime("%Y-%m-%d")
        with (folder / "7.jsonl").open("wb", buffering=1 << 20) as file:
            for row in range(rows * number // DAYS, rows * (number + 1) // DAYS):
                user = random.randrange(users)
                prompt, completion = 10 + row % 500, 5 + row % 300
                line = (
                    f'"at":{start * 1_000_000 + row % 86_400 * 1000},"day":"{text}","request":"{row:032x}",'
                    f'"user":"{first + user}","client":"{first + user % CLIENTS}","group":"group-{user % GROUPS}",'
                    f'"account":"account-{row % ACCOUNTS}","model":"model-{user % MODELS}","kind":"v1","prompt":{prompt},'
                    f'"completion":{completion},"cached":0,"reasoning":0,"nano":{prompt * 1000 + completion * 8000},'
                    f'"currency":"EUR","price":{{"input":1,"output":8}},"ms":900,"outcome":"ok"}}').encode()
                file.write(b'{"crc":"%08x",%b\n' % (zlib.crc32(line), line))
    return days[0].strftime("%Y-%m-%d"), days[-1].strftime("%Y-%m-%d")


def write_names(state: Path, users: int, first: int) -> None:
    """Names all but the first user, whom the program has named."""
    folder = state / "usage/names"
    for number in range(first + 1, first + users):
        (folder / f"{number}.json").write_text(
            f'{{"user_id":"user-{number}","owner":"client-{number % CLIENTS}","username":"User {number}"}}')


def ask(gateway: Gateway, key: str, path: str) -> tuple[float, bytes]:
    """Milliseconds, and what was answered."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{gateway.port}{path}", headers={"Authorization": f"Bearer {key}"})
    begin = time.perf_counter()
    with urllib.request.urlopen(request, timeout=300) as answer:
        body = answer.read()
    return (time.perf_counter() - begin) * 1000, body


def timed(gateway: Gateway, key: str, path: str, samples: int = SAMPLES) -> float:
    return statistics.median(ask(gateway, key, path)[0] for _ in range(samples))


def measure(folder: Path, front: Front, is_short: bool) -> dict:
    rows, users = (50_000, 1_000) if is_short else (ROWS, USERS)
    with ExitStack() as stack:
        gateway = Gateway(stack, folder, "usage", front.fixed, "flush")
        key = gateway.way.key
        state = gateway.home / "state"
        # A call of its own names the one who asks, who is the first of the users that the rows name.
        loads.requests(gateway.way, 1, 1)
        first = int(next((state / "usage/names").iterdir()).stem)
        begin = time.monotonic()
        since, until = write(state, rows, users, first)
        write_names(state, users, first)
        written = time.monotonic() - begin
        begin = time.monotonic()
        run("usage", "rebuild", "--state-dir", state, seconds=1800)
        rebuilt = time.monotonic() - begin
        span = f"from={since}&to={until}"
        operations = {
            "own month by day": (key, f"/api/usage?{span}&by=day"),
            "all by day and model": (gateway.admin, f"/api/admin/usage?{span}&by=day,model"),
            "a client's month by day": (gateway.admin, f"/api/admin/usage?{span}&by=client,day"),
            "most active users": (gateway.admin, f"/api/admin/usage?{span}&by=user&limit=20"),
        }
        figures = {}
        for name, (caller, path) in operations.items():
            if not json.loads(ask(gateway, caller, path)[1])["usage"]:
                processes.fail(f"{name}: nothing was found")
            figures[name] = {"ms": timed(gateway, caller, path)}
        csv = f"/api/admin/usage?{span}&by=user&format=csv"
        milliseconds, body = ask(gateway, gateway.admin, csv)
        return {
            "rows": rows, "users": users, "written_s": written, "rebuilt_s": rebuilt,
            "totals_mb": sum(file.stat().st_size for file in (state / "usage").glob("totals*")) / 1e6,
            "operations": {**figures, "CSV of all users": {"ms": milliseconds, "lines": body.count(b"\n") - 1}}}
