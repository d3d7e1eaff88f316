"""Workers that are killed at any moment cost nothing that was acknowledged."""

import json
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from harness.load import Background
from harness.process import eventually


def unreadable(state: Path) -> list[str]:
    """The files of the state that are no whole JSON; a torn last line of a log is allowed, a reader passes it."""
    found = []
    for file in state.rglob("*"):
        try:
            if file.suffix == ".json":
                json.loads(file.read_bytes())
            elif file.suffix == ".jsonl":
                for line in file.read_bytes().split(b"\n")[:-1]:
                    json.loads(line)
        except ValueError as error:
            found.append(f"{file}: {error}")
    return found


def test_workers_killed_under_load_lose_no_acknowledged_turn(launch):
    gateway = launch("a", "b", workers=4)
    keys = [gateway.add_user() for _ in range(4)]
    acknowledged: dict[str, tuple[str, list[str]]] = {}
    chance = random.Random(7)

    def talk() -> None:
        key = chance.choice(keys)
        try:
            answer = gateway.chat(key, prompt := f"Prompt {time.monotonic_ns()}", reply_only=False)
            if answer.status_code != 200:
                return
            conversation = answer.json()["conversation_id"]
            acknowledged[conversation] = (key, [prompt])
            more = gateway.chat(key, "And then?", conversation_id=conversation)
            if more.status_code == 200:
                acknowledged[conversation] = (key, [prompt, "And then?"])
        except httpx.TransportError:
            return

    with Background(talk, threads=6):
        for _ in range(10):
            before = len(acknowledged)
            victim = chance.choice(eventually(gateway.worker_pids, "a worker lives"))
            os.kill(victim, signal.SIGKILL)
            eventually(lambda: len(acknowledged) > before, "turns go on", patience=60)

    eventually(lambda: len(gateway.worker_pids()) == 4, "all workers are back", patience=60)
    assert len(acknowledged) > 10
    for conversation, (key, prompts) in acknowledged.items():
        recalled = gateway.recall(key, conversation)["messages"]
        found = [turn["prompt"] for message in recalled for turn in message.values()]
        # A turn whose answer was lost on the way may have been stored all the same.
        assert found[: len(prompts)] == prompts
    listed = {conversation for key in keys for conversation in gateway.get("/api/recall", key, limit=1000).json()}
    assert set(acknowledged) <= listed
    assert unreadable(gateway.state) == []


def test_a_killed_worker_gives_its_slots_back(launch, upstream):
    gateway = launch(upstream.instance("a", max_concurrent=1), workers=1)
    key = gateway.add_user()
    conversation = gateway.talk(key, "First")["conversation_id"]
    [worker] = gateway.worker_pids()

    with Background(lambda: gateway.chat(key, "[[hang]] Hi", conversation_id=conversation), threads=1) as load:
        upstream.wait_in_flight(1)
        load.is_over.set()
        os.kill(worker, signal.SIGKILL)

    eventually(lambda: gateway.worker_pids() not in ([], [worker]), "a new worker")
    gateway.talk(key, "Second", conversation_id=conversation)


def test_a_killed_supervisor_leaves_no_worker(launch):
    gateway = launch("a", workers=3)
    workers = gateway.worker_pids()

    gateway.serve.kill()
    gateway.serve.wait()

    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "the workers end", patience=40)


def test_after_a_killed_supervisor_the_next_one_starts_while_old_turns_end(launch, upstream):
    gateway = launch("a")
    key = gateway.add_user()
    upstream.script({"delay_ms": 9000})
    with ThreadPoolExecutor(1) as pool:
        old = pool.submit(gateway.chat, key, "Slow")
        eventually(lambda: upstream.in_flight() == 1, "the turn runs")
        gateway.serve.kill()
        gateway.serve.wait()

        gateway.start_serve()
        eventually(lambda: gateway.is_answering() and gateway.chat(key, "Next").status_code == 200, "turns go on")
        assert not old.done()
        assert old.result().status_code == 200
