"""Many processes work on the same users, conversations and accounts, and their histories fit together."""

import json
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from pathlib import Path

import harness.gateway
from harness.load import parallel
from support.mixed import TURNS_IN_A_ROW
from support.sizes import size

OPERATIONS = size("OPERATIONS", 100_000, least=4000)
ROTATIONS = size("ROTATIONS", 3000, least=300)
ADDED_AGAIN = size("ADDED_AGAIN", 100, least=20)
PROCESSES = 8
SLOTS = {"a": 3, "b": 2, "c": 1}


def test_consistency(prepare, upstream, tmp_path, figures):
    accounts = [upstream.instance(name, max_concurrent=slots) for name, slots in SLOTS.items()]
    gateway = prepare(*accounts, workers=4, title_timeout=2, queue_timeout=60)
    gateway.start()
    plan = plan_of(gateway)
    plan_file = tmp_path / "plan.json"
    plan_file.write_text(json.dumps(plan))

    processes = [start(plan_file, number) for number in range(PROCESSES)]
    results = [json.loads(process.communicate(timeout=1500)[0]) for process in processes]

    for result in results:
        figures.add("operations", result["operations"])
        for what, count in result["counts"].items():
            figures.add(what, count)
        for words in result["faults"][:20]:
            figures.fault(words)
    history = [item for result in results for item in result["history"]]
    check_turns(gateway, plan, history, figures)
    check_fields(gateway, results, figures)
    check_contested(gateway, plan, history, figures)
    most = {name: kinds["chat"] for name, kinds in upstream.state()["most_in_flight"].items() if name}
    figures.set("turns at once on accounts with " + "/".join(map(str, SLOTS.values())) + " slots:", str(most))
    for name, slots in SLOTS.items():
        if most.get(name, 0) > slots:
            figures.fault(f"{most[name]} turns at once on {name}, which has {slots} slots")
    figures.check()


def plan_of(gateway) -> dict:
    shared_key = gateway.add_user("shared")
    count = max(1, round(OPERATIONS * 0.4 / PROCESSES / TURNS_IN_A_ROW))
    identities = parallel(
        lambda number: gateway.talk(shared_key, f"Conversation {number}")["conversation_id"], range(count), 4)
    users = [f"field-{number}" for number in range(PROCESSES // 2)]
    for user in users:
        gateway.add_user(user)
    return {
        "port": gateway.port, "admin": gateway.admin_key, "state": str(gateway.state), "shared_key": shared_key,
        "conversations": identities, "shared_users": users, "contested": [f"contested-{n}" for n in range(6)]}


def start(plan_file: Path, number: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "support.mixed", str(plan_file), str(number), str(OPERATIONS // PROCESSES),
               str(harness.gateway.BINARY)]
    return subprocess.Popen(command, cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True)


def check_turns(gateway, plan: dict, history: list, figures) -> None:
    """Every acknowledged turn is stored once, and nothing else is."""
    told = defaultdict(list)
    for item in history:
        if item[0] == "turn":
            told[item[1]].append(item[2])
    for identity, prompts in told.items():
        messages = gateway.recall(plan["shared_key"], identity)["messages"]
        stored = [turn["prompt"] for message in messages for turn in message.values()][1:]
        if Counter(stored) != Counter(prompts):
            lost, more = Counter(prompts) - Counter(stored), Counter(stored) - Counter(prompts)
            figures.fault(f"{identity} lost {dict(lost)} and has {dict(more)} that nobody was told of")
    figures.set("shared conversations compared", len(told))


def check_fields(gateway, results: list, figures) -> None:
    listed = gateway.get("/api/client/users", gateway.admin_key, limit=500).json()["users"]
    users = {user["user_id"]: user for user in listed}
    for result in results:
        last = {(item[1], item[2]): item[3] for item in result["history"] if item[0] == "field"}
        for (user, field), value in last.items():
            if users.get(user, {}).get(field) != value:
                figures.fault(f"{field} of {user} is {users.get(user)} and not {value}")


def check_contested(gateway, plan: dict, history: list, figures) -> None:
    """Adds and removals take turns, one key works if there is a user, and the list shows who is there."""
    listed = gateway.get("/api/client/users", gateway.admin_key, limit=500).json()["users"]
    names = [user["user_id"] for user in listed]
    for user in plan["contested"]:
        keys = [item[2] for item in history if item[:2] == ["added", user]]
        removals = sum(item[:2] == ["removed", user] for item in history)
        is_there = gateway.get("/api/recall", gateway.admin_key, user_id=user).status_code == 200
        if len(keys) - removals != is_there:
            figures.fault(f"{user}: {len(keys)} adds, {removals} removals, there: {is_there}")
        working = sum(gateway.get("/api/recall", key).status_code == 200 for key in keys)
        if working != is_there:
            figures.fault(f"{user}: {working} keys work, there: {is_there}")
        if names.count(user) != is_there:
            figures.fault(f"{user} is listed {names.count(user)} times, there: {is_there}")


def test_rotation(prepare, upstream, figures):
    """New conversations go round the accounts evenly over all workers."""
    gateway = prepare("a", "b", "c", workers=4, title_timeout=2)
    gateway.start()
    keys = [gateway.add_user() for _ in range(PROCESSES)]

    parallel(lambda number: gateway.talk(keys[number % PROCESSES], "Begin"), range(ROTATIONS), PROCESSES)

    order = upstream.accounts()
    counts = Counter(order)
    figures.set("conversations begun", len(order))
    figures.set("by account", str(dict(counts)))
    spread = max(
        max(window.values()) - min(window[name] for name in "abc")
        for window in (Counter(order[: end]) for end in range(PROCESSES, len(order), 7)))
    figures.set("largest difference at any time", spread)
    if max(counts.values()) - min(counts.values()) > 1 or spread > PROCESSES:
        figures.fault(f"uneven: {counts}, at any time {spread}")
    figures.check()


def test_added_again(prepare, figures):
    """A user that is added again while its removal still tidies up is wholly there: listed, with its conversations."""
    gateway = prepare("a", "b", workers=4, title_timeout=2)
    gateway.start()
    for number in range(ADDED_AGAIN):
        user_id = f"again-{number}"
        key = gateway.add_user(user_id)
        parallel(lambda prompt: gateway.chat(key, f"{prompt}", reply_only=True), range(12), 4)
        removal = threading.Thread(
            target=gateway.post, args=("/api/client/remove-user", gateway.admin_key), kwargs={"user_id": user_id})
        removal.start()
        while (added := gateway.post(
                "/api/client/add-user", gateway.admin_key, user_id=user_id, username="Again")).status_code == 422:
            pass
        key = gateway.secrets.keep(added.json()["api_key"])
        identity = gateway.talk(key, "After")["conversation_id"]
        removal.join()
        figures.add("users added again")
        newest = gateway.get("/api/client/users", gateway.admin_key, limit=5).json()["users"]
        if user_id not in [user["user_id"] for user in newest]:
            figures.fault(f"{user_id} is there and not listed")
        if gateway.get("/api/recall", key, conversation_id=identity).status_code != 200:
            figures.fault(f"{user_id} lost its new conversation")
    figures.check()
