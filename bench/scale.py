"""Measures whether operations take longer when there is more: users, conversations of a user, messages.

Two servers with `flush`, one small and one filled over HTTP, measured by turns in one run; the ratio of the medians
counts. Also how long four workers take until they are ready. A million users and messages need a quarter of an hour and
a file system with three million free inodes:

    SCALE_USERS=1000000 SCALE_TURNS=500000 python3 bench/scale.py
"""

import http.client
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import bench

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
            sys.exit(f"bench: {path} answered {answer.status} {body}")
        return body


def repeat(server: bench.Server, folder: Path, path: str, body: str, keys: list[str], count: int) -> None:
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
            capture_output=True, text=True).stdout
        answered, refused = map(int, re.search(r"RESULT (\d+) (\d+)", output).groups())
        if refused or not answered:
            sys.exit(f"bench: {path} refused {refused} of {answered}")
        # Those that were cut off at the end may have been done, too.
        done += answered + 16
    callers = [Caller(server.port, key) for key in keys]
    for number in range(done + 1, count + 1):
        callers[number % len(callers)].post(path, **json.loads(body % number))


def fill(server: bench.Server, folder: Path, admin: str, users: int, conversations: int, turns: int) -> None:
    """Adds users, conversations of the one user that is measured, and turns of others."""
    boss = Caller(server.port, admin)
    others = [
        boss.post("/api/client/add-user", user_id=f"other-{number}", username="Other")["api_key"]
        for number in range(OTHERS)]
    chat = '{"model":"m","messages":[{"role":"user","content":"Hi %d"}]}'
    repeat(server, folder, "/api/client/add-user", '{"user_id":"fill-%d","username":"Fill"}', [admin], users)
    repeat(server, folder, "/v1/chat/completions", chat, [server.key], conversations)
    repeat(server, folder, "/v1/chat/completions", chat, others, turns)


class Probe:
    """The operations of one server, and how long each took."""

    def __init__(self, server: bench.Server, admin: str) -> None:
        self.boss, self.person = Caller(server.port, admin), Caller(server.port, server.key)
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
        self.timed("recall of one", self.person, "/api/recall", conversation_id=identity)
        self.timed("add user", self.boss, "/api/client/add-user", user_id=name, username="Probe")
        self.timed("remove user", self.boss, "/api/client/remove-user", user_id=name)
        self.timed("page of conversations", self.person, "/api/recall", limit=50)
        self.timed("page of users", self.boss, "/api/client/users", limit=50)


def cold_start(folder: Path) -> float:
    """Seconds until four workers are ready, on a state directory that is there; the median of five."""
    settings = folder / "cold.json"
    settings.write_text(json.dumps({"openai": {"instances": [{"id": "a", "base_url": "http://127.0.0.1:9/v1"}]}}))
    times = []
    for _ in range(6):
        begin = time.perf_counter()
        serve = subprocess.Popen(
            [bench.BINARY, "serve", "--settings", settings, "--state-dir", folder / "cold", "--socket",
             folder / "cold.socket", "--workers", "4"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        while serve.stdout.readline().strip() != "ready":
            pass
        times.append(time.perf_counter() - begin)
        serve.terminate()
        serve.wait(30)
    return statistics.median(times[1:])


def main() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder.chmod(0o755)
        bench.proxy(stack, folder)
        print(f"four workers ready after {cold_start(folder) * 1000:.0f} ms")
        probes = []
        for port, *sizes in ((bench.DURABLE, FEW, FEW, FEW), (bench.FLUSH, USERS, CONVERSATIONS, TURNS)):
            server = bench.Server(stack, folder, port, 2, bench.FIXED, "flush")
            admin = (folder / str(port) / "state/admin-key.txt").read_text().strip()
            fill(server, folder, admin, *sizes)
            probes.append(Probe(server, admin))
        for number in range(SAMPLES):
            for probe in probes:
                probe.run(number)
        small, large = probes
        print(f"few -> at least {USERS} users, {CONVERSATIONS} conversations of one user, {TURNS} turns of others")
        for what, times in small.times.items():
            before, after = statistics.median(times), statistics.median(large.times[what])
            print(f"{what:<22} {before * 1000:6.2f} ms -> {after * 1000:6.2f} ms  ratio {after / before:4.2f}")


if __name__ == "__main__":
    main()
