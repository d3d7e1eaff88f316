"""What the last version with format 1 wrote comes over whole; fixtures/make_format1.py says how it was made."""

import json
import os
import re
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

import harness.gateway
from conftest import run, settings_of
from harness.answers import assert_error
from harness.gateway import Gateway

FIXTURE = Path(__file__).parent / "fixtures/format1.tar.gz"
ACCOUNTS = ("a", "b", "c")


def unpack(folder: Path, is_same_boot: bool = True) -> dict:
    """Puts `state/` into `folder`, as old as it would be today; gives what the version before said of it."""
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(folder, filter="data")
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    for path in (folder / "state/conversations").glob("*/*/list.jsonl"):
        first, rest = path.read_text().split("\n", 1)
        head = json.loads(first)
        text = json.dumps({**head, "boot": boot if is_same_boot else "another"} | {"crc": ""}, separators=(",", ":"))
        text = text.removeprefix('{"crc":"",')
        path.write_text(f'{{"crc":"{zlib.crc32(text.encode()):08x}",{text}\n{rest}')
    for path in (folder / "state/answers").glob("*/*/*.json"):
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        path.write_text(json.dumps({**json.loads(path.read_text()), "created_at": now}))
        os.utime(path)
    return json.loads((folder / "expected.json").read_text())


#: Members of a user that have come since.
NEW = ("groups", "limits", "user_limits")


def as_before(user: dict) -> dict:
    """What the version before showed of a user; what has come since has its defaults."""
    assert user["groups"] == [] and user["limits"] == {} and user.get("user_limits", {}) == {}
    for key in user["keys"]:
        assert re.fullmatch("[0-9a-f]{16}", key["id"]) and key["name"] == "default" and key["expires_at"] is None
    keys = [{name: key[name] for name in ("created_at", "last_four")} for key in user["keys"]]
    return {name: keys if name == "keys" else value for name, value in user.items() if name not in NEW}


@pytest.fixture(scope="module")
def migrated(stub) -> Iterator[tuple[Gateway, dict]]:
    """For tests that leave the conversations of others alone."""
    stub.reset()
    gateway = Gateway(stub, settings_of(stub, *ACCOUNTS))
    expected = unpack(gateway.folder)
    for key in expected["keys"].values():
        gateway.secrets.keep(key)
    (gateway.folder / "expected.json").unlink()
    for started in run(gateway):
        yield started, expected


def test_lists_conversations_and_titles_are_what_they_were(migrated):
    gateway, expected = migrated

    for name, entries in expected["lists"].items():
        assert list(gateway.recall(expected["keys"][name]).items()) == [tuple(entry) for entry in entries], name
        for conversation, whole in expected["conversations"][name].items():
            assert gateway.recall(expected["keys"][name], conversation) == whole, name
    assert_error(
        gateway.get("/api/recall", expected["keys"]["ann"], conversation_id=expected["removed"]), 404)
    format = json.loads((gateway.state / "format.json").read_text())
    assert format["version"] == 2 and "migrated_parts" not in format
    assert not (gateway.state / "threads").exists()


def test_keys_users_and_kept_archives_are_what_they_were(migrated):
    gateway, expected = migrated

    for key in expected["keys"].values():
        assert gateway.get("/api/whoami", key).status_code == 200
    listed = gateway.get("/api/client/users", gateway.admin_key).json()
    assert listed.pop("total") == len(listed["users"])
    assert {**listed, "users": [as_before(user) for user in listed["users"]]} == expected["users"]
    assert gateway.get("/api/admin/archives", gateway.admin_key).json() == expected["archives"]
    kept = gateway.get("/api/recall", gateway.admin_key, user_id="kept", reason="to see what has come over")
    assert kept.json() == expected["kept"]


def test_counters_of_accounts_are_what_they_were(upstream):
    gateway = Gateway(upstream, settings_of(upstream, *ACCOUNTS))
    expected = unpack(gateway.folder)
    (gateway.folder / "expected.json").unlink()
    for started in run(gateway):
        rows = {row["id"]: row for row in started.get("/api/admin/accounts", started.admin_key).json()["accounts"]}
        for before in expected["accounts"]["accounts"]:
            # That c is disabled counts for its former address only, and the stub has another port.
            for member in ("requests", "errors", "in_flight") + (("state",) if before["id"] != "c" else ()):
                assert rows[before["id"]].get(member) == before.get(member), (before["id"], member)
        key = expected["keys"]["ann"]
        for number in range(6):
            started.talk(key, f"Which account has {number}?")
        assert sorted(upstream.accounts()) == ["a", "a", "b", "b", "c", "c"]


def test_conversations_go_on_by_id_and_by_their_messages(migrated):
    gateway, expected = migrated
    key = expected["keys"]["bob"]

    for conversation, before in expected["conversations"]["bob"].items():
        answer = gateway.chat(key, "And after the update?", conversation_id=conversation)
        # The account of some is disabled.
        assert answer.status_code == 200 or answer.json()["code"] == "account_unavailable", answer.text
        if answer.status_code == 200:
            assert answer.json()["conversation_id"] == conversation
            assert next(iter(gateway.recall(key))) == conversation
            after = gateway.recall(key, conversation)
            assert after["messages"][:-1] == before["messages"]
    thread = expected["thread"]
    answer = gateway.post(
        "/v1/chat/completions", expected["keys"]["customer"], model="stub-model", messages=thread["messages"])
    assert answer.json()["conversation_id"] != thread["conversation"], "it is the thread of another"


def test_a_thread_and_an_idempotent_answer_are_found_again(upstream):
    gateway = Gateway(upstream, settings_of(upstream, *ACCOUNTS))
    expected = unpack(gateway.folder)
    (gateway.folder / "expected.json").unlink()
    thread, repeated, key = expected["thread"], expected["repeated"], expected["keys"]["ann"]
    for started in run(gateway):
        answer = started.post("/v1/chat/completions", key, model="stub-model", messages=thread["messages"])
        assert answer.json()["conversation_id"] == thread["conversation"], answer.text
        again = started.request(
            "POST", "/v1/chat/completions", key, headers=repeated["headers"],
            json={"model": "stub-model", "messages": repeated["messages"]})
        assert again.headers.get("idempotency-replayed") == "true", again.text
        assert again.json() == repeated["answer"]


def exported(state: Path) -> list[dict]:
    command = [str(harness.gateway.BINARY), "export", "--state-dir", str(state)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [as_before(line) if line["type"] == "user" else line for line in lines]


def test_an_export_is_the_same_before_and_after(tmp_path):
    expected = unpack(tmp_path)

    assert exported(tmp_path / "state") == [json.loads(line) for line in expected["export"]]


def test_lists_of_another_boot_are_in_the_order_of_last_turns(tmp_path):
    expected = unpack(tmp_path, is_same_boot=False)

    lines = exported(tmp_path / "state")

    before = [json.loads(line) for line in expected["export"]]
    assert sorted(map(json.dumps, lines)) == sorted(map(json.dumps, before))
    for user in {line["user_id"] for line in lines if line["type"] == "conversation"}:
        times = [
            max(turn["started_at"] for turn in line["turns"])
            for line in lines if line["type"] == "conversation" and line["user_id"] == user]
        assert times == sorted(times, reverse=True), user


def parts_done(state: Path) -> int | None:
    return json.loads((state / "format.json").read_text()).get("migrated_parts")


def old_files(state: Path) -> int:
    return sum(1 for path in state.glob("conversations/*/*/*.jsonl") if path.name != "list.jsonl")


#: When the migration is killed, by what can be seen of it from outside.
MOMENTS: dict[str, Callable[[Path], object]] = {
    "begun": lambda state: parts_done(state) is not None,
    "a log is written": lambda state: next(state.glob("conversations/*/*/0.log*"), None),
    "logs are written": lambda state: len(list(state.glob("conversations/*/*/0.log"))) > 3,
    "parts are done": lambda state: parts_done(state),
    "old files go": lambda state: parts_done(state) and next(state.glob("conversations/*/*/0.log"), None),
}


def test_a_migration_that_was_killed_goes_on(tmp_path):
    expected = [json.loads(line) for line in unpack(tmp_path)["export"]]
    pristine = tmp_path / "state"
    cuts = 0
    for name, is_reached in MOMENTS.items():
        for attempt in range(2):
            state = tmp_path / f"{name.replace(' ', '-')}-{attempt}"
            shutil.copytree(pristine, state)
            # Killed once more while it goes on.
            for _ in range(1 + attempt):
                running = subprocess.Popen(
                    [str(harness.gateway.BINARY), "users", "list", "--state-dir", str(state)],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                while running.poll() is None and not is_reached(state):
                    pass
                running.kill()
                running.wait()
            cuts += parts_done(state) is not None

            assert exported(state) == expected, name
            assert json.loads((state / "format.json").read_text()) == {"version": 2}
            assert old_files(state) == 0
            shutil.rmtree(state)
    assert cuts, "no migration was cut off in its middle"
