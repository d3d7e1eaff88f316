"""Measures whether operations take longer when there is more: users, conversations of a user, messages.

Two gateways with `flush`, one small and one filled over HTTP, measured by turns; the ratio of the medians counts. Also
how long four workers take until they are ready. A million users and messages need a quarter of an hour:

    SCALE_USERS=1000000 SCALE_TURNS=500000 python3 bench/bench.py --only growth
"""

import http.client
import json
import os
import re
import statistics
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import processes
from servers import BINARY, Front, Gateway

USERS = int(os.environ.get("SCALE_USERS", 50_000))
CONVERSATIONS = int(os.environ.get("SCALE_CONVERSATIONS", 10_000))
#: Of other users; each is two messages of the archive.
TURNS = int(os.environ.get("SCALE_TURNS", 40_000))
OTHERS = 20
#: A page is full with them.
FEW = 60
SAMPLES = 300


class Caller:
    """One kept connection with one key."""

    def __init__(self, port: int, key: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def post(self, path: str, **members) -> dict:
        self.connection.request("POST", path, json.dumps(members), self.headers)
        answer = self.connection.getresponse()
        body = json.loads(answer.read())
        if answer.status != 200:
            processes.fail(f"{path} answered {answer.status} {body}")
        return body


def repeat(server: Gateway, folder: Path, path: str, body: str, keys: list[str], count: int) -> None:
    """Posts `body`, in which %d is the number of the request, at least `count` times, with the keys by turns."""
    script = folder / "fill.lua"
    done = 0
    # About what a server does in a second, which is the least that wrk can be told.
    while (seconds := min(30, (count - done) // 6000)) > 0:
        script.write_text(f"""
            local number, keys = {done}, {{{", ".join(f'"{key}"' for key in keys)}}}
            request = function()
                number = number + 1
                return wrk.format("POST", "{path}", {{
                    ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. keys[number % #keys + 1]
                }}, string.format([[{body}]], number))
            end
            done = function(summary)
                io.write(string.format("RESULT %d %d\\n", summary.requests, summary.errors.status))
            end""")
        output = subprocess.run(
            ["wrk", "-t1", "-c16", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{server.port}"], check=True,
            capture_output=True, text=True, timeout=seconds + 60).stdout
        answered, refused = map(int, re.search(r"RESULT (\d+) (\d+)", output).groups())
        if refused or not answered:
            processes.fail(f"{path} refused {refused} of {answered}")
        # Those that were cut off at the end may have been done, too.
        done += answered + 16
    callers = [Caller(server.port, key) for key in keys]
    for number in range(done + 1, count + 1):
        callers[number % len(callers)].post(path, **json.loads(body % number))


def fill(server: Gateway, folder: Path, users: int, conversations: int, turns: int) -> None:
    """Adds users, conversations of the one user that is measured, and turns of others."""
    boss = Caller(server.port, server.admin)
    others = [
        boss.post("/api/client/add-user", user_id=f"other-{number}", username="Other")["api_key"]
        for number in range(OTHERS)]
    chat = '{"model":"m","messages":[{"role":"user","content":"Hi %d"}]}'
    repeat(server, folder, "/api/client/add-user", '{"user_id":"fill-%d","username":"Fill"}', [server.admin], users)
    repeat(server, folder, "/v1/chat/completions", chat, [server.way.key], conversations)
    repeat(server, folder, "/v1/chat/completions", chat, others, turns)


class Probe:
    """The operations of one server, and how long each took."""

    def __init__(self, server: Gateway) -> None:
        self.boss, self.person = Caller(server.port, server.admin), Caller(server.port, server.way.key)
        self.times: dict[str, list[float]] = {}
        self.conversation = ""

    def timed(self, what: str, caller: Caller, path: str, **members) -> dict:
        begin = time.perf_counter()
        answer = caller.post(path, **members)
        self.times.setdefault(what, []).append(time.perf_counter() - begin)
        return answer

    def run(self, number: int) -> None:
        name = f"probe-{number}"
        messages = [{"role": "user", "content": f"Probe {number}"}]
        done = self.timed("chat", self.person, "/v1/chat/completions", model="m", messages=messages)
        identity = done["conversation_id"]
        self.timed("follow-up by id", self.person, "/v1/chat/completions", model="m", conversation_id=identity,
                   messages=[{"role": "user", "content": "And then?"}])
        thread = [*messages, done["choices"][0]["message"], {"role": "user", "content": "And then?"}]
        self.timed("follow-up by thread", self.person, "/v1/chat/completions", model="m", messages=thread)
        self.timed("recall of one", self.person, "/api/recall", conversation_id=identity)
        self.timed("add user", self.boss, "/api/client/add-user", user_id=name, username="Probe")
        self.timed("remove user", self.boss, "/api/client/remove-user", user_id=name)
        self.timed("page of conversations", self.person, "/api/recall", limit=50)
        self.timed("page of users", self.boss, "/api/client/users", limit=50)


def cold_start(folder: Path) -> float:
    """Milliseconds until four workers are ready, on a state directory that is there; the median of five."""
    folder.mkdir()
    settings = folder / "settings.json"
    settings.write_text(json.dumps({"openai": {"instances": [{"id": "a", "base_url": "http://127.0.0.1:9/v1"}]}}))
    times = []
    for _ in range(6):
        with ExitStack() as stack:
            begin = time.perf_counter()
            serve = processes.start(
                stack, BINARY, "serve", "--settings", settings, "--state-dir", folder / "state", "--socket",
                folder / "socket", "--workers", 4, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
            processes.wait_for_line(serve, "ready")
            times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times[1:])


def measure(parent: Path, front: Front, is_short: bool) -> dict:
    folder = parent / "growth"
    folder.mkdir()
    folder.chmod(0o755)
    many = (600, 600, 600) if is_short else (USERS, CONVERSATIONS, TURNS)
    with ExitStack() as stack:
        start = cold_start(folder / "cold")
        probes = []
        for name, *sizes in (("few", FEW, FEW, FEW), ("many", *many)):
            server = Gateway(stack, folder, name, front.fixed, "flush")
            fill(server, folder, *sizes)
            probes.append(Probe(server))
        for number in range(30 if is_short else SAMPLES):
            for probe in probes:
                probe.run(number)
    operations = {}
    for what, times in probes[0].times.items():
        before, after = (statistics.median(times) * 1000 for times in (times, probes[1].times[what]))
        operations[what] = {"few_ms": before, "many_ms": after, "ratio": after / before}
    return {
        "ready_ms": start, "operations": operations,
        "many": dict(zip(("users", "conversations_of_the_user", "turns_of_others"), many, strict=True))}
